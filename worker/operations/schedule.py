"""Schedules of re-runs: kept in the database, fired by beat, each planned minute run to its end once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from worker.context import Context
from worker.domain.words import ErrorCode
from worker.operations.arguments import RefusedArguments, read, read_mode
from worker.operations.cron import read_cron
from worker.operations.inspection.unknown import Unknown
from worker.operations.rerun import Plan, request_all
from worker.operations.where import read_where
from worker.payload.remarks import ItemError
from worker.payload.times import format_time
from worker.payload.wrong import Wrong
from worker.storage import schedules
from worker.storage.runs import RequestedBy
from worker.storage.schedules import Schedule
from worker.storage.selection import Selection

log = structlog.get_logger(__name__)

LONGEST_WINDOW = 24 * 366 * 10
"""Hours; a longer window is no window."""

SKEW = timedelta(seconds=5)
"""How far this clock may be behind that of the beat that fired."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def add_schedule(
    context: Context,
    *,
    name: object,
    cron: object,
    mode: object,
    where: object,
    window_hours: object = None,
) -> dict[str, object]:
    """Keep a re-run that is to happen at the minutes that a cron line names in the configured time zone.

    `where` is as `read_where` takes it; `window_hours` leaves only tickets created or modified in that time before the
    planned minute. The same schedule again changes nothing. Beat learns of it by `sync_schedules`.

    Returns:
        The schedule as `list_schedules` shows it.

    Raises:
        RefusedArguments: something is wrong, or the name stands for another schedule.
    """
    new = Schedule(
        name=read("name", name, _read_name),
        cron=read("cron", cron, read_cron).line,
        mode=read("mode", mode, read_mode),
        where=_checked_where(context, where),
        window_hours=read("window_hours", window_hours, _read_window),
        created_at=context.clock().replace(microsecond=0),
    )
    context.database.transact(lambda connection: _add(connection, new))
    return _shown(context, new, None)


def _checked_where(context: Context, where: object) -> Mapping[str, object]:
    read_where(where, context.settings.time_zone)
    assert isinstance(where, dict)  # noqa: S101 - just read as one
    return where


def _add(connection: Connection, new: Schedule) -> None:
    old = schedules.find_schedule(connection, new.name, lock=True)
    if old is None:
        schedules.add_schedule(connection, new)
    elif _definition(old) != _definition(new):
        message = "stands for another schedule; remove that one first"
        raise RefusedArguments([ItemError(ErrorCode.CONFLICTING_FIELDS, "name", message)])


def _definition(schedule: Schedule) -> tuple[object, ...]:
    return schedule.cron, schedule.mode, schedule.where, schedule.window_hours


def list_schedules(context: Context) -> list[dict[str, object]]:
    """Every schedule by name: `{"name", "cron", "mode", "where", "windowHours", "lastSlot", "nextSlot"}`.

    The slots, the latest one that was run and the next one planned, are times of the page or null.
    """
    with context.database.read() as connection:
        last = schedules.last_slots(connection)
        return [_shown(context, one, last.get(one.name)) for one in schedules.all_schedules(connection)]


def _shown(context: Context, schedule: Schedule, last: datetime | None) -> dict[str, object]:
    zone = context.settings.time_zone
    upcoming = read_cron(schedule.cron).next(zone, after=context.clock())
    return {
        "name": schedule.name,
        "cron": schedule.cron,
        "mode": schedule.mode.value,
        "where": schedule.where,
        "windowHours": schedule.window_hours,
        "lastSlot": last and format_time(last, zone),
        "nextSlot": upcoming and format_time(upcoming, zone),
    }


def remove_schedule(context: Context, name: str) -> None:
    """Forget a schedule; what it has asked for goes on.

    Raises:
        Unknown: there is no schedule of that name.
    """
    if not context.database.transact(lambda connection: schedules.remove_schedule(connection, name)):
        raise Unknown("schedule_not_found", "there is no schedule of that name")


def run_schedule(context: Context, name: str) -> dict[str, object]:
    """Run the latest planned minute of a schedule, if it has not been run to its end.

    A minute counts as run when all its requests are written. Cut off before, it is run again, and goes on: a ticket
    that this minute has asked for is not asked for twice, however often and by however many it is run. Of several
    missed minutes the latest stands for all.

    Returns:
        What `rerun` returns, with `slot`, the planned minute in UTC; only `{"success", "slot": None}` when there is
        nothing to run: the schedule is gone, or another message was here first.
    """
    slot, schedule = _open_slot(context, name)
    if slot is None or schedule is None:
        return {"success": True, "slot": None}
    plan = Plan(
        mode=schedule.mode,
        selection=_selection(context, schedule, slot),
        by=RequestedBy(f"schedule:{name}@{schedules.slot_name(slot)}"),
        once=True,
    )
    counts = request_all(context, plan)
    context.database.transact(
        lambda connection: _finish(context, connection, name, slot, counts["matched"] - counts["skippedSpam"])
    )
    return {"success": True, "slot": schedules.slot_name(slot), **counts}


def _open_slot(context: Context, name: str) -> tuple[datetime | None, Schedule | None]:
    """The latest planned minute since the schedule was made, unless it has been run."""
    with context.database.read() as connection:
        schedule = schedules.find_schedule(connection, name)
        if schedule is None:
            log.info("schedule_gone")
            return None, None
        until = context.clock() + SKEW
        slot = read_cron(schedule.cron).latest(context.settings.time_zone, after=schedule.created_at, until=until)
        ended = slot is None or schedules.has_run(connection, name, slot)
    return None if ended else slot, schedule


def _selection(context: Context, schedule: Schedule, slot: datetime) -> Selection:
    selection = read_where(schedule.where, context.settings.time_zone)
    if schedule.window_hours is None:
        return selection
    return Selection(selection.conditions, touched_since=slot - timedelta(hours=schedule.window_hours))


def _finish(context: Context, connection: Connection, name: str, slot: datetime, requested: int) -> None:
    if schedules.find_schedule(connection, name, lock=True) is None:
        return  # removed meanwhile, and its minutes with it
    kept = timedelta(days=context.settings.results_kept_days)
    now = context.clock()
    schedules.finish_slot(connection, name, slot, requested=requested, now=now, forget_before=slot - kept)


def _read_name(value: object) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise Wrong(ErrorCode.INVALID_VALUE, "must be 1 to 100 letters, digits, dots, hyphens or underscores")
    return value


def _read_window(value: object) -> int | None:
    if value is not None and type(value) is not int:
        raise Wrong(ErrorCode.INVALID_TYPE, "must be a whole number of hours")
    if isinstance(value, int) and not 0 < value <= LONGEST_WINDOW:
        raise Wrong(ErrorCode.INVALID_VALUE, f"must be from 1 to {LONGEST_WINDOW}")
    return value
