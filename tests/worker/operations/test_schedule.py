"""Scheduled re-runs: kept, listed, removed, and each planned minute run to its end once, on both databases."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from tests.worker.operations.conftest import START, Add, World
from worker.domain.words import RunState
from worker.operations.arguments import RefusedArguments
from worker.operations.inspection.unknown import Unknown
from worker.operations.rerun import rerun
from worker.operations.schedule import add_schedule, list_schedules, remove_schedule, run_schedule
from worker.storage.outbox import Message
from worker.storage.tables import Base, RefreshRunRow, ScheduleFireRow, ScheduleRow

AddSchedule = Callable[..., dict[str, object]]
NOTHING = {"success": True, "slot": None}


@pytest.fixture
def add(world: World) -> AddSchedule:
    """Adds a schedule of every full hour, unless told otherwise."""

    def add(name: str = "hourly", **changes: Any) -> dict[str, object]:  # noqa: ANN401
        given = {"name": name, "cron": "0 * * * *", "mode": "tags", "where": {}} | changes
        return add_schedule(world.context, **given)

    return add


def rows_of(world: World, model: type[Base]) -> list[dict[str, Any]]:
    with world.context.database.read() as connection:
        return [dict(row) for row in connection.execute(select(model.__table__)).mappings()]


def requested(world: World) -> list[int]:
    return sorted(run["ticket_id"] for run in rows_of(world, RefreshRunRow))


def end_runs(world: World) -> None:
    with world.context.database.write() as connection:
        connection.execute(update(RefreshRunRow).values(state=RunState.DONE.value))


def test_a_schedule_is_listed_as_it_was_added(world: World, add: AddSchedule) -> None:
    where = {"status": ["open"], "spamStatus": {"not": "manual_spam"}}
    shown = add("nightly", cron=" 30  2 * * MON ", mode="full", where=where, window_hours=24)
    assert shown == {
        "name": "nightly",
        "cron": "30 2 * * mon",
        "mode": "full",
        "where": where,
        "windowHours": 24,
        "lastSlot": None,
        "nextSlot": "2026-11-30 02:30:00",
    }
    assert list_schedules(world.context) == [shown]


def test_schedules_are_listed_by_name_with_their_slots(world: World, add: AddSchedule) -> None:
    add("b")
    add("a")
    world.pass_time(hours=1)
    run_schedule(world.context, "b")
    told = {str(one["name"]): (one["lastSlot"], one["nextSlot"]) for one in list_schedules(world.context)}
    assert list(told) == ["a", "b"]
    assert told == {"a": (None, "2026-11-23 14:00:00"), "b": ("2026-11-23 13:00:00", "2026-11-23 14:00:00")}


def test_the_same_schedule_again_changes_nothing(world: World, add: AddSchedule) -> None:
    add(where={"status": "open"})
    before = rows_of(world, ScheduleRow)
    world.pass_time(minutes=5)
    add(where={"status": "open"})
    assert rows_of(world, ScheduleRow) == before


@pytest.mark.parametrize(
    "change", [{"cron": "1 * * * *"}, {"mode": "full"}, {"where": {"status": "open"}}, {"window_hours": 3}]
)
def test_a_name_that_is_taken_is_refused_for_another_schedule(
    world: World, add: AddSchedule, change: dict[str, Any]
) -> None:
    add()
    before = rows_of(world, ScheduleRow)
    with pytest.raises(RefusedArguments, match="conflicting_fields: name"):
        add(**change)
    assert rows_of(world, ScheduleRow) == before


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "a b"}, "name"),
        ({"name": "../x"}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "x\n"}, "name"),
        ({"name": None}, "name"),
        ({"cron": "61 * * * *"}, "cron"),
        ({"cron": None}, "cron"),
        ({"mode": "everything"}, "mode"),
        ({"where": {"status": "opne"}}, "where.status"),
        ({"where": None}, "where"),
        ({"window_hours": 0}, "window_hours"),
        ({"window_hours": True}, "window_hours"),
        ({"window_hours": "24"}, "window_hours"),
        ({"window_hours": 10**9}, "window_hours"),
    ],
)
def test_a_wrong_schedule_is_refused_with_its_path(
    world: World, add: AddSchedule, change: dict[str, Any], field: str
) -> None:
    with pytest.raises(RefusedArguments) as caught:
        add(**change)
    assert [error.field for error in caught.value.errors] == [field]
    assert rows_of(world, ScheduleRow) == []


def test_a_removed_schedule_is_gone_with_its_slots(world: World, add: AddSchedule) -> None:
    add()
    world.pass_time(hours=1)
    run_schedule(world.context, "hourly")
    remove_schedule(world.context, "hourly")
    assert list_schedules(world.context) == []
    assert rows_of(world, ScheduleFireRow) == []
    assert run_schedule(world.context, "hourly") == NOTHING


def test_removing_what_is_not_there_is_told(world: World) -> None:
    with pytest.raises(Unknown) as caught:
        remove_schedule(world.context, "nightly")
    assert caught.value.code == "schedule_not_found"


def test_a_planned_minute_asks_for_the_matching_tickets(world: World, add: AddSchedule, add_tickets: Add) -> None:
    add(mode="full", where={"status": "open"})
    add_tickets(1, 2)
    add_tickets(3, status="closed")
    add_tickets(4, spam_status="auto_spam")
    world.pass_time(hours=1)
    assert run_schedule(world.context, "hourly") == {
        "success": True,
        "slot": "2026-11-23T13:00Z",
        "matched": 3,
        "scheduled": 2,
        "merged": 0,
        "skippedSpam": 1,
    }
    assert {(run["ticket_id"], run["mode"], run["requested_by"]) for run in rows_of(world, RefreshRunRow)} == {
        (1, "full", "schedule:hourly@2026-11-23T13:00Z"),
        (2, "full", "schedule:hourly@2026-11-23T13:00Z"),
    }
    assert [(row["slot"], row["requested"]) for row in rows_of(world, ScheduleFireRow)] == [("2026-11-23T13:00Z", 2)]
    assert len(world.sent) == 1


def test_a_new_schedule_does_not_run_for_minutes_before_it(world: World, add: AddSchedule, add_tickets: Add) -> None:
    add_tickets(1)
    add()
    world.pass_time(minutes=59)
    assert run_schedule(world.context, "hourly") == NOTHING
    assert requested(world) == []


def test_a_minute_fired_twice_runs_once(world: World, add: AddSchedule, add_tickets: Add) -> None:
    add()
    add_tickets(1)
    world.pass_time(hours=1)
    run_schedule(world.context, "hourly")
    end_runs(world)
    world.pass_time(minutes=2)
    assert run_schedule(world.context, "hourly") == NOTHING
    assert requested(world) == [1]


def test_each_minute_runs_anew(world: World, add: AddSchedule, add_tickets: Add) -> None:
    add()
    add_tickets(1)
    for _ in range(3):
        world.pass_time(hours=1)
        assert run_schedule(world.context, "hourly")["scheduled"] == 1
        end_runs(world)
    assert requested(world) == [1, 1, 1]
    assert len(rows_of(world, ScheduleFireRow)) == 3


def test_of_several_missed_minutes_the_latest_stands_for_all(world: World, add: AddSchedule, add_tickets: Add) -> None:
    add()
    add_tickets(1)
    world.pass_time(hours=5, minutes=20)
    assert run_schedule(world.context, "hourly")["slot"] == "2026-11-23T17:00Z"
    assert run_schedule(world.context, "hourly") == NOTHING


def test_a_clock_a_little_behind_that_of_beat_misses_no_minute(
    world: World, add: AddSchedule, add_tickets: Add
) -> None:
    add()
    add_tickets(1)
    world.pass_time(minutes=59, seconds=58)
    assert run_schedule(world.context, "hourly")["slot"] == "2026-11-23T13:00Z"
    world.pass_time(seconds=3)
    assert run_schedule(world.context, "hourly") == NOTHING


def test_a_cron_line_is_read_in_the_configured_time_zone(world: World, add: AddSchedule) -> None:
    world.with_settings(time_zone=ZoneInfo("Europe/Berlin"))
    shown = add("nightly", cron="0 2 * * *")
    assert shown["nextSlot"] == "2026-11-24 02:00:00"
    world.now = datetime(2026, 11, 24, 1, tzinfo=UTC)
    assert run_schedule(world.context, "nightly")["slot"] == "2026-11-24T01:00Z"


def test_a_window_leaves_only_tickets_created_or_modified_in_it(
    world: World, add: AddSchedule, add_tickets: Add
) -> None:
    slot = START + timedelta(hours=1)
    add(window_hours=6)
    add_tickets(1, created_at=slot - timedelta(hours=7))
    add_tickets(2, created_at=slot - timedelta(hours=6))
    add_tickets(3, created_at=slot - timedelta(days=9), modified_at=slot - timedelta(hours=1))
    add_tickets(4, created_at=slot - timedelta(days=9), modified_at=slot - timedelta(hours=7))
    world.now = slot + timedelta(minutes=10)  # the window belongs to the planned minute, not to when it is worked off
    run_schedule(world.context, "hourly")
    assert requested(world) == [2, 3]


class Killed(BaseException):
    """What ends a process between two pages."""


def test_a_minute_that_was_cut_off_goes_on_where_it_stopped(world: World, add: AddSchedule, add_tickets: Add) -> None:
    world.with_settings(chunk_size=2)
    add()
    add_tickets(*range(1, 8))
    world.pass_time(hours=1)
    pages = itertools.count(1)

    def die_at_the_third(_: Sequence[Message]) -> None:
        if next(pages) > 2:
            raise Killed

    with pytest.raises(Killed):
        run_schedule(replace(world.context, send=die_at_the_third), "hourly")
    assert requested(world) == [1, 2, 3, 4, 5, 6]
    assert rows_of(world, ScheduleFireRow) == []
    end_runs(world)
    world.pass_time(minutes=3)
    again = run_schedule(world.context, "hourly")
    assert (again["slot"], again["matched"], again["scheduled"]) == ("2026-11-23T13:00Z", 7, 1)
    assert requested(world) == list(range(1, 8))
    assert [row["requested"] for row in rows_of(world, ScheduleFireRow)] == [7]


def test_two_processes_run_a_minute_once(world: World, add: AddSchedule, add_tickets: Add) -> None:
    world.with_settings(chunk_size=5)
    add()
    add_tickets(*range(1, 41))
    world.pass_time(hours=1)
    start = threading.Barrier(2)

    def work() -> None:
        start.wait()
        run_schedule(world.context, "hourly")

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert requested(world) == list(range(1, 41))
    assert [row["requested"] for row in rows_of(world, ScheduleFireRow)] == [40]


def test_a_person_asks_again_for_what_a_schedule_asked_for(world: World, add: AddSchedule, add_tickets: Add) -> None:
    add()
    add_tickets(1)
    world.pass_time(hours=1)
    run_schedule(world.context, "hourly")
    end_runs(world)
    assert rerun(world.context, mode="tags", where={})["scheduled"] == 1


def test_a_schedule_removed_while_it_runs_leaves_no_slot(world: World, add: AddSchedule, add_tickets: Add) -> None:
    add()
    add_tickets(1)
    world.pass_time(hours=1)
    removing = replace(world.context, send=lambda _: remove_schedule(world.context, "hourly"))
    assert run_schedule(removing, "hourly")["scheduled"] == 1
    assert rows_of(world, ScheduleFireRow) == []


def test_old_slots_are_forgotten_and_the_latest_never(world: World, add: AddSchedule) -> None:
    world.with_settings(results_kept_days=1)
    add(cron="0 13 * * *")
    for _ in range(4):
        world.now = START + timedelta(hours=1) if not rows_of(world, ScheduleFireRow) else world.now + timedelta(days=1)
        run_schedule(world.context, "hourly")
    slots = sorted(row["slot"] for row in rows_of(world, ScheduleFireRow))
    assert slots == ["2026-11-25T13:00Z", "2026-11-26T13:00Z"]
