"""The outbox: messages written with the change that causes them, sent until their work has ended."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update

from worker.domain.words import Lane, MessageState
from worker.storage.bulk import insert_rows
from worker.storage.tables import OutboxRow


@dataclass(frozen=True, slots=True)
class Message:
    """One message for the broker; `id` is the Celery task id, `arguments` holds ids alone."""

    id: str
    task: str
    arguments: Mapping[str, Any]


def add_messages(
    connection: Connection,
    task: str,
    arguments: Sequence[Mapping[str, Any]],
    *,
    now: datetime,
    due_at: datetime | None = None,
    batch_id: str | None = None,
) -> list[str]:
    """Write one message for each of the arguments; the ids come back for the fast path after the commit."""
    rows = [_row(str(uuid.uuid4()), task, one, now=now, due_at=due_at or now, batch_id=batch_id) for one in arguments]
    insert_rows(connection, OutboxRow, rows)
    return [str(row["id"]) for row in rows]


def add_message(
    connection: Connection,
    message_id: str,
    task: str,
    arguments: Mapping[str, Any],
    *,
    now: datetime,
    due_at: datetime,
    batch_id: str | None = None,
) -> None:
    """Write one message under a given id; one that is already there stays."""
    row = _row(message_id, task, arguments, now=now, due_at=due_at, batch_id=batch_id)
    insert_rows(connection, OutboxRow, [row], skip_existing=True)


def _row(
    message_id: str, task: str, arguments: Mapping[str, Any], *, now: datetime, due_at: datetime, batch_id: str | None
) -> dict[str, Any]:
    return {
        "id": message_id,
        "task": task,
        "arguments": dict(arguments),
        "batch_id": batch_id,
        "lane": Lane.INTERACTIVE.value,
        "state": MessageState.READY.value,
        "due_at": due_at,
        "sent": 0,
        "created_at": now,
    }


def claim_messages(
    connection: Connection, *, now: datetime, again_at: datetime, limit: int, ids: Collection[str] | None = None
) -> list[Message]:
    """Take what is due, at most `limit`, oldest first, and put it off until `again_at`; other relays skip it."""
    due = (
        select(OutboxRow.id)
        .where(OutboxRow.due_at <= now)
        .order_by(OutboxRow.due_at, OutboxRow.created_at, OutboxRow.id)
        .limit(limit)
    )
    if ids is not None:
        due = due.where(OutboxRow.id.in_(ids))
    taken = list(connection.scalars(due.with_for_update(skip_locked=True)))
    if not taken:
        return []
    statement = (
        update(OutboxRow)
        .where(OutboxRow.id.in_(taken))
        .values(due_at=again_at, sent=OutboxRow.sent + 1)
        .returning(OutboxRow.id, OutboxRow.task, OutboxRow.arguments)
    )
    messages = {row.id: Message(*row) for row in connection.execute(statement)}
    return [messages[message_id] for message_id in taken]


def finish_message(connection: Connection, message_id: str) -> None:
    """Forget a message whose work has ended."""
    connection.execute(delete(OutboxRow).where(OutboxRow.id == message_id))


def postpone_messages(connection: Connection, ids: Collection[str], due_at: datetime) -> None:
    """Send messages again at that time: part of their work waits, failed for a passing reason, or did not leave."""
    connection.execute(update(OutboxRow).where(OutboxRow.id.in_(ids)).values(due_at=due_at))
