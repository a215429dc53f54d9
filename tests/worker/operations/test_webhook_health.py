"""Endpoints that fail: tried ever more rarely, switched off after days, and nothing of theirs is lost."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from tests.worker.operations.conftest import Add, World
from tests.worker.operations.receivers import OK, Receiver, change, listen, run, run_all, status
from worker.domain.words import DisabledReason
from worker.operations.dead import retry_dead
from worker.operations.inspection.batch import show_batch
from worker.operations.publish import publish
from worker.operations.webhook_endpoints import (
    disable_endpoint,
    enable_endpoint,
    list_endpoints,
    remove_endpoint,
)
from worker.storage.deliveries import give_up_deliveries
from worker.storage.endpoints import switch_off
from worker.storage.tables import AttemptRow, DeadLetterRow, DeliveryRow, EndpointRow, OutboxRow


def endpoint(world: World) -> dict[str, object]:
    (found,) = list_endpoints(world.context)
    return found


def fail_for_days(world: World, add_tickets: Add, receiver: Receiver) -> None:
    """Endpoint `a` has only failed for as long as it may, and two more deliveries wait for it."""
    world.with_settings(webhook_retry_delays=[timedelta(days=1)] * 9)
    listen(world, receiver, "a")
    receiver.answers["a"] = [status(500)]
    add_tickets(1, 2, 3)
    change(world, 1)
    run_all(world)
    world.now += world.context.settings.webhook_disable_after
    change(world, 2)
    change(world, 3)


def test_an_endpoint_that_only_failed_for_days_is_switched_off_with_a_record(
    world: World, add_tickets: Add, receiver: Receiver
) -> None:
    fail_for_days(world, add_tickets, receiver)
    run(world, world.sent[-2])

    assert (endpoint(world)["state"], endpoint(world)["disabledReason"]) == ("disabled", "failing")
    record = next(letter for letter in world.rows(DeadLetterRow) if letter["kind"] == "endpoint")
    assert (record["reason"], record["subject"]) == ("failing", "a")
    assert {row["state"] for row in world.rows(DeliveryRow)} == {"dead"}
    assert {row["error"] for row in world.rows(DeliveryRow)} == {"endpoint_disabled"}
    assert sum(letter["kind"] == "webhook" for letter in world.rows(DeadLetterRow)) == 3


def test_an_endpoint_is_not_switched_off_while_it_takes_something(
    world: World, add_tickets: Add, receiver: Receiver
) -> None:
    fail_for_days(world, add_tickets, receiver)
    receiver.answers["a"] = [OK, status(500)]

    run_all(world)

    assert (endpoint(world)["state"], endpoint(world)["disabledReason"]) == ("failing", None)
    assert endpoint(world)["failingSince"] == "2026-11-28 12:00:00"


def test_what_was_given_up_goes_again_when_the_endpoint_is_back(
    world: World, add_tickets: Add, receiver: Receiver
) -> None:
    fail_for_days(world, add_tickets, receiver)
    run_all(world)
    receiver.answers["a"] = [OK]
    receiver.got.clear()

    assert retry_dead(world.context)["kept"] == []  # the endpoint's letter switches it on
    run_all(world)

    assert sorted(receiver.tickets("a")) == [1, 2, 3]
    assert world.rows(DeadLetterRow) == []


def test_what_waits_is_given_up_part_by_part(world: World, add_tickets: Add, receiver: Receiver) -> None:
    listen(world, receiver, "a", "b")
    add_tickets(*range(1, 6))
    change(world, *range(1, 6))
    parts: list[int] = []

    with world.context.database.write() as connection:
        switch_off(connection, "a", DisabledReason.BY_COMMAND, world.now)
        after = 0
        while rows := give_up_deliveries(connection, "x", now=world.now, limit=2, after=after, endpoint_id="a"):
            parts.append(len(rows))
            after = rows[-1]["sequence"]

    assert parts == [2, 2, 1]
    states = {(row["endpoint_id"], row["state"], row["error"]) for row in world.rows(DeliveryRow)}
    assert states == {("a", "dead", "x"), ("b", "waiting", None)}


@pytest.mark.parametrize("act", [disable_endpoint, remove_endpoint])
def test_an_endpoint_that_is_switched_off_gets_nothing_more_and_each_delivery_says_so(
    world: World, add_tickets: Add, receiver: Receiver, act: object
) -> None:
    listen(world, receiver, "a")
    add_tickets(1, 2)
    batch_id = str(world.patch({"id": 1, "status": "closed"})["batchId"])

    (act)(world.context, "a")  # type: ignore[operator]
    change(world, 2)
    run_all(world)

    assert receiver.got == []
    (webhook,) = show_batch(world.context, batch_id)["webhooks"]
    assert (webhook["endpointId"], webhook["state"], webhook["error"]) == ("a", "dead", "endpoint_disabled")
    assert world.rows(OutboxRow) == []
    letter = world.rows(DeadLetterRow)[0]["id"]
    assert retry_dead(world.context)["kept"] == [{"id": letter, "reason": "endpoint_disabled"}]


def test_what_was_missed_can_be_tried_again_after_enabling(world: World, add_tickets: Add, receiver: Receiver) -> None:
    listen(world, receiver, "a")
    add_tickets(1)
    change(world, 1)
    disable_endpoint(world.context, "a")

    enable_endpoint(world.context, "a")
    retry_dead(world.context)
    run_all(world)

    assert receiver.tickets("a") == [1]


def test_what_was_queued_while_an_endpoint_went_is_given_up_when_its_turn_comes(
    world: World, add_tickets: Add, receiver: Receiver
) -> None:
    listen(world, receiver, "a")
    add_tickets(1)
    message = change(world, 1)
    listen(world, receiver, "a", enabled=False)

    assert run(world, message) == {}

    assert [(row["state"], row["error"]) for row in world.rows(DeliveryRow)] == [("dead", "endpoint_disabled")]
    assert world.rows(OutboxRow) == []


def test_a_removed_endpoint_forgets_its_secrets_and_comes_back_by_loading(
    world: World, add_tickets: Add, receiver: Receiver
) -> None:
    listen(world, receiver, "a")
    remove_endpoint(world.context, "a")
    assert [row["secret"] for row in world.rows(EndpointRow)] == [""]
    assert list_endpoints(world.context) == []

    listen(world, receiver, "a")
    add_tickets(1)
    run(world, change(world, 1))

    assert receiver.tickets("a") == [1]


def test_loading_again_does_not_switch_on_what_somebody_switched_off(world: World, receiver: Receiver) -> None:
    listen(world, receiver, "a")
    disable_endpoint(world.context, "a")

    listen(world, receiver, "a")

    assert endpoint(world)["disabledReason"] == "by_command"


def test_a_receiver_that_asks_for_patience_gets_nothing_else_meanwhile(
    world: World, add_tickets: Add, receiver: Receiver
) -> None:
    listen(world, receiver, "a")
    receiver.answers["a"] = [status(429, Retry_After="90"), OK]
    add_tickets(1, 2)
    run(world, change(world, 1))
    message = change(world, 2)

    world.pass_time(seconds=89)
    assert run(world, message) == {}
    world.pass_time(seconds=1)
    assert run(world, message) == {"delivered": 1}
    assert receiver.tickets("a") == [1, 2]


def test_an_endpoint_without_an_answer_is_tried_ever_more_rarely(
    world: World, add_tickets: Add, receiver: Receiver
) -> None:
    world.with_settings(webhook_retry_delays=[timedelta(seconds=1)] * 100)
    listen(world, receiver, "a", url="http://127.0.0.1:1/")  # nobody listens there
    add_tickets(*range(1, 31))
    message = change(world, *range(1, 31))

    for _ in range(60):
        run(world, message)
        world.pass_time(seconds=5)

    at = sorted(row["at"] for row in world.rows(AttemptRow))
    pauses = [later - earlier for earlier, later in pairwise(at)]
    assert pauses[0] == timedelta(seconds=5)
    assert pauses == sorted(pauses)
    assert len(at) < 12
    assert endpoint(world)["failingSince"] == "2026-11-23 12:00:00"


@pytest.mark.parametrize("jump", [timedelta(days=30), timedelta(days=-30)])
def test_a_clock_that_jumps_loses_nothing(world: World, add_tickets: Add, receiver: Receiver, jump: timedelta) -> None:
    listen(world, receiver, "a")
    receiver.answers["a"] = [OK, status(500), OK]
    add_tickets(1, 2)
    run(world, change(world, 1))
    run(world, change(world, 2))

    world.now += jump
    change(world, 1, priority="low")
    run_all(world)
    world.now += max(-jump, timedelta()) + timedelta(minutes=10)
    for _ in range(3):
        publish(world.context)
        run_all(world)
        world.pass_time(seconds=10)

    assert {row["state"] for row in world.rows(DeliveryRow)} == {"delivered"}
    assert sorted(receiver.tickets("a")) == [1, 1, 2, 2]
