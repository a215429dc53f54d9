"""Runs that wait in the bulk lane although somebody in a hurry now wants the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection, and_, or_, select

from worker.domain.words import Lane, RefreshMode, RunState
from worker.storage.runs import Request
from worker.storage.tables import BatchRow, RefreshRunRow

_BY_BATCH = "batch"


def slow_runs(connection: Connection, requests: Sequence[Request]) -> dict[RefreshMode, list[str]]:
    """Waiting runs, by mode, that cover these requests and travel in the bulk lane: large batches' and re-runs'.

    The caller has locked the tickets.
    """
    in_bulk = or_(
        BatchRow.lane == Lane.BULK.value,
        and_(RefreshRunRow.batch_id.is_(None), RefreshRunRow.requested_by != _BY_BATCH),
    )
    query = (
        select(RefreshRunRow.id, RefreshRunRow.ticket_id, RefreshRunRow.mode)
        .outerjoin(BatchRow, BatchRow.id == RefreshRunRow.batch_id)
        .where(RefreshRunRow.ticket_id.in_({ticket_id for ticket_id, _ in requests}))
        .where(RefreshRunRow.state == RunState.WAITING.value, in_bulk)
        .order_by(RefreshRunRow.id)
    )
    covered = set(requests) | {(ticket_id, RefreshMode.FULL) for ticket_id, _ in requests}
    found: defaultdict[RefreshMode, list[str]] = defaultdict(list)
    for run_id, ticket_id, mode in connection.execute(query):
        if (ticket_id, mode) in covered:
            found[RefreshMode(mode)].append(run_id)
    return dict(found)
