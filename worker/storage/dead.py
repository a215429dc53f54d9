"""The dead-letter table: what was given up, with its reason, for people to look at and try again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, func, or_, select, update

from worker.domain.words import DeliveryState, RefreshMode
from worker.storage.bulk import insert_rows
from worker.storage.endpoints import is_active
from worker.storage.tables import DeadLetterRow, DeliveryRow, EndpointRow, RefreshRunRow
from worker.storage.webhooks import is_sent


@dataclass(frozen=True, slots=True)
class Dead:
    """What was given up: `message`, `run`, `webhook`, `endpoint` or `execution`, a static reason, its id, more ids."""

    kind: str
    reason: str
    subject: str | None
    detail: Mapping[str, Any]
    task: str | None = None


def bury(connection: Connection, dead: Iterable[Dead], now: datetime) -> None:
    """Write dead letters."""
    rows = [
        {
            "kind": one.kind,
            "reason": one.reason,
            "subject": one.subject,
            "task": one.task,
            "detail": dict(one.detail),
            "created_at": now,
        }
        for one in dead
    ]
    insert_rows(connection, DeadLetterRow, rows)


def buried(connection: Connection, kind: str, subjects: Collection[str]) -> set[str]:
    """Which of these subjects have a dead letter of that kind."""
    query = select(DeadLetterRow.subject).where(DeadLetterRow.kind == kind, DeadLetterRow.subject.in_(subjects))
    return {subject for subject in connection.scalars(query) if subject is not None}


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What was given up; `subject` is the id of the run, delivery, intent or message, `detail` holds ids."""

    id: int
    kind: str
    reason: str
    subject: str | None
    task: str | None
    detail: dict[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class EndedRun:
    """What is needed to ask for a run again."""

    id: str
    ticket_id: int
    mode: RefreshMode
    batch_id: str | None
    force: bool


_DEAD = (DeliveryState.DEAD,)
_COLUMNS = [getattr(DeadLetterRow, name) for name in DeadLetter.__dataclass_fields__]


def dead_letters(connection: Connection, limit: int) -> list[DeadLetter]:
    """The newest dead letters, newest first."""
    query = select(*_COLUMNS).order_by(DeadLetterRow.id.desc()).limit(limit)
    return [DeadLetter(*row) for row in connection.execute(query)]


def lock_dead_letters(connection: Connection, ids: Collection[int] | None) -> list[DeadLetter]:
    """These dead letters, or all, oldest first; nobody else handles them until the transaction ends."""
    query = select(*_COLUMNS).order_by(DeadLetterRow.id).with_for_update()
    if ids is not None:
        query = query.where(DeadLetterRow.id.in_(ids))
    return [DeadLetter(*row) for row in connection.execute(query)]


def count_dead_letters(connection: Connection) -> int:
    """How many there are."""
    return connection.execute(select(func.count()).select_from(DeadLetterRow)).scalar_one()


def drop_letters_of(connection: Connection, kind: str, subjects: Collection[str]) -> None:
    """Forget what was said of these subjects: they go again."""
    connection.execute(delete(DeadLetterRow).where(DeadLetterRow.kind == kind, DeadLetterRow.subject.in_(subjects)))


def drop_dead_letters(connection: Connection, ids: Collection[int]) -> None:
    """Forget dead letters."""
    connection.execute(delete(DeadLetterRow).where(DeadLetterRow.id.in_(ids)))


def ended_runs(connection: Connection, ids: Collection[str]) -> list[EndedRun]:
    """Those of these refresh runs that are still there."""
    run = RefreshRunRow
    query = select(run.id, run.ticket_id, run.mode, run.batch_id, run.force).where(run.id.in_(ids)).order_by(run.id)
    return [
        EndedRun(run_id, ticket_id, RefreshMode(mode), batch_id, force)
        for run_id, ticket_id, mode, batch_id, force in connection.execute(query)
    ]


def revive_deliveries(
    connection: Connection, ids: Collection[str], now: datetime, states: Collection[DeliveryState] = _DEAD
) -> list[str]:
    """Let ended deliveries wait again, with all their attempts before them; the ids of those that do, in order.

    A digest is named by the first of its deliveries, and all of them wait again. One to an endpoint that is switched
    off stays as it is.
    """
    one = DeliveryRow
    reachable = one.endpoint_id.in_(select(EndpointRow.id).where(is_active()))
    again = {"state": DeliveryState.WAITING.value, "attempts": 0, "next_attempt_at": now, "lease_until": None}
    statement = (
        update(one)
        .where(or_(and_(one.id.in_(ids), is_sent()), one.digest_id.in_(ids)), one.state.in_(states), reachable)
        .values(**again, delivered_at=None)
        .returning(one.sequence, one.id, one.digest_id)
    )
    revived = sorted((row.sequence, row.id) for row in connection.execute(statement) if row.digest_id in {None, row.id})
    return [delivery_id for _, delivery_id in revived]


def delivery_states(connection: Connection, ids: Collection[str]) -> dict[str, DeliveryState]:
    """The states of those of these deliveries that are there."""
    query = select(DeliveryRow.id, DeliveryRow.state).where(DeliveryRow.id.in_(ids))
    return {delivery_id: DeliveryState(state) for delivery_id, state in connection.execute(query)}
