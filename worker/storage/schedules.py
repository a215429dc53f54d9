"""Schedules of re-runs, and the slots of each that have been run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select

from worker.domain.words import RefreshMode
from worker.storage.bulk import insert_rows
from worker.storage.tables import ScheduleFireRow, ScheduleRow

SLOT_FORM = "%Y-%m-%dT%H:%MZ"
"""A slot's name: its planned minute in UTC, so that names sort like moments."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A scheduled re-run. `where` is the filter as it was given, `window_hours` None or how far back it looks."""

    name: str
    cron: str
    mode: RefreshMode
    where: Mapping[str, object]
    window_hours: int | None
    created_at: datetime


_COLUMNS = [getattr(ScheduleRow, name) for name in Schedule.__dataclass_fields__]


def slot_name(slot: datetime) -> str:
    """The name of a planned minute."""
    return slot.astimezone(UTC).strftime(SLOT_FORM)


def add_schedule(connection: Connection, schedule: Schedule) -> None:
    """Write a schedule whose name is free."""
    connection.execute(insert(ScheduleRow).values(**asdict(schedule) | {"mode": schedule.mode.value}))


def find_schedule(connection: Connection, name: str, *, lock: bool = False) -> Schedule | None:
    """The schedule of that name; with `lock` it stays until the transaction ends."""
    statement = select(*_COLUMNS).where(ScheduleRow.name == name)
    row = connection.execute(statement.with_for_update() if lock else statement).one_or_none()
    return None if row is None else _schedule(row)


def all_schedules(connection: Connection) -> list[Schedule]:
    """Every schedule, by name."""
    return [_schedule(row) for row in connection.execute(select(*_COLUMNS).order_by(ScheduleRow.name))]


def _schedule(row: Row[Any]) -> Schedule:
    return Schedule(**{**row._mapping, "mode": RefreshMode(row.mode)})  # noqa: SLF001 - the documented mapping of a row


def remove_schedule(connection: Connection, name: str) -> bool:
    """Forget a schedule and its slots; whether there was one."""
    return connection.execute(delete(ScheduleRow).where(ScheduleRow.name == name)).rowcount > 0


def last_slots(connection: Connection) -> dict[str, datetime]:
    """The latest slot that each schedule has finished."""
    query = select(ScheduleFireRow.name, func.max(ScheduleFireRow.slot)).group_by(ScheduleFireRow.name)
    return {name: datetime.strptime(slot, SLOT_FORM).replace(tzinfo=UTC) for name, slot in connection.execute(query)}


def has_run(connection: Connection, name: str, slot: datetime) -> bool:
    """Whether a slot is finished."""
    found = select(ScheduleFireRow.name).where(ScheduleFireRow.name == name, ScheduleFireRow.slot == slot_name(slot))
    return connection.execute(found).first() is not None


def finish_slot(
    connection: Connection, name: str, slot: datetime, *, requested: int, now: datetime, forget_before: datetime
) -> None:
    """Write that a slot of an existing schedule is finished, and forget those before `forget_before`."""
    row = {"name": name, "slot": slot_name(slot), "requested": requested, "at": now}
    insert_rows(connection, ScheduleFireRow, [row], skip_existing=True)
    old = ScheduleFireRow.slot < slot_name(forget_before)
    connection.execute(delete(ScheduleFireRow).where(ScheduleFireRow.name == name, old))
