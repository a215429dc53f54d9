"""Outbox rows leave for the broker, at least once, whatever is away."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from kombu.exceptions import OperationalError
from redis.exceptions import ConnectionError as RedisConnectionError
from structlog.testing import capture_logs

from tests.worker.operations.conftest import Add, World
from worker.domain.words import Lane, RefreshMode
from worker.operations.publish import publish
from worker.storage.outbox import Message, add_messages, finish_message, postpone_messages
from worker.storage.runs import claim_runs
from worker.storage.tables import OutboxRow

TASK = "tasks.refresh.tags"


def write(world: World, count: int, due_in: timedelta = timedelta(), **options: Any) -> list[str]:  # noqa: ANN401
    arguments = [{"run_ids": [str(number)]} for number in range(count)]
    with world.context.database.write() as connection:
        return add_messages(connection, TASK, arguments, now=world.now, due_at=world.now + due_in, **options)


def states(world: World) -> Counter[str]:
    return Counter(row["state"] for row in world.rows(OutboxRow))


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


def test_the_sweep_takes_the_interactive_lane_first(world: World) -> None:
    write(world, 2, due_in=timedelta(hours=-1), lane=Lane.BULK)
    quick = write(world, 2)

    assert publish(world.context, limit=3) == 3

    assert {message.id for message in world.sent[:2]} == set(quick)
    assert [message.lane for message in world.sent] == ["interactive", "interactive", "bulk"]


def test_of_a_batch_only_as_many_leave_as_its_window_holds(world: World) -> None:
    context = world.with_settings(batch_window=3)
    ids = write(world, 5, batch_id="one")
    alone = write(world, 5)

    assert publish(context, ids) == 3
    assert publish(context, alone) == 5
    assert publish(context) == 0

    assert states(world) == {"sent": 8, "held": 2}


def test_a_message_that_ends_lets_the_next_one_leave_at_once(world: World, add_tickets: Add) -> None:
    context = world.with_settings(batch_window=2)
    add_tickets(*range(1, 6))
    messages = []
    for ticket_id in range(1, 6):
        messages += world.request(RefreshMode.TAGS_RULE_BASED, ticket_id, batch_id="one")
        world.pass_time(seconds=1)
    publish(context, [message.id for message in messages])

    for at, message in enumerate(messages):
        assert states(world)["sent"] <= 2
        assert world.sent[at].id == message.id
        world.run(world.sent[at])

    assert len(world.sent) == 5
    assert world.rows(OutboxRow) == []


def test_a_message_that_is_postponed_lets_the_next_one_leave_at_once(world: World, add_tickets: Add) -> None:
    context = world.with_settings(batch_window=1)
    add_tickets(1, 2)
    (first,) = world.request(RefreshMode.TAGS_RULE_BASED, 1, batch_id="one")
    world.pass_time(seconds=1)
    (second,) = world.request(RefreshMode.TAGS_RULE_BASED, 2, batch_id="one")
    publish(context, [first.id, second.id])
    (other,) = world.request(RefreshMode.AGENTS, 1)
    with context.database.write() as connection:
        later = world.now + timedelta(minutes=1)
        assert claim_runs(connection, other.arguments["run_ids"], now=world.now, lease_until=later)

    assert world.run(first) == {}

    assert [message.id for message in world.sent] == [first.id, second.id]
    assert {row["id"]: row["state"] for row in world.rows(OutboxRow) if row["batch_id"]} == {
        first.id: "postponed",
        second.id: "sent",
    }


def test_what_was_postponed_leaves_at_its_time_and_only_when_there_is_room(world: World) -> None:
    context = world.with_settings(batch_window=2, resend_after=timedelta(hours=1))
    ids = write(world, 4, batch_id="one")
    with context.database.write() as connection:
        postpone_messages(connection, ids[:2], world.now + timedelta(minutes=1))
    publish(context, ids)
    world.pass_time(minutes=2)

    assert publish(context) == 0
    with context.database.write() as connection:
        finish_message(connection, ids[2])
    assert publish(context) == 1

    assert states(world) == {"sent": 2, "postponed": 1}


def test_the_sweep_fills_a_window_that_nobody_filled(world: World) -> None:
    """A process may die between the end of a message and the next one's leaving."""
    context = world.with_settings(batch_window=2)
    write(world, 3, batch_id="one")
    write(world, 1, batch_id="other")

    assert publish(context) == 3

    assert states(world) == {"sent": 3, "held": 1}


def test_a_broker_that_is_away_opens_no_window(world: World) -> None:
    def send(_: Sequence[Message]) -> None:
        raise OperationalError

    context = world.with_settings(batch_window=2)
    ids = write(world, 4, batch_id="one")
    assert publish(replace(context, send=send), ids) == 0
    assert publish(context) == 0
    world.now += context.settings.relay_interval

    assert publish(context) == 2

    assert [message.id for message in world.sent] == ids[:2]
    assert states(world) == {"sent": 2, "held": 2}


def test_relays_that_fill_windows_at_the_same_time_send_each_message_once(world: World) -> None:
    context = world.with_settings(batch_window=4)
    ids = write(world, 20, batch_id="one") + write(world, 20, batch_id="other")
    start = threading.Barrier(4)

    def relay() -> None:
        start.wait()
        while len(world.sent) < len(ids):
            before = len(world.sent)
            publish(context)
            for message in world.sent[before:]:
                with context.database.write() as connection:
                    finish_message(connection, message.id)

    threads = [threading.Thread(target=relay) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(message.id for message in world.sent) == sorted(ids)
    assert world.rows(OutboxRow) == []
