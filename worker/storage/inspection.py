"""Read-only questions of people and machines: what became of a batch, what is known around tickets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, SQLColumnExpression, select

from worker.domain.words import ENDED_BATCH, BatchState, DeliveryState, RunState
from worker.storage.batches import LedgerPage, find_batch, page_of_ledger
from worker.storage.caused import Tally, count_deliveries, count_runs
from worker.storage.tables import (
    AiAgentRow,
    BatchItemRow,
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

_RUN = [
    getattr(RefreshRunRow, name)
    for name in ("id", "ticket_id", "mode", "state", "reason", "stages", "batch_id", "created_at")
]


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
            self.state in ENDED_BATCH
            and self.refreshes == self.refreshes_ended
            and self.webhooks == self.webhooks_ended
        )


def progress_of(connection: Connection, batch_id: str) -> Progress | None:
    """How far a batch has come, in three statements; None when there is no such batch."""
    batch = find_batch(connection, batch_id=batch_id)
    if batch is None:
        return None
    # Each is read after what causes it: a batch that is done, and a run that has ended, have written what follows.
    runs = _so_far(count_runs(connection, batch_id))
    return Progress(
        batch.state,
        batch.digest,
        batch.received,
        batch.applied,
        *runs,
        *_so_far(count_deliveries(connection, batch_id)),
    )


def _so_far(tallies: Sequence[Tally]) -> tuple[int, int]:
    """How many there are, and how many of them have ended."""
    return sum(one.count for one in tallies), sum(one.count for one in tallies if not one.is_open)


def runs_of_batch(
    connection: Connection, batch_id: str, *, page: LedgerPage | None = None, most: int | None = None
) -> list[Row]:
    """The refresh runs that a batch asked for, oldest first.

    All, those of a page's tickets, or `most`, the failed ones first.
    """
    run = RefreshRunRow
    order: tuple[SQLColumnExpression[Any], ...] = (run.created_at, run.ticket_id, run.id)
    query = select(*_RUN).where(run.batch_id == batch_id)
    if page is not None:
        query = query.where(run.ticket_id.in_(_tickets_of(batch_id, page)))
    if most is not None:
        order = (run.state != RunState.FAILED.value, *order)
    return list(connection.execute(query.order_by(*order).limit(most)).mappings())


def deliveries_of_batch(
    connection: Connection, batch_id: str, *, page: LedgerPage | None = None, most: int | None = None
) -> list[Row]:
    """The webhook deliveries that a batch and its refreshes caused, in the order of sending.

    All, those that tell of a page's tickets, or `most`, the dead ones first.
    """
    one = DeliveryRow
    order: tuple[SQLColumnExpression[Any], ...] = (one.sequence,)
    query = select(one.__table__).where(one.batch_id == batch_id)
    if page is not None:
        query = query.where(one.ticket_id.in_(_tickets_of(batch_id, page)))
    if most is not None:
        order = (one.state != DeliveryState.DEAD.value, *order)
    return list(connection.execute(query.order_by(*order).limit(most)).mappings())


def _tickets_of(batch_id: str, page: LedgerPage) -> Select[Any]:
    """The tickets that a page's items speak of."""
    return page_of_ledger(select(BatchItemRow.ticket_id), batch_id, page)


def runs_of_tickets(connection: Connection, ids: Collection[int]) -> dict[int, list[Row]]:
    """The refresh runs of tickets, oldest first."""
    run = RefreshRunRow
    query = select(*_RUN).where(run.ticket_id.in_(ids)).order_by(run.created_at, run.ticket_id, run.id)
    return _by_ticket(connection.execute(query).mappings())


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
