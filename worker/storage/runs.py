"""Refresh runs: requested once a ticket and mode, claimed by one process at a time, ended with their stages."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, case, exists, func, or_, select, update
from sqlalchemy.orm import aliased

from worker.domain.words import RefreshMode, RunState
from worker.storage.bulk import insert_rows, update_rows
from worker.storage.tables import RefreshRunRow, TicketRow

Request = tuple[int, RefreshMode]
"""A ticket's id and the mode asked for."""

COVERED = "covered_by_full"
SAME = "same_mode_waits"


@dataclass(frozen=True, slots=True)
class Run:
    """A claimed run; `ticket_version` is the ticket's from when the run first started, in whatever attempt."""

    id: str
    ticket_id: int
    mode: RefreshMode
    batch_id: str | None
    attempt: int
    crashes: int
    force: bool
    ticket_version: int


@dataclass(frozen=True, slots=True)
class RequestedBy:
    """Why runs are asked for: by whom (`batch`, `rerun`, `schedule:NAME`), in which batch, whether to force."""

    what: str
    batch_id: str | None = None
    force: bool = False


def request_runs(
    connection: Connection, requests: Sequence[Request], by: RequestedBy, now: datetime
) -> dict[RefreshMode, list[str]]:
    """Write a run for each request; the ids of those that really wait, by mode.

    A request merges into a run of the same mode that still waits, or into a waiting `full`, which covers the rest; a
    new `full` takes in what waits. The caller has locked the tickets, so two requests for one ticket never meet here.
    """
    waiting = _waiting(connection, {ticket_id for ticket_id, _ in requests})
    rows: list[dict[str, Any]] = []
    fresh: dict[RefreshMode, list[str]] = defaultdict(list)
    for ticket_id, mode in sorted(requests, key=lambda one: one[1] is not RefreshMode.FULL):
        runs = waiting[ticket_id]
        row = _row(ticket_id, mode, runs, by, now)
        rows.append(row)
        if row["merged_into"] is None:
            runs[mode] = row["id"]
            fresh[mode].append(row["id"])
    _take_in(connection, waiting, now)
    insert_rows(connection, RefreshRunRow, rows)
    if by.force:
        covering = {row["merged_into"] for row in rows} - {None}
        update_rows(connection, RefreshRunRow, [{"id": run_id, "force": True} for run_id in sorted(covering)])
    return dict(fresh)


def _row(
    ticket_id: int, mode: RefreshMode, waiting: Mapping[RefreshMode, str], by: RequestedBy, now: datetime
) -> dict[str, Any]:
    """A requested run: waiting, or merged into the one of the ticket's waiting runs that covers it."""
    covering = waiting.get(RefreshMode.FULL) or waiting.get(mode)
    row = {
        "id": str(uuid.uuid4()),
        "ticket_id": ticket_id,
        "mode": mode.value,
        "state": RunState.WAITING.value,
        "reason": None,
        "force": by.force,
        "batch_id": by.batch_id,
        "requested_by": by.what,
        "merged_into": covering,
        "attempt": 0,
        "crashes": 0,
        "stages": [],
        "created_at": now,
        "finished_at": None,
    }
    if covering is None:
        return row
    reason = SAME if mode in waiting else COVERED
    return row | {"state": RunState.MERGED.value, "reason": reason, "finished_at": now}


def _waiting(connection: Connection, ticket_ids: Collection[int]) -> defaultdict[int, dict[RefreshMode, str]]:
    """Waiting runs by ticket and mode, locked so that none starts until the request is written."""
    query = select(RefreshRunRow.ticket_id, RefreshRunRow.mode, RefreshRunRow.id).with_for_update()
    waits = and_(RefreshRunRow.ticket_id.in_(ticket_ids), RefreshRunRow.state == RunState.WAITING.value)
    found: defaultdict[int, dict[RefreshMode, str]] = defaultdict(dict)
    for ticket_id, mode, run_id in connection.execute(query.where(waits).order_by(RefreshRunRow.id)):
        found[ticket_id][RefreshMode(mode)] = run_id
    return found


def _take_in(connection: Connection, waiting: Mapping[int, Mapping[RefreshMode, str]], now: datetime) -> None:
    """Merge what waited beside a `full` into it."""
    rows = [
        {
            "id": run_id,
            "state": RunState.MERGED.value,
            "merged_into": runs[RefreshMode.FULL],
            "reason": COVERED,
            "finished_at": now,
        }
        for runs in waiting.values()
        if RefreshMode.FULL in runs
        for mode, run_id in runs.items()
        if mode is not RefreshMode.FULL
    ]
    update_rows(connection, RefreshRunRow, rows, only_if=RefreshRunRow.state == RunState.WAITING.value)


