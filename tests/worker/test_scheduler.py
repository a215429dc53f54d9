from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from config.settings import Settings
from worker.app import make_app
from worker.scheduler import PAUSE, Scheduler


@pytest.fixture
def client(valkey_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(valkey_url) as client:
        yield client


def scheduler(url: str) -> Scheduler:
    app = make_app(lambda: Settings(redis_url=url), include=())
    return Scheduler(app, lazy=True)


def leads(*beats: Scheduler) -> list[bool]:
    for beat in beats:
        beat.tick()
    return [beat.leads for beat in beats]


def sent(client: redis.Redis) -> object:
    return client.llen("upkeep")


@pytest.fixture
def one(valkey_url: str) -> Scheduler:
    beat = scheduler(valkey_url)
    beat.setup_schedule()
    return beat


@pytest.fixture
def other(valkey_url: str) -> Scheduler:
    return scheduler(valkey_url)


def test_of_two_beats_one_leads_and_goes_on_leading(one: Scheduler, other: Scheduler) -> None:
    assert leads(one, other) == [True, False]
    assert leads(other, one) == [False, True]


def test_a_beat_that_waits_sends_nothing(client: redis.Redis, one: Scheduler, other: Scheduler) -> None:
    assert leads(one) == [True]
    client.delete("upkeep")
    client.hdel("tickets.beat:tasks.outbox.relay", "meta")  # never run, thus due
    client.zadd("tickets.beat::schedule", {"tickets.beat:tasks.outbox.relay": 0})
    assert other.tick() == PAUSE
    assert sent(client) == 0
    one.tick()
    assert sent(client) == 1


def test_another_beat_takes_over_when_the_leader_gives_no_sign_of_life(
    client: redis.Redis, one: Scheduler, other: Scheduler
) -> None:
    assert leads(one, other) == [True, False]
    client.delete("tickets.beat:lead")  # what time does to it
    assert leads(other, one) == [True, False]


def test_another_beat_takes_over_at_once_when_the_leader_ends(one: Scheduler, other: Scheduler) -> None:
    assert leads(one, other) == [True, False]
    one.close()
    assert leads(other) == [True]


def test_a_beat_that_does_not_lead_ends_without_harm_to_the_leader(one: Scheduler, other: Scheduler) -> None:
    assert leads(one, other) == [True, False]
    other.close()
    assert leads(one) == [True]


def test_a_lead_ends_by_itself(client: redis.Redis, one: Scheduler) -> None:
    assert leads(one) == [True]
    assert 0 < client.pttl("tickets.beat:lead") <= 15_000


def test_a_beat_waits_while_the_server_is_away(client: redis.Redis, one: Scheduler) -> None:
    assert leads(one) == [True]
    client.config_set("maxclients", 1)  # as a full server, it takes nobody new
    one._lead.redis.connection_pool.disconnect()
    one.app.redbeat_redis.connection_pool.disconnect()
    try:
        assert one.tick() == PAUSE
    finally:
        client.config_set("maxclients", 10_000)
    assert leads(one) == [True]


def test_an_emptied_server_gets_the_schedule_back(client: redis.Redis, one: Scheduler) -> None:
    assert leads(one) == [True]
    client.flushall()

    one.tick()
    one.tick()

    assert client.exists("tickets.beat:tasks.outbox.relay", "tickets.beat:tasks.upkeep.sync_schedules") == 2
