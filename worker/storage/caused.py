"""What a batch caused: refresh runs and webhook deliveries, counted and dated without reading them one by one.

It counts its own and, of what was merged into a run that was asked for elsewhere, that run with its webhooks: a batch
waits for them, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    CompoundSelect,
    Connection,
    RowMapping,
    Subquery,
    and_,
    case,
    func,
    literal,
    select,
    true,
    union_all,
)

from worker.domain.words import DeliveryState, RunState
from worker.storage.tables import AttemptRow, DeliveryRow, EndpointRow, EventRow, RefreshRunRow

OPEN_RUNS = (RunState.WAITING.value, RunState.RUNNING.value)
OPEN_DELIVERIES = (DeliveryState.WAITING.value,)


@dataclass(frozen=True, slots=True)
class Tally:
    """So many runs of one mode, or deliveries to one endpoint, in one state.

    `own` when the batch asked for them itself; `first_at` is when the first one was asked for, `last_at` when the last
    one ended.
    """

    kind: str
    state: str
    own: bool
    count: int
    first_at: datetime
    last_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether these are still to end."""
        return self.state in OPEN_RUNS or self.state in OPEN_DELIVERIES


def count_runs(connection: Connection, batch_id: str) -> list[Tally]:
    """The refresh runs that a batch caused, by mode and state."""
    run = _runs(batch_id).c
    return _tallies(connection, (run.mode, run.state, run.own), run.created_at, run.finished_at)


def count_deliveries(connection: Connection, batch_id: str) -> list[Tally]:
    """The webhook deliveries that a batch caused, by endpoint and state."""
    one = _deliveries(batch_id).c
    tried_as = func.coalesce(one.digest_id, one.id)
    given_up = select(func.max(AttemptRow.at)).where(AttemptRow.delivery_id == tried_as).scalar_subquery()
    ended = case((one.state == DeliveryState.DEAD.value, given_up), else_=one.delivered_at)
    return _tallies(connection, (one.endpoint_id, one.state, one.own), one.created_at, ended)


def open_runs(connection: Connection, batch_id: str, limit: int) -> list[RowMapping]:
    """Runs that a batch still waits for, the oldest first, with when each began and, after a failure, goes on."""
    run = _runs(batch_id).c
    since = func.coalesce(run.started_at, run.created_at).label("since")
    tried_again = case((run.reason.is_not(None), run.lease_until)).label("next_attempt_at")
    query = select(run.ticket_id, run.mode, run.state, since, tried_again).where(run.state.in_(OPEN_RUNS))
    ordered = query.order_by(run.created_at, run.ticket_id, run.id).limit(limit)
    return list(connection.execute(ordered).mappings())


def open_deliveries(connection: Connection, batch_id: str, limit: int) -> list[RowMapping]:
    """Deliveries that a batch still waits for, in the order of sending, with the next attempt at each."""
    one = _deliveries(batch_id).c
    columns = (one.ticket_id, one.endpoint_id, one.state, one.created_at.label("since"), one.next_attempt_at)
    query = select(*columns).where(one.state.in_(OPEN_DELIVERIES)).order_by(one.sequence).limit(limit)
    return list(connection.execute(query).mappings())


def _runs(batch_id: str) -> CTE:
    """A batch's own runs, and those elsewhere that they were merged into."""
    run = RefreshRunRow
    what = (run.id, run.ticket_id, run.mode, run.state, run.reason)
    when = (run.created_at, run.started_at, run.finished_at, run.lease_until)
    own = select(*what, *when, literal(1).label("own")).where(run.batch_id == batch_id)
    elsewhere = select(*what, *when, literal(0)).where(run.id.in_(select(_elsewhere(batch_id).c.id)))
    return _together(union_all(own, elsewhere))


def _deliveries(batch_id: str) -> CTE:
    """A batch's own deliveries; a run of another batch tells of its ticket under that batch's id."""
    one, event = DeliveryRow, EventRow
    what = (one.sequence, one.id, one.digest_id, one.endpoint_id, one.ticket_id, one.state)
    columns = (*what, one.next_attempt_at, one.delivered_at, event.created_at)
    joined = select(*columns, literal(1).label("own")).join(event, event.id == one.event_id)
    run = _elsewhere(batch_id).c
    told = select(run.batch_id, run.ticket_id).distinct().subquery()
    elsewhere = (
        select(*columns, literal(0))
        .select_from(EndpointRow)
        .join(told, true())
        .join(one, and_(one.endpoint_id == EndpointRow.id, one.ticket_id == told.c.ticket_id))
        .join(event, event.id == one.event_id)
        # Found by endpoint and ticket: an index by batch alone would lead through all of another large batch each time.
        .where(func.coalesce(one.batch_id, "") == told.c.batch_id)
    )
    return _together(union_all(joined.where(one.batch_id == batch_id), elsewhere))


def _together(found: CompoundSelect[Any]) -> CTE:
    """Everything is found before it is ordered: a plan that looks for the first few in order may take for ever."""
    return found.cte("of_batch").prefix_with("MATERIALIZED", dialect="postgresql")


def _elsewhere(batch_id: str) -> Subquery:
    """The runs that a batch's own were merged into, in however many steps, and that are not its own."""
    run = RefreshRunRow
    merged = select(run.merged_into.label("id")).where(run.merged_into.is_not(None))
    covering = merged.where(run.batch_id == batch_id).cte("covering", recursive=True)
    covering = covering.union(merged.join(covering, run.id == covering.c.id))
    found = select(run.id, run.batch_id, run.ticket_id).join(covering, run.id == covering.c.id)
    return found.where(run.batch_id.is_distinct_from(batch_id)).subquery()


def _tallies(
    connection: Connection, groups: Sequence[ColumnElement[Any]], asked: ColumnElement[Any], ended: ColumnElement[Any]
) -> list[Tally]:
    kind, state, own = groups
    query = select(kind, state, own, func.count(), func.min(asked), func.max(ended))
    rows = connection.execute(query.group_by(*groups).order_by(*groups))
    return [Tally(row[0], row[1], bool(row[2]), *row[3:]) for row in rows]
