"""What an operation is handed: everything it needs of the outside, and nothing it has to look for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from config.settings import Settings
from worker.ai.protocol import Engine
from worker.directories.protocol import Directory
from worker.directories.stored import StoredDirectory
from worker.domain.actions import FindAction, find_action
from worker.storage.database import Database
from worker.storage.outbox import Message
from worker.webhooks.sending import Sender


@dataclass(frozen=True, slots=True)
class Context:
    """The outside of one process. `engine` and `sender` load what they need when they are first asked for.

    `jitter` draws from 0 to below 1. `send` puts messages on the broker; when it raises, they may not have arrived.
    `action` finds what carries out the intents of an AI agent; `other_directory` is where customers are looked up, if
    not in the database.
    """

    settings: Settings
    database: Database
    clock: Callable[[], datetime]
    jitter: Callable[[], float]
    engine: Callable[[], Engine]
    sender: Callable[[], Sender]
    send: Callable[[Sequence[Message]], None]
    action: FindAction = find_action
    other_directory: Directory | None = None

    @property
    def directory(self) -> Directory:
        """Where customers are looked up; not inside a transaction."""
        return self.other_directory or StoredDirectory(self.database)
