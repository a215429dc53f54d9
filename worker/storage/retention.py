"""What is removed when its days are over, a few rows a transaction: only what has ended, and effects before causes.

Each kind finds its oldest rows by an index and takes those that nobody holds, so several processes may do this at once.
History, worklog and dead letters are numbered in the order of time: their oldest rows are the first ones, and no index
by time has to be kept up to date with every save.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from worker.domain.words import ENDED_BATCH
from worker.storage.bulk import among
from worker.storage.caused import OPEN_DELIVERIES, OPEN_RUNS
from worker.storage.tables import (
    AttemptRow,
    BatchItemRow,
    BatchRow,
    DeadLetterRow,
    DeliveryRow,
    EventRow,
    ExecutionRow,
    HistoryRow,
    OutboxRow,
    RefreshRunRow,
    TicketRow,
    WorklogRow,
)

Rows = Mapping[str, int]
"""How many rows of each sort, by the names that people are told."""


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """Moments before which things must have ended, to be removed."""

    batches: datetime
    refreshes: datetime
    webhooks: datetime
    history: datetime
    dead_letters: datetime
    executions: datetime


@dataclass(frozen=True, slots=True)
class Kind:
    """What is removed together, under a name of `Cutoffs`.

    `remove` takes away a step of about so many rows, nothing when nothing is left; `count` tells how many there are.
    """

    cutoff: str
    remove: Callable[[Connection, Cutoffs, int], Rows]
    count: Callable[[Connection, Cutoffs], Rows]


def _delete(connection: Connection, column: InstrumentedAttribute[Any], values: Collection[Any]) -> int:
    return connection.execute(delete(column.class_).where(among(connection, column, values))).rowcount


def _count(connection: Connection, column: InstrumentedAttribute[Any], *where: ColumnElement[bool]) -> int:
    return connection.execute(select(func.count(column)).where(*where)).scalar_one()


# Webhooks: an event with its deliveries and their attempts, when none of them waits.

_WAITS = DeliveryRow.state.in_(OPEN_DELIVERIES)


def _old_event(before: datetime) -> ColumnElement[bool]:
    waiting = exists().where(DeliveryRow.event_id == EventRow.id, _WAITS)
    return and_(EventRow.created_at < before, ~waiting)


def _remove_webhooks(connection: Connection, before: Cutoffs, limit: int) -> Rows:
    oldest = select(EventRow.id).where(_old_event(before.webhooks)).order_by(EventRow.created_at).limit(limit)
    events = set(connection.scalars(oldest.with_for_update(skip_locked=True)))
    of_events = select(DeliveryRow.id, DeliveryRow.event_id, DeliveryRow.state)
    of_events = of_events.where(among(connection, DeliveryRow.event_id, events)).order_by(DeliveryRow.sequence)
    deliveries = connection.execute(of_events.with_for_update()).all()
    # Under the lock: one that is replayed at this moment stays.
    events -= {one.event_id for one in deliveries if one.state in OPEN_DELIVERIES}
    ids = [one.id for one in deliveries if one.event_id in events]
    return {
        "webhookAttempts": _delete(connection, AttemptRow.delivery_id, ids),
        "webhooks": _delete(connection, DeliveryRow.id, ids),
        "webhookEvents": _delete(connection, EventRow.id, events),
    }


def _count_webhooks(connection: Connection, before: Cutoffs) -> Rows:
    events = select(EventRow.id).where(_old_event(before.webhooks))
    deliveries = select(DeliveryRow.id).where(DeliveryRow.event_id.in_(events))
    return {
        "webhookAttempts": _count(connection, AttemptRow.id, AttemptRow.delivery_id.in_(deliveries)),
        "webhooks": _count(connection, DeliveryRow.id, DeliveryRow.event_id.in_(events)),
        "webhookEvents": _count(connection, EventRow.id, _old_event(before.webhooks)),
    }


# Refreshes: ended runs, unless what they were merged into goes on.

_COVERING = aliased(RefreshRunRow)


def _old_run(before: datetime) -> ColumnElement[bool]:
    covered = exists().where(_COVERING.id == RefreshRunRow.merged_into, _COVERING.state.in_(OPEN_RUNS))
    return and_(RefreshRunRow.finished_at < before, RefreshRunRow.state.not_in(OPEN_RUNS), ~covered)


def _remove_refreshes(connection: Connection, before: Cutoffs, limit: int) -> Rows:
    run = RefreshRunRow
    oldest = select(run.id).where(_old_run(before.refreshes)).order_by(run.finished_at).limit(limit)
    ids = connection.scalars(oldest.with_for_update(skip_locked=True)).all()
    return {"refreshes": _delete(connection, run.id, ids)}


def _count_refreshes(connection: Connection, before: Cutoffs) -> Rows:
    return {"refreshes": _count(connection, RefreshRunRow.id, _old_run(before.refreshes))}


# Batches: head, inbox and ledger, when nothing that the batch caused stays.


def _old_batch(before: Cutoffs) -> ColumnElement[bool]:
    batch, run, delivery = BatchRow, RefreshRunRow, DeliveryRow
    runs = select(run.id).join(_COVERING, _COVERING.id == run.merged_into, isouter=True)
    open_run = or_(run.state.in_(OPEN_RUNS), _COVERING.state.in_(OPEN_RUNS))
    run_stays = runs.where(run.batch_id == batch.id, or_(open_run, run.finished_at >= before.refreshes)).exists()
    deliveries = select(delivery.id).join(EventRow, EventRow.id == delivery.event_id)
    young = EventRow.created_at >= before.webhooks
    webhook_stays = deliveries.where(delivery.batch_id == batch.id, or_(_WAITS, young)).exists()
    message_stays = exists().where(OutboxRow.batch_id == batch.id)
    ended = and_(batch.finished_at < before.batches, batch.state.in_([state.value for state in ENDED_BATCH]))
    return and_(ended, ~run_stays, ~webhook_stays, ~message_stays)


_HEADS = 100
"""Batches that one step looks at: of each, all that it caused is looked for."""


def _remove_batches(connection: Connection, before: Cutoffs, limit: int) -> Rows:
    """As many batches as have so many items; of a larger one the items first, and the head with the last of them."""
    batch, item = BatchRow, BatchItemRow
    oldest = select(batch.id, batch.received).where(_old_batch(before)).order_by(batch.finished_at)
    oldest = oldest.limit(min(limit, _HEADS))
    heads = connection.execute(oldest.with_for_update(skip_locked=True)).all()
    ids, room = [], limit
    for batch_id, received in heads:
        room -= received
        if room < 0:
            break
        ids.append(batch_id)
    items = _delete(connection, item.batch_id, ids)
    if heads and not ids:
        first = heads[0].id
        some = select(item.index).where(item.batch_id == first).order_by(item.index).limit(limit)
        indexes = connection.scalars(some).all()
        items = connection.execute(
            delete(item).where(item.batch_id == first, among(connection, item.index, indexes))
        ).rowcount
        ids = [first] if len(indexes) < limit else []
    return {"batchItems": items, "batches": _delete(connection, batch.id, ids)}  # chunks go with their head


def _count_batches(connection: Connection, before: Cutoffs) -> Rows:
    old = select(BatchRow.id).where(_old_batch(before))
    return {
        "batchItems": _count(connection, BatchItemRow.index, BatchItemRow.batch_id.in_(old)),
        "batches": _count(connection, BatchRow.id, _old_batch(before)),
    }


# Executions: what was put off for a ticket that nobody tries again. There is no time to wait for.

_TRIED_AGAIN = exists().where(TicketRow.id == ExecutionRow.ticket_id, TicketRow.auto_execute_at.is_not(None))
_LEFT_BEHIND = and_(ExecutionRow.lease_until.is_(None), ~_TRIED_AGAIN)


def _remove_executions(connection: Connection, _: Cutoffs, limit: int) -> Rows:
    left = select(ExecutionRow.id).where(_LEFT_BEHIND).limit(limit).with_for_update(skip_locked=True)
    return {"executions": _delete(connection, ExecutionRow.id, connection.scalars(left).all())}


def _count_executions(connection: Connection, _: Cutoffs) -> Rows:
    return {"executions": _count(connection, ExecutionRow.id, _LEFT_BEHIND)}


# What is numbered in the order of time.


def _numbered(name: str, cutoff: str, number: InstrumentedAttribute[int], at: InstrumentedAttribute[datetime]) -> Kind:
    def remove(connection: Connection, before: Cutoffs, limit: int) -> Rows:
        first = select(number, at).order_by(number).limit(limit).with_for_update(skip_locked=True)
        old = [row for row, moment in connection.execute(first) if moment < getattr(before, cutoff)]
        return {name: _delete(connection, number, old)}

    def count(connection: Connection, before: Cutoffs) -> Rows:
        staying = select(number).where(at >= getattr(before, cutoff)).order_by(number).limit(1)
        first = connection.scalars(staying).one_or_none()
        return {name: _count(connection, number, *([] if first is None else [number < first]))}

    return Kind(cutoff, remove, count)


KINDS = (
    Kind("webhooks", _remove_webhooks, _count_webhooks),
    Kind("refreshes", _remove_refreshes, _count_refreshes),
    Kind("batches", _remove_batches, _count_batches),
    Kind("executions", _remove_executions, _count_executions),
    _numbered("history", "history", HistoryRow.id, HistoryRow.at),
    _numbered("worklog", "history", WorklogRow.id, WorklogRow.at),
    _numbered("deadLetters", "dead_letters", DeadLetterRow.id, DeadLetterRow.created_at),
)
"""All that is removed, in this order: a ledger goes after what its batch caused."""
