"""Retention: what has ended is removed when its days are over, in short transactions, some each time."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection

from config.routing import TaskName
from worker.context import Context
from worker.payload.times import format_time
from worker.storage.retention import KINDS, Cutoffs, Kind, Rows

log = structlog.get_logger(__name__)

Document = dict[str, Any]
"""`{"rows": [{"what", "endedBefore", "rows"}], …}`: how many rows of each sort, and when they had to have ended."""


def clean_up_some(context: Context) -> Document:
    """What beat asks for: as much as there is time for; the next time goes on."""
    settings = context.settings
    return clean_up(context, budget=min(settings.clean_up_budget, settings.time_limit(TaskName.CLEAN_UP) / 2))


def clean_up(
    context: Context, *, budget: timedelta | None = None, told: Callable[[int], None] = lambda _: None
) -> Document:
    """Remove what is over; without a budget of time, all of it. May be cut off anywhere, and run beside itself.

    `told` hears after each step how many rows it has removed.

    Returns:
        A document with `finished`: whether nothing is left for the next time.
    """
    until = None if budget is None else time.monotonic() + budget.total_seconds()
    before = cutoffs(context)
    removed: dict[Kind, Counter[str]] = {}
    finished = True
    for kind, rows in _steps(context, before):
        removed.setdefault(kind, Counter()).update(rows)
        told(sum(rows.values()))
        if until is not None and time.monotonic() >= until:
            finished = False
            break
    if any(rows.total() for rows in removed.values()):
        log.info("cleaned_up", finished=finished, **sum(removed.values(), Counter()))
    return _document(context, before, removed) | {"finished": finished}


def _steps(context: Context, before: Cutoffs) -> Iterator[tuple[Kind, Rows]]:
    """Steps of one transaction each, kind by kind, until one finds nothing."""
    for kind in KINDS:
        rows: Rows = {"": 1}
        while any(rows.values()):
            rows = context.database.transact(partial(_remove, kind, before, context.settings.chunk_size))
            yield kind, rows


def _remove(kind: Kind, before: Cutoffs, limit: int, connection: Connection) -> Rows:
    return kind.remove(connection, before, limit)


def count_old(context: Context) -> Document:
    """What `clean_up` would remove now, counted alone."""
    before = cutoffs(context)
    with context.database.read() as connection:
        return _document(context, before, {kind: kind.count(connection, before) for kind in KINDS})


def cutoffs(context: Context) -> Cutoffs:
    """Moments before which things must have ended, by the settings; a ledger stays as long as the webhooks it lists."""
    settings, now = context.settings, context.clock()
    results, deliveries = timedelta(days=settings.results_kept_days), timedelta(days=settings.deliveries_kept_days)
    return Cutoffs(
        batches=now - max(results, deliveries),
        refreshes=now - results,
        webhooks=now - deliveries,
        history=now - timedelta(days=settings.history_kept_days),
        dead_letters=now - timedelta(days=settings.dead_kept_days),
        executions=now,
    )


def _document(context: Context, before: Cutoffs, found: Mapping[Kind, Rows]) -> Document:
    zone = context.settings.time_zone
    return {
        "rows": [
            {"what": what, "endedBefore": format_time(getattr(before, kind.cutoff), zone), "rows": number}
            for kind, rows in found.items()
            for what, number in rows.items()
        ]
    }
