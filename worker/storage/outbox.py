"""The outbox: messages written with the change that causes them, sent until their work has ended."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, delete, literal, or_, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from config.routing import TaskName
from worker.domain.words import Lane, MessageState
from worker.storage.bulk import among_given, as_parameter, insert_rows
from worker.storage.ids import new_ids
from worker.storage.tables import OutboxRow

TURN = "turn"
"""The argument of a message that works in slices which says how often its row was handed on."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message for the broker; `id` is the Celery task id, `arguments` holds ids alone."""

    id: str
    task: str
    arguments: Mapping[str, Any]
    lane: Lane = Lane.INTERACTIVE


def add_messages(
    connection: Connection,
    task: str,
    arguments: Sequence[Mapping[str, Any]],
    *,
    now: datetime,
    due_at: datetime | None = None,
    batch_id: str | None = None,
    lane: Lane = Lane.INTERACTIVE,
) -> list[str]:
    """Write one message for each of the arguments; the ids come back for the fast path after the commit.

    Those of a batch are held back at first: they leave as far as the window of the batch has room.
    """
    rows = [
        {
            "id": message_id,
            "task": task,
            "arguments": dict(one),
            "batch_id": batch_id,
            "lane": lane.value,
            "state": (MessageState.READY if batch_id is None else MessageState.HELD).value,
            "due_at": due_at or now,
            "sent": 0,
            "created_at": now,
        }
        for message_id, one in zip(new_ids(len(arguments)), arguments, strict=True)
    ]
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
    lane: Lane = Lane.INTERACTIVE,
    state: MessageState = MessageState.READY,
) -> None:
    """Write one message under a given id; one that is already there stays."""
    row = {
        "id": message_id,
        "task": task,
        "arguments": dict(arguments),
        "batch_id": batch_id,
        "lane": lane.value,
        "state": state.value,
        "due_at": due_at,
        "sent": 0,
        "created_at": now,
    }
    insert_rows(connection, OutboxRow, [row], skip_existing=True)


def in_window() -> ColumnElement[bool]:
    """Whether a row counts in the window of a batch: what a batch causes does, what applies it does not."""
    return and_(OutboxRow.batch_id.is_not(None), OutboxRow.task != TaskName.RESUME_BATCH.value)


def claim_messages(
    connection: Connection,
    *,
    now: datetime,
    again_at: datetime,
    limit: int,
    ids: Collection[str] | None = None,
    lane: Lane | None = None,
) -> list[Message]:
    """Take what is due, at most `limit`, oldest first, and put it off until `again_at`; other relays skip it.

    What waits for room in a window (`worker.storage.windows`) is not taken here, even if it is due.
    """
    due = (
        select(OutboxRow.id)
        .where(OutboxRow.due_at <= now, not_held())
        .where(or_(OutboxRow.state != MessageState.POSTPONED.value, ~in_window()))
        .order_by(OutboxRow.due_at, OutboxRow.created_at, OutboxRow.id)
        .limit(limit)
    )
    if ids is not None:
        due = due.where(OutboxRow.id.in_(ids))
    if lane is not None:
        due = due.where(OutboxRow.lane == lane.value)
    return mark_sent(connection, list(connection.scalars(due.with_for_update(skip_locked=True))), again_at)


def not_held() -> ColumnElement[bool]:
    """Whether a row may leave by itself."""
    # Not a parameter but part of the text, or neither database sees that the partial index will do.
    return OutboxRow.state != literal(MessageState.HELD.value, OutboxRow.state.type, literal_execute=True)


def mark_sent(connection: Connection, ids: Sequence[str], again_at: datetime) -> list[Message]:
    """Note locked rows as sent, to be sent again at that time; their messages in the given order."""
    if not ids:
        return []
    given = {"ids": as_parameter(connection, ids), "again_at": again_at}
    rows = connection.execute(_sending(connection.dialect.name), given)
    messages = {row.id: Message(row.id, row.task, row.arguments, Lane(row.lane)) for row in rows}
    return [messages[message_id] for message_id in ids if message_id in messages]


