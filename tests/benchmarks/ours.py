"""The way this program saves a batch: from its bytes to the committed ledger."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import SecretStr

from config.settings import Settings
from tests.benchmarks.data import USER
from worker.context import Context
from worker.domain.words import BatchState
from worker.operations.ingest.accept import Flags, accept, check
from worker.operations.ingest.chunk import Step, apply_next_chunk
from worker.payload.batch import read_batch
from worker.runtime import build

LARGEST = 1_000_000
"""The limit of a batch is a setting; here it must not be in the way."""


@dataclass(frozen=True, slots=True)
class Ours:
    """Saves with the program's own operations."""

    context: Context

    def save(self, raw: bytes, now: datetime) -> None:
        """Accepts the batch and applies it chunk by chunk, all at the moment `now`."""
        for _ in self.chunks(raw, now):
            pass

    def chunks(self, raw: bytes, now: datetime) -> Iterator[Step]:
        """The same, with what each chunk left behind."""
        context = replace(self.context, clock=lambda: now)
        flags = Flags(user_id=USER, idempotency_key=str(uuid.uuid4()))
        batch = accept(context, check(context, read_batch(raw), flags), flags)
        while batch.state is not BatchState.DONE:
            step = apply_next_chunk(context, batch.id)
            batch = step.batch
            yield step


@contextmanager
def opened(url: str) -> Iterator[Ours]:
    """On a database, connected."""
    context = build(Settings(database_url=SecretStr(url), max_batch_items=LARGEST))
    with context.database.read():
        pass
    yield Ours(context)
    context.database.close()
