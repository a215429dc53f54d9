"""What beat has of the schedules in the database, in a real Redis."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import redis
from pydantic import SecretStr
from redbeat import RedBeatSchedulerEntry

from config.settings import Settings
from worker.app import Application, make_app
from worker.beat_entries import PREFIX, sync_schedules
from worker.context import Context
from worker.domain.words import RefreshMode
from worker.scheduler import Scheduler
from worker.storage.database import Database
from worker.storage.schedules import Schedule, add_schedule, finish_slot, remove_schedule

NOW = datetime.now(UTC).replace(second=0, microsecond=0)
"""Beat reads the machine's clock, so these tests live in the present."""

DAY = timedelta(days=1)
BEAT = "tickets.beat:"
DAILY = f"{(NOW - timedelta(hours=2)).minute} {(NOW - timedelta(hours=2)).hour} * * *"
"""A line whose last planned minute was two hours ago."""

LAST = NOW - timedelta(hours=2)


@pytest.fixture
def database_kind() -> str:
    """What stands in Redis does not depend on the kind of database."""
    return "sqlite"


@pytest.fixture
def client(valkey_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(valkey_url, decode_responses=True) as client:
        yield client


@pytest.fixture
def context(migrated_database_url: str, valkey_url: str) -> Iterator[Context]:
    database = Database(migrated_database_url)

    def never(*_: object) -> Any:  # noqa: ANN401 - nothing here thinks or sends
        raise AssertionError

    yield Context(
        settings=Settings(database_url=SecretStr(migrated_database_url), redis_url=SecretStr(valkey_url)),
        database=database,
        clock=lambda: datetime.now(UTC),
        jitter=lambda: 0.0,
        engine=never,
        sender=never,
        send=never,
    )
    database.close()


@pytest.fixture
def app(context: Context) -> Application:
    return make_app(lambda: context.settings, include=())


@pytest.fixture
def sync(context: Context, app: Application) -> Callable[[], None]:
    return lambda: sync_schedules(context, app)


Sync = Callable[[], None]


def add(context: Context, name: str, cron: str = DAILY, created_at: datetime = NOW) -> None:
    with context.database.write() as connection:
        add_schedule(connection, Schedule(name, cron, RefreshMode.TAGS, {}, None, created_at))


def remove(context: Context, name: str) -> None:
    with context.database.write() as connection:
        remove_schedule(connection, name)


def finish(context: Context, name: str, slot: datetime) -> None:
    with context.database.write() as connection:
        finish_slot(connection, name, slot, requested=0, now=NOW, forget_before=slot)


def entry(app: Application, name: str) -> Any:  # noqa: ANN401 - redbeat ships no types
    return RedBeatSchedulerEntry.from_key(f"{BEAT}{PREFIX}{name}", app=app)


def names(client: redis.Redis) -> set[str]:
    keys = client.zrange(f"{BEAT}:schedule", 0, -1)
    assert isinstance(keys, list)
    assert all(client.hexists(str(key), "definition") for key in keys)
    return {str(key).removeprefix(BEAT + PREFIX) for key in keys}


def sent(client: redis.Redis) -> list[dict[str, Any]]:
    """The names of schedules that beat has sent to be run, oldest first."""
    messages = client.lrange("upkeep", 0, -1)
    assert isinstance(messages, list)
    return [json.loads(message)["headers"] for message in reversed(messages)]


def tick(app: Application) -> None:
    """Beat looks once at what is due."""
    beat = Scheduler(app, lazy=True)
    beat.tick()
    beat.close()


def test_a_schedule_becomes_an_entry_that_runs_it(context: Context, app: Application, sync: Sync) -> None:
    add(context, "nightly", "30 2 * * mon")
    sync()
    made = entry(app, "nightly")
    assert (made.task, made.kwargs) == ("tasks.upkeep.run_schedule", {"name": "nightly"})
    assert (made.schedule.minute, made.schedule.hour, made.schedule.day_of_week) == ({30}, {2}, {1})


def test_beat_sends_what_is_due(context: Context, app: Application, sync: Sync, client: redis.Redis) -> None:
    add(context, "often", "* * * * *", created_at=NOW - timedelta(minutes=5))
    sync()
    tick(app)
    assert [headers["task"] for headers in sent(client)] == ["tasks.upkeep.run_schedule"]
    tick(app)
    assert len(sent(client)) == 1


def test_a_new_schedule_is_not_due_for_minutes_before_it(
    context: Context, app: Application, sync: Sync, client: redis.Redis
) -> None:
    add(context, "daily", created_at=NOW)
    sync()
    tick(app)
    assert sent(client) == []


def test_a_second_sync_changes_nothing(context: Context, app: Application, sync: Sync, client: redis.Redis) -> None:
    add(context, "often", "* * * * *", created_at=NOW - DAY)
    sync()
    tick(app)
    key = f"{BEAT}{PREFIX}often"
    before = client.hgetall(key), client.zrange(f"{BEAT}:schedule", 0, -1, withscores=True)
    sync()
    assert (client.hgetall(key), client.zrange(f"{BEAT}:schedule", 0, -1, withscores=True)) == before


def test_entries_of_removed_schedules_go_and_those_of_others_stay(
    context: Context, app: Application, sync: Sync, client: redis.Redis
) -> None:
    Scheduler(app, lazy=True).setup_schedule()
    static = names(client)
    add(context, "one")
    add(context, "other")
    sync()
    assert names(client) == {*static, "one", "other"}
    remove(context, "one")
    sync()
    assert names(client) == {*static, "other"}
    assert client.exists(f"{BEAT}{PREFIX}one") == 0
    assert "tasks.outbox.relay" in {name.removeprefix(BEAT) for name in static}


def test_a_start_of_beat_keeps_the_entries(context: Context, app: Application, sync: Sync, client: redis.Redis) -> None:
    add(context, "daily")
    sync()
    Scheduler(app, lazy=True).setup_schedule()
    assert "daily" in names(client)


def test_a_schedule_made_anew_under_the_same_name_replaces_the_entry_and_its_past(
    context: Context, app: Application, sync: Sync
) -> None:
    add(context, "daily", created_at=NOW - DAY)
    sync()
    tick(app)
    remove(context, "daily")
    add(context, "daily", "0 0 1 1 *", created_at=NOW - timedelta(hours=1))
    sync()
    made = entry(app, "daily")
    assert made.schedule.month_of_year == {1}
    assert made.last_run_at == NOW - timedelta(hours=1)


def test_an_emptied_redis_is_filled_again_and_what_has_run_is_not_due(
    context: Context, app: Application, sync: Sync, client: redis.Redis
) -> None:
    add(context, "daily", created_at=NOW - 9 * DAY)
    finish(context, "daily", LAST)
    sync()
    client.flushall()
    sync()
    assert names(client) == {"daily"}
    tick(app)
    assert sent(client) == []


def test_what_was_missed_while_redis_was_empty_is_due_at_once(
    context: Context, app: Application, sync: Sync, client: redis.Redis
) -> None:
    add(context, "daily", created_at=NOW - 9 * DAY)
    finish(context, "daily", LAST - DAY)
    sync()
    tick(app)
    assert len(sent(client)) == 1


def fire_in_the_past(app: Application, name: str, ago: timedelta) -> None:
    """As if beat had fired at that time, and the message had gone."""
    entry(app, name).reschedule(datetime.now(UTC) - ago)


def test_a_minute_that_was_fired_in_vain_is_fired_again(
    context: Context, app: Application, sync: Sync, client: redis.Redis
) -> None:
    add(context, "daily", created_at=NOW - DAY)
    sync()
    fire_in_the_past(app, "daily", context.settings.resend_after * 2)
    tick(app)
    assert sent(client) == []
    sync()
    tick(app)
    assert len(sent(client)) == 1


def test_a_minute_that_is_being_run_is_given_time(
    context: Context, app: Application, sync: Sync, client: redis.Redis
) -> None:
    add(context, "daily", created_at=NOW - DAY)
    sync()
    fire_in_the_past(app, "daily", context.settings.resend_after / 2)
    sync()
    tick(app)
    assert sent(client) == []


def test_a_minute_that_has_run_is_not_fired_again(
    context: Context, app: Application, sync: Sync, client: redis.Redis
) -> None:
    add(context, "daily", created_at=NOW - DAY)
    sync()
    fire_in_the_past(app, "daily", context.settings.resend_after * 2)
    finish(context, "daily", LAST)
    sync()
    tick(app)
    assert sent(client) == []


def test_beat_reads_a_line_in_the_configured_time_zone(context: Context, client: redis.Redis) -> None:
    zone = ZoneInfo("Pacific/Kiritimati")  # 14 hours ahead of UTC, all the year
    there = replace(context, settings=context.settings.model_copy(update={"time_zone": zone}))
    app = make_app(lambda: there.settings, include=())
    app.conf.timezone = str(zone)
    local = LAST.astimezone(zone)
    add(there, "daily", f"{local.minute} {local.hour} * * *", created_at=LAST - timedelta(minutes=1))
    add(there, "wrong", DAILY, created_at=LAST - timedelta(minutes=1))
    sync_schedules(there, app)
    tick(app)
    assert [headers["task"] for headers in sent(client)] == ["tasks.upkeep.run_schedule"]
    assert entry(app, "daily").last_run_at > LAST
