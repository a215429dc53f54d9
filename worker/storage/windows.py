"""Windows: of all that one batch causes only so many messages are on their way at once, the rest is held back.

What a batch holds back costs the broker and the other batches nothing. The room is counted anew each time, so nothing
that was lost keeps a window shut.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from worker.domain.words import MessageState
from worker.storage.outbox import Message, in_window, mark_sent
from worker.storage.tables import OutboxRow

_UNDER_WAY = (MessageState.READY.value, MessageState.SENT.value)


def batches_held_back(connection: Connection, ids: Collection[str]) -> list[str]:
    """Ids of the batches that hold one of these messages back."""
    held = OutboxRow.state == MessageState.HELD.value
    query = select(OutboxRow.batch_id).where(OutboxRow.id.in_(ids), held, in_window()).distinct()
    return [str(batch_id) for batch_id in connection.scalars(query)]


def batches_waiting(connection: Connection, now: datetime) -> list[str]:
    """Ids of the batches with messages that leave as soon as there is room."""
    query = select(OutboxRow.batch_id).where(in_window(), _waits(now)).distinct()
    return [str(batch_id) for batch_id in connection.scalars(query)]


def claim_next(
    connection: Connection, batch_ids: Collection[str], *, window: int, now: datetime, again_at: datetime
) -> list[Message]:
    """Take the next messages of each batch as far as its window has room, oldest first, put off until `again_at`."""
    taken: list[str] = []
    for batch_id in sorted(batch_ids):
        _lock(connection, batch_id)
        of_batch = and_(OutboxRow.batch_id == batch_id, in_window())
        under_way = select(func.count()).where(of_batch, OutboxRow.state.in_(_UNDER_WAY))
        room = window - connection.execute(under_way).scalar_one()
        if room > 0:
            waiting = select(OutboxRow.id).where(of_batch, _waits(now))
            oldest = waiting.order_by(OutboxRow.due_at, OutboxRow.created_at, OutboxRow.id).limit(room)
            taken += connection.scalars(oldest.with_for_update(skip_locked=True))
    return mark_sent(connection, taken, again_at)


def _waits(now: datetime) -> ColumnElement[bool]:
    """Whether a row waits for room: it was never sent, or the time has come that it was postponed to."""
    postponed = and_(OutboxRow.state == MessageState.POSTPONED.value, OutboxRow.due_at <= now)
    return or_(OutboxRow.state == MessageState.HELD.value, postponed)


def _lock(connection: Connection, batch_id: str) -> None:
    """Let two that fill one window at once take turns; on SQLite all writers do so."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(batch_id, 0))))
