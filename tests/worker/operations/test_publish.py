"""Outbox rows leave for the broker, at least once, whatever is away."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from kombu.exceptions import OperationalError
from redis.exceptions import ConnectionError as RedisConnectionError
from structlog.testing import capture_logs

from tests.worker.operations.conftest import World
from worker.operations.publish import publish
from worker.storage.outbox import Message, add_messages
from worker.storage.tables import OutboxRow

TASK = "tasks.refresh.tags"


def write(world: World, count: int, due_in: timedelta = timedelta()) -> list[str]:
    arguments = [{"run_ids": [str(number)]} for number in range(count)]
    with world.context.database.write() as connection:
        return add_messages(connection, TASK, arguments, now=world.now, due_at=world.now + due_in)


def test_what_is_due_is_sent_with_its_task_and_arguments(world: World) -> None:
    (message_id,) = write(world, 1)
    write(world, 1, due_in=timedelta(seconds=1))

    assert publish(world.context) == 1

    assert world.sent == [Message(message_id, TASK, {"run_ids": ["0"]})]


def test_the_fast_path_sends_its_own_messages_alone(world: World) -> None:
    write(world, 2)
    ids = write(world, 3)

    assert publish(world.context, ids) == 3

    assert {message.id for message in world.sent} == set(ids)
    assert publish(world.context, []) == 0


def test_a_message_whose_work_has_not_ended_is_sent_again(world: World) -> None:
    world.with_settings(resend_after=timedelta(minutes=5))
    write(world, 1)
    publish(world.context)

    world.pass_time(minutes=4)
    assert publish(world.context) == 0
    world.pass_time(minutes=1)
    assert publish(world.context) == 1

    assert len({message.id for message in world.sent}) == 1
    assert [row["sent"] for row in world.rows(OutboxRow)] == [2]


@pytest.mark.parametrize("error", [OperationalError(), RedisConnectionError(), ConnectionRefusedError()])
def test_a_broker_that_is_away_costs_a_sweep_and_no_message(world: World, error: Exception) -> None:
    ids = write(world, 3)
    arrived: list[str] = []

    def send(messages: Sequence[Message]) -> None:
        arrived.append(messages[0].id)
        raise error

    broken = replace(world.context, send=send)
    with capture_logs() as lines:
        assert publish(broken, ids) == 0

    assert lines == [{"event": "outbox_not_sent", "log_level": "warning", "messages": 3, "error": type(error).__name__}]
    world.now += world.context.settings.relay_interval
    assert publish(world.context) == 3
    assert {message.id for message in world.sent} == set(ids) >= set(arrived)


def test_an_error_of_our_own_is_not_taken_for_a_broker_s(world: World) -> None:
    write(world, 1)

    def send(_: Sequence[Message]) -> None:
        raise KeyError

    with pytest.raises(KeyError):
        publish(replace(world.context, send=send))


def test_a_backlog_leaves_oldest_first_some_at_a_time(world: World) -> None:
    late = write(world, 2)
    with world.context.database.write() as connection:
        early = add_messages(connection, TASK, [{}], now=world.now, due_at=world.now - timedelta(hours=1))

    assert publish(world.context, limit=2) == 2
    assert world.sent[0].id == early[0]
    assert publish(world.context, limit=2) == 1
    assert {message.id for message in world.sent} == {*early, *late}


def test_relays_at_the_same_time_send_each_message_once(world: World) -> None:
    ids = write(world, 60)
    start = threading.Barrier(4)

    def sweep() -> None:
        start.wait()
        while publish(world.context, limit=5):
            pass

    threads = [threading.Thread(target=sweep) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(message.id for message in world.sent) == sorted(ids)
