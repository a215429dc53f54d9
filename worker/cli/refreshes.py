"""Commands that ask for refreshes: `rerun`, and `schedule` for those that happen by themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from redis.exceptions import RedisError
from rich.table import Table

from worker import runtime
from worker.cli.options import Exit
from worker.cli.output import answer, cell, table
from worker.cli.session import open_context
from worker.operations.rerun import rerun
from worker.operations.schedule import add_schedule, list_schedules, remove_schedule
from worker.operations.where import read_terms

log = structlog.get_logger(__name__)


def rerun_matching(mode: str, terms: Sequence[str], *, force: bool, dry_run: bool, as_json: bool) -> int:
    """Ask for refreshes, or count what would be asked for."""
    where = read_terms(terms)
    done = rerun(open_context(), mode=mode, where=where, force=force, dry_run=dry_run)
    counts = table("Would be asked" if dry_run else "Asked", "Tickets", "#Count")
    labels = {"matched": "match", "skippedSpam": "are spam and left alone"}
    labels |= {} if dry_run else {"scheduled": "get a refresh", "merged": "wait for one already"}
    for name, label in labels.items():
        counts.add_row(cell(label), cell(done[name]))
    answer(done, lambda: [counts], as_json=as_json)
    return Exit.DONE


def print_schedules(*, as_json: bool) -> int:
    """Every schedule by name."""
    found = list_schedules(open_context())
    answer(found, lambda: [_schedules(found)] if found else ["Nothing is scheduled."], as_json=as_json)
    return Exit.DONE


def _schedules(found: Sequence[Mapping[str, Any]]) -> Table:
    made = table("Schedules", "Name", "Cron", "Mode", "Where", "#Hours", "Last", "Next")
    for one in found:
        names = ("name", "cron", "mode", "where", "windowHours", "lastSlot", "nextSlot")
        made.add_row(*(cell(one[name]) for name in names))
    return made


def keep_schedule(name: str, cron: str, mode: str, terms: Sequence[str], window: int | None, *, as_json: bool) -> int:
    """Keep a schedule and tell beat of it."""
    added = add_schedule(open_context(), name=name, cron=cron, mode=mode, where=read_terms(terms), window_hours=window)
    _tell_beat()
    answer(added, lambda: [_schedules([added])], as_json=as_json)
    return Exit.DONE


def drop_schedule(name: str, *, as_json: bool) -> int:
    """Forget a schedule and tell beat of it."""
    remove_schedule(open_context(), name)
    _tell_beat()
    answer({"removed": name}, lambda: [f"{name} is removed."], as_json=as_json)
    return Exit.DONE


def _tell_beat() -> None:
    """Beat learns of it at once; with Redis away, at its next look into the database."""
    try:
        runtime.sync_schedules()
    except RedisError:
        log.info("beat_not_told")
