"""Webhooks reach their receivers: signed, in order, once if all goes well, and again if not (contract section 3)."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from tests.services.waiting import wait_until
from tests.worker.operations.conftest import Add, World
from tests.worker.operations.receivers import DELAYS, OK, SECRET, Answer, Receiver, change, listen, run, status
from worker.operations.deliver import AT_ONCE, SOON, deliver
from worker.operations.publish import publish
from worker.storage.tables import AttemptRow, DeadLetterRow, DeliveryRow, OutboxRow
from worker.webhooks.retry import SHORTEST_REST
from worker.webhooks.sending import Sender


def states(world: World) -> list[str]:
    return [row["state"] for row in world.rows(DeliveryRow)]


def due_in(world: World) -> list[timedelta]:
    return [row["due_at"] - world.now for row in world.rows(OutboxRow)]


def test_a_receiver_gets_a_signed_event_and_the_message_is_forgotten(
    world: World, add_tickets: Add, receiver: Receiver
) -> None:
    world.now = datetime.now(UTC)
    listen(world, receiver, "a")
    add_tickets(1)
    message = change(world, 1, subject="Zählerstand")

    assert run(world, message) == {"delivered": 1}

    (request,) = receiver.requests
    event = Webhook(SECRET).verify(request.data, dict(request.headers))
    assert event["changes"] == {"subject": "Zählerstand"}
    (delivery,) = world.rows(DeliveryRow)
    assert request.headers["webhook-id"] == delivery["id"]
    assert (delivery["state"], delivery["status"], delivery["error"]) == ("delivered", 204, None)
    assert (delivery["delivered_at"], delivery["next_attempt_at"], delivery["lease_until"]) == (world.now, None, None)
    assert world.rows(OutboxRow) == []


def test_every_attempt_is_recorded(world: World, add_tickets: Add, receiver: Receiver) -> None:
    listen(world, receiver, "a")
    receiver.answers["a"] = [status(503), OK]
    add_tickets(1)
    message = change(world, 1)

    run(world, message)
    world.pass_time(seconds=5)
    run(world, message)

    first, second = world.rows(AttemptRow)
    assert (first["status"], first["error"], second["status"], second["error"]) == (503, "http_status", 204, None)
    assert second["at"] - first["at"] == timedelta(seconds=5)
    assert 0 <= first["duration_ms"] < 500


def test_each_endpoint_gets_each_event_once(world: World, add_tickets: Add, receiver: Receiver) -> None:
    listen(world, receiver, "a", "b")
    tickets = range(1, 3 * AT_ONCE)
    add_tickets(*tickets)
    message = change(world, *tickets)

    assert run(world, message) == {"delivered": 2 * len(tickets)}

    assert sorted(receiver.tickets("a")) == sorted(receiver.tickets("b")) == list(tickets)


def test_a_failed_one_is_tried_again_with_growing_delays_until_it_is_dead(
    world: World, add_tickets: Add, receiver: Receiver
) -> None:
    listen(world, receiver, "a")
    receiver.answers["a"] = [status(500)]
    add_tickets(1)
    message = change(world, 1)

    for delay in DELAYS:
        assert run(world, message) == {"waiting": 1}
        assert due_in(world) == [delay]
        world.now += delay - timedelta(seconds=1)
        assert run(world, message) == {}
        world.now += timedelta(seconds=1)
    assert run(world, message) == {"dead": 1}

    (delivery,) = world.rows(DeliveryRow)
    assert (delivery["attempts"], delivery["status"], delivery["error"]) == (3, 500, "http_status")
    (letter,) = world.rows(DeadLetterRow)
    assert (letter["kind"], letter["reason"], letter["subject"]) == ("webhook", "http_status", delivery["id"])
    assert letter["detail"] == {"ticketId": 1, "endpointId": "a", "status": 500}
    assert world.rows(OutboxRow) == []
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1


def test_a_receiver_that_asks_for_patience_gets_it(world: World, add_tickets: Add, receiver: Receiver) -> None:
    listen(world, receiver, "a")
    receiver.answers["a"] = [status(429, Retry_After="90")]
    add_tickets(1)

    run(world, change(world, 1))

    assert due_in(world) == [timedelta(seconds=90)]


def test_a_receiver_that_is_gone_is_not_asked_again(world: World, add_tickets: Add, receiver: Receiver) -> None:
    listen(world, receiver, "a")
    receiver.answers["a"] = [status(410)]
    add_tickets(1)

    assert run(world, change(world, 1)) == {"dead": 1}

    assert [letter["detail"]["status"] for letter in world.rows(DeadLetterRow)] == [410]


def test_a_private_address_is_dead_at_once(world: World, add_tickets: Add, receiver: Receiver) -> None:
    listen(world, receiver, "inside", url="http://10.0.0.1/")
    add_tickets(1)

    assert run(world, change(world, 1)) == {"dead": 1}

    assert [letter["reason"] for letter in world.rows(DeadLetterRow)] == ["forbidden_address"]


def test_an_event_waits_for_the_one_before_it(world: World, add_tickets: Add, receiver: Receiver) -> None:
    listen(world, receiver, "a", "b")
    receiver.answers["a"] = [status(500), OK]
    add_tickets(1, 2)
    first, second = change(world, 1, 2, priority="low"), change(world, 1, 2, priority="high")
    run(world, first)
    failed = next(row["ticket_id"] for row in world.rows(DeliveryRow) if row["state"] == "waiting")

    run(world, second)

    said = _said(receiver)
    assert said["b"] == [(1, "high"), (1, "low"), (2, "high"), (2, "low")]
    assert (failed, "high") not in said["a"]
    assert (3 - failed, "high") in said["a"]

    world.now += DELAYS[0]
    assert (run(world, first), run(world, second)) == ({"delivered": 1}, {"delivered": 1})
    to_a = [body["changes"]["priority"] for name, body in receiver.got if name == "a" and body["ticketId"] == failed]
    assert to_a == ["low", "low", "high"]
    assert world.rows(OutboxRow) == []


def _said(receiver: Receiver) -> dict[str, list[tuple[int, str]]]:
    said: dict[str, list[tuple[int, str]]] = {}
    for name, body in receiver.got:
        said[name] = sorted([*said.get(name, []), (body["ticketId"], body["changes"]["priority"])])
    return said


def test_what_waits_behind_a_failed_one_is_looked_at_when_that_is_due(
    world: World, add_tickets: Add, receiver: Receiver
) -> None:
    listen(world, receiver, "a")
    receiver.answers["a"] = [status(429, Retry_After="600")]
    add_tickets(1)
    first, second = change(world, 1, priority="low"), change(world, 1, priority="high")
    run(world, first)

    run(world, second)

    assert due_in(world) == [timedelta(seconds=600)] * 2


def test_a_dead_one_lets_the_next_pass(world: World, add_tickets: Add, receiver: Receiver) -> None:
    listen(world, receiver, "a")
    receiver.answers["a"] = [status(410), OK]
    add_tickets(1)
    first, second = change(world, 1, priority="low"), change(world, 1, priority="high")

    assert (run(world, first), run(world, second)) == ({"dead": 1}, {"delivered": 1})


def test_events_of_one_ticket_in_one_message_go_one_after_the_other(
    world: World, add_tickets: Add, receiver: Receiver
) -> None:
    listen(world, receiver, "a")
    add_tickets(1)
    messages = [change(world, 1, subject=str(number)) for number in range(5)]
    ids = [delivery_id for message in reversed(messages) for delivery_id in message.arguments["delivery_ids"]]

    assert deliver(world.context, ids, messages[0].id) == {"delivered": 5}

    assert [body["changes"]["subject"] for _, body in receiver.got] == ["0", "1", "2", "3", "4"]


def test_a_message_that_comes_again_sends_nothing(world: World, add_tickets: Add, receiver: Receiver) -> None:
    listen(world, receiver, "a")
    add_tickets(1)
    message = change(world, 1)
    run(world, message)

    assert run(world, message) == {}
    assert len(receiver.requests) == 1


def test_a_message_that_comes_three_times_at_once_sends_each_webhook_once(
    world: World, add_tickets: Add, receiver: Receiver
) -> None:
    listen(world, receiver, "a")
    add_tickets(*range(1, 31))
    message = change(world, *range(1, 31))
    start = threading.Barrier(3)

    def work() -> None:
        start.wait()
        run(world, message)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(receiver.tickets("a")) == list(range(1, 31))
    assert set(states(world)) == {"delivered"}


def hang() -> Answer:
    time.sleep(1.3)
    return OK


def test_an_endpoint_that_stops_answering_gets_no_more_of_a_message(
    world: World, add_tickets: Add, receiver: Receiver
) -> None:
    listen(world, receiver, "a", "b")
    tickets = range(1, 2 * AT_ONCE + 1)
    add_tickets(*tickets)
    run(world, change(world, 1, priority="low"))
    receiver.answers["a"] = [hang]
    message = change(world, *tickets)

    counts = run(world, message)

    assert counts["delivered"] == len(tickets)
    assert counts["waiting"] <= AT_ONCE
    assert {row["error"] for row in world.rows(AttemptRow) if row["status"] is None} == {"timeout"}
    waiting = [row for row in world.rows(DeliveryRow) if row["state"] == "waiting"]
    assert sorted(row["attempts"] for row in waiting) == sorted(
        [0] * (len(tickets) - counts["waiting"]) + [1] * counts["waiting"]
    )
    assert {row["lease_until"] for row in waiting} == {None}
    assert due_in(world) == [SHORTEST_REST]


def test_nobody_waits_for_the_answer_of_an_endpoint_that_did_not_answer_before(
    world: World, add_tickets: Add, receiver: Receiver
) -> None:
    listen(world, receiver, "b")
    add_tickets(*range(1, 21))
    run(world, change(world, 1, priority="low"))
    listen(world, receiver, "a")
    receiver.answers["a"] = [hang]
    world.with_settings(webhook_patience=timedelta(milliseconds=100))
    message = change(world, *range(1, 21))
    began = time.monotonic()

    assert run(world, message) == {"delivered": 20}

    assert time.monotonic() - began < 1  # the receiver's patience is over then
    assert wait_until(lambda: len(world.rows(AttemptRow)) == 22, 10)
    (failed,) = (row for row in world.rows(AttemptRow) if row["error"])
    assert failed["error"] == "timeout"
    assert [row["attempts"] for row in world.rows(DeliveryRow) if row["state"] == "waiting"] == [1] + [0] * 19


def test_an_attempt_that_was_taken_over_decides_nothing(world: World, add_tickets: Add, receiver: Receiver) -> None:
    listen(world, receiver, "a")
    add_tickets(1)
    message = change(world, 1)

    def take_over() -> Answer:
        world.now += world.context.settings.lease
        assert run(world, message) == {"delivered": 1}
        return status(500)

    receiver.answers["a"] = [take_over, OK]

    run(world, message)

    (delivery,) = world.rows(DeliveryRow)
    assert (delivery["state"], delivery["attempts"], delivery["status"]) == ("delivered", 2, 204)
    assert sorted(row["status"] for row in world.rows(AttemptRow)) == [204, 500]
    assert world.rows(OutboxRow) == []


def test_a_lost_process_s_deliveries_go_out_after_their_lease(
    world: World, add_tickets: Add, receiver: Receiver
) -> None:
    class Killed(BaseException):
        pass

    def killed() -> Sender:
        raise Killed

    listen(world, receiver, "a")
    add_tickets(1)
    message = change(world, 1)
    world.with_settings(webhook_patience=timedelta(milliseconds=100))
    with pytest.raises(Killed):
        deliver(replace(world.context, sender=killed), message.arguments["delivery_ids"], message.id)
    assert run(world, message) == {}

    world.now += world.context.settings.lease
    assert publish(world.context) == 1
    assert run(world, world.sent[-1]) == {"delivered": 1}


def test_what_another_process_is_sending_is_looked_at_soon(world: World, add_tickets: Add, receiver: Receiver) -> None:
    listen(world, receiver, "a")
    add_tickets(1)
    run(world, change(world, 1, priority="low"))
    message = change(world, 1)
    seen: list[timedelta] = []

    def meanwhile() -> Answer:
        assert run(world, message) == {}
        seen.extend(due_in(world))
        return OK

    receiver.answers["a"] = [meanwhile]
    run(world, message)

    assert seen == [SOON]


def test_unknown_deliveries_are_no_work(world: World, receiver: Receiver) -> None:
    assert deliver(world.context, ["nowhere"], "unknown") == {}
    assert receiver.requests == []
