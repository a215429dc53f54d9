"""Who is told what: filters on event, field, channel and subchannel, and what AI runs change."""

from __future__ import annotations

import pytest

from tests.worker.operations.conftest import Add, World
from tests.worker.operations.engines import ScriptedEngine
from tests.worker.operations.receivers import Receiver, listen, run_all
from worker.domain.words import RefreshMode
from worker.operations.inspection.batch import show_batch
from worker.storage.tables import DeliveryRow, EventRow, OutboxRow, RefreshRunRow


@pytest.mark.parametrize(
    ("fields", "patch", "told"),
    [
        (["status"], {"status": "closed"}, True),
        (["status"], {"priority": "high"}, False),
        (["status", "priority"], {"priority": "high", "subject": "neu"}, True),
        (["tagIds"], {"addTagIds": [7]}, True),
        (["tagIds"], {"status": "closed"}, False),
        (["ccEmails"], {"replyCcEmails": ["a@example.com"]}, True),
        ([], {"subject": "neu"}, True),
    ],
)
def test_an_endpoint_with_fields_is_told_of_changes_that_touch_one(  # noqa: PLR0917 - fixtures and cases
    world: World, add_tickets: Add, add_tags: Add, receiver: Receiver, fields: list[str], patch: object, told: bool
) -> None:
    listen(world, receiver, "a", fields=fields)
    add_tags(7)
    add_tickets(1)

    assert isinstance(patch, dict)
    assert world.patch({"id": 1} | patch)["counts"]["updated"] == 1
    run_all(world)

    assert receiver.tickets("a") == ([1] if told else [])


def test_all_filters_of_an_endpoint_must_fit(world: World, add_tickets: Add, receiver: Receiver) -> None:
    listen(world, receiver, "a", fields=["status"], channels=["chat"], subchannels=[5])
    add_tickets(1, channel="chat", subchannel_id=5)
    add_tickets(2, channel="chat", subchannel_id=6)
    add_tickets(3, channel="email", subchannel_id=5)

    world.patch(*({"id": ticket_id, "status": "closed"} for ticket_id in (1, 2, 3)))
    run_all(world)

    assert receiver.tickets("a") == [1]


def test_an_endpoint_that_asks_for_it_is_told_what_an_ai_run_changed(
    world: World, add_tickets: Add, receiver: Receiver
) -> None:
    listen(world, receiver, "a", events=["ticketRefreshed"])
    listen(world, receiver, "b")
    add_tickets(1)
    world.with_engine(ScriptedEngine({"summary": "Der Zähler ist defekt."}))
    batch_id = world.patch({"id": 1, "refreshMode": "summaryAndText"})["batchId"]
    run = world.rows(RefreshRunRow)[0]
    world.run(world.sent.pop())

    run_all(world)

    ((endpoint, event),) = receiver.got
    about = {
        "type": "ticketRefreshed",
        "ticketId": 1,
        "runId": run["id"],
        "mode": "summaryAndText",
        "batchId": batch_id,
    }
    assert endpoint == "a"
    assert {name: event[name] for name in about} == about
    assert event.keys() == about.keys() | {"changes", "previous", "occurredAt"}
    assert event["changes"]
    assert event["changes"].keys() == event["previous"].keys()
    shown = show_batch(world.context, batch_id)["webhooks"]
    assert [(one["ticketId"], one["state"]) for one in shown] == [(1, "delivered")]
    assert world.rows(OutboxRow) == []


def test_a_run_that_nobody_asks_about_leaves_no_event(world: World, add_tickets: Add, receiver: Receiver) -> None:
    listen(world, receiver, "a")
    add_tickets(1)
    world.with_engine(ScriptedEngine({"summary": "Der Zähler ist defekt."}))

    world.refresh(RefreshMode.SUMMARY_AND_TEXT, 1)

    assert (world.rows(EventRow), world.rows(DeliveryRow)) == ([], [])


def test_a_run_that_changes_nothing_tells_nobody(world: World, add_tickets: Add, receiver: Receiver) -> None:
    listen(world, receiver, "a", events=["ticketRefreshed"])
    add_tickets(1)
    world.with_engine(ScriptedEngine({"summary": "Der Zähler ist defekt."}))
    world.refresh(RefreshMode.SUMMARY_AND_TEXT, 1)
    before = len(world.rows(EventRow))

    world.refresh(RefreshMode.SUMMARY_AND_TEXT, 1, force=True)

    assert len(world.rows(EventRow)) == before == 1


def test_many_runs_are_told_in_messages_that_carry_many(world: World, add_tickets: Add, receiver: Receiver) -> None:
    listen(world, receiver, "a", events=["ticketRefreshed"])
    add_tickets(*range(1, 31))
    world.with_engine(ScriptedEngine({"summary": "Der Zähler ist defekt."}))
    for message in world.request(RefreshMode.SUMMARY_AND_TEXT, *range(1, 31)):
        world.run(message)

    (message,) = world.sent
    assert len(message.arguments["delivery_ids"]) == 30
