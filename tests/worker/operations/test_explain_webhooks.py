"""Why a webhook that a batch caused is as it is, or why there is none, in sentences, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from tests.worker.operations.conftest import Add, World
from worker.domain.words import DeliveryState
from worker.operations.dead import drop_dead
from worker.operations.deliver import deliver
from worker.operations.explanation.explain import explain
from worker.operations.explanation.webhooks import DELIVERIES, ERRORS, UNWANTED
from worker.operations.load import load
from worker.storage.tables import DeadLetterRow
from worker.webhooks.result import SendError
from worker.webhooks.sending import Sender

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
DELAY = timedelta(seconds=30)


@pytest.fixture(scope="module")
def server() -> Iterator[HTTPServer]:
    with HTTPServer(host="127.0.0.1") as server:
        yield server


@pytest.fixture
def crm(world: World, server: HTTPServer) -> Iterator[HTTPServer]:
    """An endpoint `crm` that a test tells how to answer; what fails is tried again once."""
    server.clear()
    listen(world, server.url_for("/crm"))
    world.with_settings(webhook_retry_delays=(DELAY,))
    with closing(Sender(allowed=["127.0.0.1"])) as sender:
        world.context = replace(world.context, sender=lambda: sender)
        yield server


def listen(world: World, url: str, **more: object) -> None:
    load(world.context, {"webhooks": [{"id": "crm", "url": url, "secret": SECRET} | more]})


def answer(server: HTTPServer, status: int) -> None:
    server.expect_request("/crm").respond_with_data("", status=status)


def change(world: World, **fields: object) -> str:
    """Changes ticket 1; the batch's id."""
    return str(world.patch({"id": 1} | (fields or {"status": "closed"}))["batchId"])


def send_all(world: World) -> None:
    """What workers do with everything that was sent to them."""
    messages = [message for message in world.sent if "delivery_ids" in message.arguments]
    for message in messages:
        deliver(world.context, message.arguments["delivery_ids"], message.id)


def only_webhook(world: World, batch_id: str) -> dict[str, Any]:
    webhook: dict[str, Any]
    (webhook,) = explain(world.context, batch_id, 1)["webhooks"]
    return webhook


def why(world: World, batch_id: str) -> list[str]:
    sentences: list[str] = only_webhook(world, batch_id)["why"]
    return sentences


def test_every_state_of_a_delivery_has_its_sentence() -> None:
    assert DELIVERIES.keys() == {*DeliveryState}


def test_every_error_of_sending_has_its_words() -> None:
    assert ERRORS.keys() == {*SendError}


@pytest.mark.usefixtures("crm")
def test_a_webhook_that_waits_says_so(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    webhook = only_webhook(world, change(world))

    assert list(webhook) == ["id", "endpointId", "state", "status", "error", "attempts", "why", "tries"]
    assert (webhook["endpointId"], webhook["state"]) == ("crm", "waiting")
    assert webhook["why"] == ["It waits to be sent."]


def test_a_delivered_webhook_tells_when_and_with_which_status(world: World, add_tickets: Add, crm: HTTPServer) -> None:
    answer(crm, 204)
    add_tickets(1)
    batch_id = change(world)
    send_all(world)

    assert why(world, batch_id) == ["Endpoint crm took it at 2026-11-23 12:00:00, with HTTP status 204; attempts: 1."]


def test_a_webhook_that_is_tried_again_tells_why_and_when(world: World, add_tickets: Add, crm: HTTPServer) -> None:
    answer(crm, 503)
    add_tickets(1)
    batch_id = change(world)
    send_all(world)
    failed = "Attempt 1 failed, because the endpoint answered with HTTP status 503; it is tried again"

    assert why(world, batch_id) == ["It waits to be sent.", f"{failed} at 2026-11-23 12:00:30."]
    world.pass_time(minutes=1)
    assert why(world, batch_id)[1] == f"{failed} now."


def test_every_attempt_is_told_with_its_answer_and_how_long_it_took(
    world: World, add_tickets: Add, crm: HTTPServer
) -> None:
    crm.expect_ordered_request("/crm").respond_with_data("", status=503)
    crm.expect_ordered_request("/crm").respond_with_data("", status=204)
    add_tickets(1)
    batch_id = change(world)
    send_all(world)
    world.pass_time(minutes=1)
    send_all(world)

    tries = only_webhook(world, batch_id)["tries"]

    assert [(one["at"], one["status"], one["error"]) for one in tries] == [
        ("2026-11-23 12:00:00", 503, "http_status"),
        ("2026-11-23 12:01:00", 204, None),
    ]
    assert all(type(one["durationMs"]) is int and one["durationMs"] >= 0 for one in tries)


def test_a_webhook_in_a_digest_is_told_with_the_attempts_of_the_digest(
    world: World, add_tickets: Add, crm: HTTPServer
) -> None:
    listen(world, crm.url_for("/crm"), digest=True)
    answer(crm, 204)
    add_tickets(1, 2)
    batch_id = str(world.patch({"id": 2, "status": "closed"}, {"id": 1, "status": "closed"})["batchId"])
    send_all(world)

    assert [one["status"] for one in only_webhook(world, batch_id)["tries"]] == [204]


def test_a_webhook_behind_an_earlier_one_of_its_ticket_names_it(
    world: World, add_tickets: Add, crm: HTTPServer
) -> None:
    answer(crm, 503)
    add_tickets(1)
    first = change(world)
    send_all(world)
    second = change(world, priority="high")
    send_all(world)

    ahead = only_webhook(world, first)["id"]
    assert why(world, second) == [
        "It waits to be sent.",
        f"Webhook {ahead} of this ticket goes first: an endpoint is told of a ticket's changes in their order.",
    ]
    assert not any("goes first" in sentence for sentence in why(world, first))


def test_a_webhook_given_up_tells_why_and_names_its_dead_letter(
    world: World, add_tickets: Add, crm: HTTPServer
) -> None:
    answer(crm, 410)
    add_tickets(1)
    batch_id = change(world)
    send_all(world)
    (letter,) = world.rows(DeadLetterRow)
    given_up = "Given up, because the endpoint answered with HTTP status 410; attempts: 1."

    assert why(world, batch_id) == [given_up, f"Dead letter {letter['id']} can be tried again."]

    drop_dead(world.context)
    assert why(world, batch_id) == [given_up, "Its dead letter is gone."]


def test_an_endpoint_of_another_channel_is_why_nobody_was_told(world: World, add_tickets: Add) -> None:
    listen(world, "http://127.0.0.1:1/", channels=["chat"])
    add_tickets(1)

    webhook = only_webhook(world, change(world))

    assert (webhook["id"], webhook["endpointId"], webhook["state"]) == (None, None, None)
    assert webhook["why"] == [UNWANTED]


@pytest.mark.usefixtures("crm")
@pytest.mark.parametrize("item", [{"status": "open"}, {"refreshMode": "tags"}, {"status": "nosuch"}])
def test_what_changed_nothing_has_no_webhook(world: World, add_tickets: Add, item: dict[str, object]) -> None:
    add_tickets(1)

    assert explain(world.context, change(world, **item), 1)["webhooks"] == []