@cache  # every batch and every refresh needs it
def _sending(dialect: str) -> ReturningUpdate[Any]:
    return (
        update(OutboxRow)
        .where(among_given(dialect, OutboxRow.id, "ids"))
        .values(state=MessageState.SENT.value, due_at=bindparam("again_at"), sent=OutboxRow.sent + 1)
        .returning(OutboxRow.id, OutboxRow.task, OutboxRow.arguments, OutboxRow.lane)
    )


def finish_message(connection: Connection, message_id: str) -> list[str]:
    """Forget a message whose work has ended; the id of its batch, if that holds others back."""
    return _holding(connection, connection.scalars(_FINISHED, {"message": message_id}).all())


_FINISHED = delete(OutboxRow).where(OutboxRow.id == bindparam("message")).returning(OutboxRow.batch_id)


def postpone_messages(connection: Connection, ids: Collection[str], due_at: datetime) -> list[str]:
    """Send messages again at that time, since part of their work waits; ids of their batches that hold others back."""
    given = {"ids": as_parameter(connection, ids), "later": due_at}
    return _holding(connection, connection.scalars(_postponed(connection.dialect.name), given).all())


@cache
def _postponed(dialect: str) -> ReturningUpdate[str | None]:
    later = update(OutboxRow).where(among_given(dialect, OutboxRow.id, "ids"))
    values = {"state": MessageState.POSTPONED.value, "due_at": bindparam("later")}
    return later.values(**values).returning(OutboxRow.batch_id)


def settle_message(connection: Connection, message_id: str, again_at: datetime | None) -> list[str]:
    """Have a message sent again at that time, or forget it when that is None; ids of batches that hold others back."""
    if again_at is None:
        return finish_message(connection, message_id)
    return postpone_messages(connection, [message_id], again_at)


def _holding(connection: Connection, batch_ids: Collection[str | None]) -> list[str]:
    wanted = {batch_id for batch_id in batch_ids if batch_id is not None}
    if not wanted:
        return []
    query = _with_held(connection.dialect.name)
    return [str(batch_id) for batch_id in connection.scalars(query, {"ids": as_parameter(connection, wanted)})]


@cache
def _with_held(dialect: str) -> Select[str | None]:
    held = OutboxRow.state == MessageState.HELD.value
    return select(OutboxRow.batch_id).where(among_given(dialect, OutboxRow.batch_id, "ids"), held).distinct()


def take_back(connection: Connection, ids: Collection[str], due_at: datetime) -> None:
    """Send messages again at that time, since they did not leave."""
    values = {"state": MessageState.READY.value, "due_at": due_at}
    connection.execute(update(OutboxRow).where(OutboxRow.id.in_(ids)).values(**values))


def wake_messages(connection: Connection, batch_id: str, task: str, now: datetime) -> list[str]:
    """Make a batch's messages of a task due at once, but those that are on their way; the ids to publish."""
    statement = (
        update(OutboxRow)
        .where(OutboxRow.batch_id == batch_id, OutboxRow.task == task, OutboxRow.state != MessageState.SENT.value)
        .values(state=MessageState.READY.value, due_at=now)
        .returning(OutboxRow.id)
    )
    return list(connection.scalars(statement))


def has_turn(connection: Connection, message_id: str, turn: int, *, lock: bool = False) -> bool:
    """Whether the message with that turn is the one to go on: its row waits for nothing and was not handed on since.

    One without a row has nobody that could be handed on to.
    """
    query = select(OutboxRow.arguments, OutboxRow.state).where(OutboxRow.id == message_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    return row is None or (row.state != MessageState.POSTPONED.value and row.arguments.get(TURN, 0) == turn)


def hand_on(connection: Connection, message_id: str, arguments: Mapping[str, Any], now: datetime) -> None:
    """Make a locked row due at once with new arguments, for whoever goes on."""
    values = {"arguments": dict(arguments), "state": MessageState.READY.value, "due_at": now}
    connection.execute(update(OutboxRow).where(OutboxRow.id == message_id).values(**values))
