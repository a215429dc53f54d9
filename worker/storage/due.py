"""Tickets whose time has come, for sweeps that several processes may run at once.

Each query locks what it finds and skips what others hold, and has a partial index of its own: literals stand in the
text where its condition does, or neither database sees that the index will do.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, exists, literal, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute

from worker.domain.words import Status
from worker.storage.bulk import among
from worker.storage.tables import ExecutionRow, TicketRow


def due_pending(connection: Connection, now: datetime, limit: int) -> list[int]:
    """Ids of pending tickets whose `dueBy` has passed."""
    return _locked(connection, TicketRow.due_by, now, limit, TicketRow.status == _status(Status.PENDING))


def due_for_execution(connection: Connection, now: datetime, limit: int) -> list[int]:
    """Ids of tickets whose `autoExecuteAt` has passed, unless an action is under way for them."""
    under_way = exists().where(ExecutionRow.ticket_id == TicketRow.id, ExecutionRow.lease_until.is_not(None))
    due_at = TicketRow.auto_execute_at
    return _locked(connection, due_at, now, limit, due_at.is_not(None), ~under_way)


def overdue(connection: Connection, now: datetime, limit: int) -> list[int]:
    """Ids of tickets that are not closed, whose `dueBy` has passed, and of which that was not announced yet."""
    announced_for = TicketRow.overdue_announced_for
    return _locked(
        connection,
        TicketRow.due_by,
        now,
        limit,
        TicketRow.status != _status(Status.CLOSED),
        or_(announced_for.is_(None), announced_for != TicketRow.due_by),
    )


def mark_overdue(connection: Connection, ids: Collection[int]) -> None:
    """Note that it was announced that the `dueBy` of these tickets has passed."""
    marked = update(TicketRow).where(among(connection, TicketRow.id, ids))
    connection.execute(marked.values(overdue_announced_for=TicketRow.due_by))


def _locked(
    connection: Connection,
    due_at: InstrumentedAttribute[datetime | None],
    now: datetime,
    limit: int,
    *conditions: ColumnElement[bool],
) -> list[int]:
    """The longest due first."""
    query = select(TicketRow.id).where(due_at <= now, *conditions).order_by(due_at, TicketRow.id).limit(limit)
    return list(connection.scalars(query.with_for_update(of=TicketRow, skip_locked=True)))


def _status(status: Status) -> ColumnElement[str]:
    return literal(status.value, TicketRow.status.type, literal_execute=True)
