"""Messages that carry many ids each, as many as the route of their task says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from config.routing import ROUTES, TaskName
from worker.domain.words import Lane
from worker.storage.outbox import add_messages


def carry(
    connection: Connection,
    task: TaskName,
    argument: str,
    ids: Sequence[str],
    *,
    now: datetime,
    batch_id: str | None = None,
    lane: Lane = Lane.INTERACTIVE,
    at_once: int | None = None,
) -> list[str]:
    """Write the messages of a task that takes a list of ids by that name; the messages' own ids to publish.

    `at_once` is how many ids a message carries, if not as many as the task's route says.
    """
    size = at_once or ROUTES[task].chunk
    chunks = [{argument: ids[start : start + size]} for start in range(0, len(ids), size)]
    return add_messages(connection, task, chunks, now=now, batch_id=batch_id, lane=lane)
