"""Read-only questions of people and machines: what became of a batch, what is known around tickets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, case, exists, func, or_, select, true

from worker.domain.words import BatchState, DeliveryState, Outcome, RunState
from worker.storage.batches import find_batch
from worker.storage.tables import (
    AiAgentRow,
    DeliveryRow,
    HistoryRow,
    IntentRow,
    PersonRow,
    RefreshRunRow,
    TagRow,
    WorklogRow,
)

Row = RowMapping
Objects = dict[int, dict[str, Any]]
"""Objects as on the page, by their ids."""

_ENDED_BATCH = frozenset({BatchState.DONE, BatchState.CANCELLED})
_OPEN_RUNS = (RunState.WAITING.value, RunState.RUNNING.value)
_OPEN_DELIVERIES = (DeliveryState.WAITING.value,)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a batch and what it caused have come."""

    state: BatchState
    digest: str
    received: int
    applied: int
    refreshes: int
    refreshes_ended: int
    webhooks: int
    webhooks_ended: int

    @property
    def settled(self) -> bool:
        """Whether the batch, every refresh and every webhook that it caused have ended."""
        return (
            self.state in _ENDED_BATCH
            and self.refreshes == self.refreshes_ended
            and self.webhooks == self.webhooks_ended
        )


def progress_of(connection: Connection, batch_id: str) -> Progress | None:
    """How far a batch has come, in two statements; None when there is no such batch."""
    batch = find_batch(connection, batch_id=batch_id)
    if batch is None:
        return None
    # Read after the head: what a batch that is done has caused was written before it was done.
    counts = connection.execute(_caused_counts(batch_id)).one()
    applied = sum(getattr(batch, outcome.value) for outcome in Outcome)
    return Progress(batch.state, batch.digest, batch.received, applied, *counts)


def _caused_counts(batch_id: str) -> Select[Any]:
    """All and ended runs, then all and ended deliveries: of the batch, and of the runs that its own merged into."""
    run = RefreshRunRow
    caused = (
        select(run.id, run.state, run.merged_into, run.ticket_id, run.batch_id)
        .where(run.batch_id == batch_id)
        .cte("caused", recursive=True)
    )
    caused = caused.union(
        select(run.id, run.state, run.merged_into, run.ticket_id, run.batch_id).join(
            caused, run.id == caused.c.merged_into
        )
    )
    # A run of another batch tells of its ticket under that batch's id.
    of_run = exists().where(caused.c.batch_id == DeliveryRow.batch_id, caused.c.ticket_id == DeliveryRow.ticket_id)
    elsewhere = and_(DeliveryRow.batch_id.in_(select(caused.c.batch_id)), of_run)
    deliveries = or_(DeliveryRow.batch_id == batch_id, elsewhere)
    runs = select(func.count(), _count(caused.c.state.not_in(_OPEN_RUNS))).select_from(caused).subquery()
    sent = select(func.count(), _count(DeliveryRow.state.not_in(_OPEN_DELIVERIES))).where(deliveries).subquery()
    return select(*runs.c, *sent.c).select_from(runs.join(sent, true()))


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def runs_of_batch(connection: Connection, batch_id: str) -> list[Row]:
    """The refresh runs that a batch asked for, oldest first."""
    return _runs(connection, RefreshRunRow.batch_id == batch_id)


def runs_of_tickets(connection: Connection, ids: Collection[int]) -> dict[int, list[Row]]:
    """The refresh runs of tickets, oldest first."""
    return _by_ticket(_runs(connection, RefreshRunRow.ticket_id.in_(ids)))


def _runs(connection: Connection, wanted: ColumnElement[bool]) -> list[Row]:
    run = RefreshRunRow
    columns = (run.id, run.ticket_id, run.mode, run.state, run.reason, run.stages, run.batch_id, run.created_at)
    query = select(*columns).where(wanted).order_by(run.created_at, run.ticket_id, run.id)
    return list(connection.execute(query).mappings())


def deliveries_of_batch(connection: Connection, batch_id: str) -> list[Row]:
    """The webhook deliveries that a batch and its refreshes caused, in the order of sending."""
    query = select(DeliveryRow.__table__).where(DeliveryRow.batch_id == batch_id).order_by(DeliveryRow.sequence)
    return list(connection.execute(query).mappings())


def tag_objects(connection: Connection, ids: Collection[int]) -> Objects:
    """Definitions of tags as on the page."""
    query = select(TagRow.id, TagRow.definition).where(TagRow.id.in_(ids))
    return _objects(connection, query) if ids else {}


def person_objects(connection: Connection, ids: Collection[int]) -> Objects:
    """People of the directory as on the page, without what is secret."""
    query = select(PersonRow.id, PersonRow.definition).where(PersonRow.id.in_(ids))
    return _objects(connection, query) if ids else {}


def _objects(connection: Connection, query: Select[tuple[int, dict[str, Any]]]) -> Objects:
    return {row_id: definition for row_id, definition in connection.execute(query)}  # noqa: C416 - rows are no pairs to mypy


def intents_of_tickets(connection: Connection, ids: Collection[int]) -> dict[int, list[Row]]:
    """The intents of tickets with code and name of their agents, oldest first."""
    query = (
        select(IntentRow.__table__, AiAgentRow.code, AiAgentRow.definition["name"].as_string().label("name"))
        .join(AiAgentRow, AiAgentRow.id == IntentRow.ai_agent_id, isouter=True)
        .where(IntentRow.ticket_id.in_(ids))
        .order_by(IntentRow.id)
    )
    return _by_ticket(connection.execute(query).mappings())


def workers_since(connection: Connection, ids: Collection[int], since: datetime) -> dict[int, list[int]]:
    """Who worked on tickets since then, from the worklog: ids of people in order."""
    query = (
        select(WorklogRow.ticket_id, WorklogRow.user_id)
        .distinct()
        .where(
            WorklogRow.ticket_id.in_(ids),
            WorklogRow.user_id.is_not(None),
            WorklogRow.automatic.is_(False),
            WorklogRow.at >= since,
        )
        .order_by(WorklogRow.user_id)
    )
    found: defaultdict[int, list[int]] = defaultdict(list)
    for ticket_id, user_id in connection.execute(query):
        found[ticket_id].append(int(user_id or 0))
    return found


def history_of_tickets(connection: Connection, ids: Collection[int]) -> dict[int, list[Row]]:
    """Every recorded change of tickets, oldest first."""
    query = select(HistoryRow.__table__).where(HistoryRow.ticket_id.in_(ids)).order_by(HistoryRow.id)
    return _by_ticket(connection.execute(query).mappings())


def worklog_of_tickets(connection: Connection, ids: Collection[int]) -> dict[int, list[Row]]:
    """The worklog of tickets, oldest first."""
    query = select(WorklogRow.__table__).where(WorklogRow.ticket_id.in_(ids)).order_by(WorklogRow.id)
    return _by_ticket(connection.execute(query).mappings())


def _by_ticket(rows: Iterable[Row]) -> dict[int, list[Row]]:
    found: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["ticket_id"]].append(row)
    return found