def claim_runs(connection: Connection, run_ids: Collection[str], *, now: datetime, lease_until: datetime) -> list[Run]:
    """Start those of the runs that wait, or whose holder let its lease run out, and whose ticket no other run holds.

    Runs that were lost with their process are started one at a time, after all others: the one that kills its process
    must not take the rest along again.
    """
    ready = _ready(connection, run_ids, now)
    waiting = [run_id for run_id, lost in ready if not lost]
    taken = waiting or [run_id for run_id, _ in ready][:1]
    lost = and_(RefreshRunRow.state == RunState.RUNNING.value, RefreshRunRow.reason.is_(None))
    version = select(TicketRow.version).where(TicketRow.id == RefreshRunRow.ticket_id).scalar_subquery()
    statement = (
        update(RefreshRunRow)
        .where(RefreshRunRow.id.in_(taken))
        .values(
            state=RunState.RUNNING.value,
            reason=None,
            attempt=RefreshRunRow.attempt + 1,
            crashes=RefreshRunRow.crashes + case((lost, 1), else_=0),
            lease_until=lease_until,
            started_at=now,
            ticket_version=func.coalesce(RefreshRunRow.ticket_version, version),
        )
        .returning(*(getattr(RefreshRunRow, name) for name in Run.__dataclass_fields__))
    )
    rows = [Run(**{**row._mapping, "mode": RefreshMode(row.mode)}) for row in connection.execute(statement)]  # noqa: SLF001 - the documented mapping of a row
    return sorted(rows, key=lambda run: run.id)


def _ready(connection: Connection, run_ids: Collection[str], now: datetime) -> list[tuple[str, bool]]:
    """Runs that may start, one a ticket, oldest first, and whether each was lost with its process."""
    of_runs = select(RefreshRunRow.ticket_id).where(RefreshRunRow.id.in_(run_ids))
    # Whoever requests or claims runs of a ticket holds the ticket's lock, so that two never start side by side.
    connection.execute(select(TicketRow.id).where(TicketRow.id.in_(of_runs)).order_by(TicketRow.id).with_for_update())
    other = aliased(RefreshRunRow)
    held = exists().where(
        other.ticket_id == RefreshRunRow.ticket_id,
        other.id != RefreshRunRow.id,
        other.state == RunState.RUNNING.value,
        other.lease_until > now,
    )
    free = or_(
        RefreshRunRow.state == RunState.WAITING.value,
        and_(RefreshRunRow.state == RunState.RUNNING.value, RefreshRunRow.lease_until <= now),
    )
    query = (
        select(RefreshRunRow.id, RefreshRunRow.ticket_id, RefreshRunRow.state, RefreshRunRow.reason)
        .where(RefreshRunRow.id.in_(run_ids), free, ~held)
        .order_by(RefreshRunRow.created_at, RefreshRunRow.id)
    )
    first: dict[int, tuple[str, bool]] = {}
    for run_id, ticket_id, state, reason in connection.execute(query.with_for_update(skip_locked=True)):
        first.setdefault(ticket_id, (run_id, state == RunState.RUNNING.value and reason is None))
    return list(first.values())


def held_runs(connection: Connection, runs: Sequence[Run]) -> set[str]:
    """Which of the claimed runs are still ours: an attempt that was taken over must not write."""
    query = select(RefreshRunRow.id, RefreshRunRow.attempt).where(
        RefreshRunRow.id.in_([run.id for run in runs]), RefreshRunRow.state == RunState.RUNNING.value
    )
    attempts = {row.id: row.attempt for row in connection.execute(query.with_for_update())}
    return {run.id for run in runs if attempts.get(run.id) == run.attempt}


def end_runs(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write how runs ended: rows of id, state, reason, stages, lease_until and finished_at."""
    update_rows(connection, RefreshRunRow, rows)


def next_start(connection: Connection, run_ids: Collection[str], soon: datetime) -> datetime | None:
    """When to look at these runs again, `soon` at the earliest; None when all have ended.

    A running one is looked at when its lease ends, one that waits behind another of its ticket soon, or when that one
    is tried again.
    """
    other = aliased(RefreshRunRow)
    tried_again = select(func.max(other.lease_until)).where(
        other.ticket_id == RefreshRunRow.ticket_id,
        other.id != RefreshRunRow.id,
        other.state == RunState.RUNNING.value,
        other.reason.is_not(None),
    )
    running = RefreshRunRow.state == RunState.RUNNING.value
    query = select(case((running, RefreshRunRow.lease_until), else_=tried_again.scalar_subquery())).where(
        RefreshRunRow.id.in_(run_ids), RefreshRunRow.state.in_([RunState.WAITING.value, RunState.RUNNING.value])
    )
    return min((max(at or soon, soon) for at in connection.scalars(query)), default=None)
