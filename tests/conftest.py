"""What every test may ask for: servers of its own, and an environment without the developer's settings."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile

import pytest

pytest_plugins = ["tests.services.valkey", "tests.services.postgres", "tests.services.databases"]

_SETTINGS = ("TICKETS_", "DATABASE_URL", "REDIS_URL", "BROKER_URL", "LOG_FORMAT")
_DATA = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    """Nothing a test starts can reach the developer's services or data folder."""
    for name in [name for name in os.environ if name.startswith(_SETTINGS)]:
        del os.environ[name]
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in the background of a shell; commands would inherit it
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.stash[_DATA] = os.environ["TICKETS_DATA_DIR"] = tempfile.mkdtemp(prefix="tickets-")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Removes what tests left in the data folder."""
    shutil.rmtree(config.stash[_DATA], ignore_errors=True)
