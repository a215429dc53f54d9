"""A command's own process: its settings, its logging, its context."""

from __future__ import annotations

import os

from config.logging import configure
from config.settings import load_settings
from worker import runtime
from worker.context import Context

CONNECT_SECONDS = "10"
"""How long a command waits for a PostgreSQL that does not answer; libpq's own patience is minutes."""


def open_context() -> Context:
    """The context of this command. Raises SettingsError, EmbeddedServerError, and what a database that is away raises.

    Commands say what happens in their own sentences, so nothing below a crash is logged.
    """
    settings = load_settings()
    configure(settings.log_format, "CRITICAL")
    os.environ.setdefault("PGCONNECT_TIMEOUT", CONNECT_SECONDS)
    return runtime.context()
