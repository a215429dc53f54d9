"""Overdue tickets are announced, each once for its due date."""

from __future__ import annotations

import threading
from datetime import timedelta

from tests.worker.operations.conftest import START, Add, World
from worker.operations.load import load
from worker.operations.overdue import announce_overdue
from worker.storage.tables import DeliveryRow, EventRow, HistoryRow, OutboxRow, TicketRow

DUE = START - timedelta(minutes=1)


def listen(world: World, *events: str) -> None:
    endpoint = {"id": "a", "url": "https://example.com/", "secret": "whsec_c2VjcmV0", "events": list(events)}
    load(world.context, {"webhooks": [endpoint]})


def test_an_overdue_ticket_is_announced_once_to_those_who_ask(world: World, add_tickets: Add) -> None:
    listen(world, "ticketOverdue")
    add_tickets(1, due_by=DUE, agent_id=7)

    assert announce_overdue(world.context) == 1
    assert announce_overdue(world.context) == 0

    (event,) = world.rows(EventRow)
    assert event["body"] == {
        "type": "ticketOverdue",
        "ticketId": 1,
        "dueBy": "2026-11-23T11:59:00Z",
        "status": "open",
        "priority": "medium",
        "agentId": 7,
        "occurredAt": "2026-11-23T12:00:00Z",
    }
    (delivery,) = world.rows(DeliveryRow)
    assert [message.arguments for message in world.sent] == [{"delivery_ids": [delivery["id"]]}]


def test_nothing_of_the_ticket_itself_changes(world: World, add_tickets: Add) -> None:
    add_tickets(1, due_by=DUE)

    announce_overdue(world.context)

    (row,) = world.rows(TicketRow)
    assert (row["version"], row["modified_at"], row["overdue_announced_for"]) == (0, None, DUE)
    assert world.rows(HistoryRow) == []


def test_who_does_not_ask_is_not_told(world: World, add_tickets: Add) -> None:
    listen(world, "ticketUpdated")
    add_tickets(1, due_by=DUE)

    assert announce_overdue(world.context) == 1

    assert world.rows(EventRow) == []


def test_what_is_closed_not_due_or_without_a_date_is_not_announced(world: World, add_tickets: Add) -> None:
    add_tickets(1, due_by=DUE, status="closed")
    add_tickets(2, due_by=START + timedelta(seconds=1))
    add_tickets(3)

    assert announce_overdue(world.context) == 0


def test_another_due_date_is_announced_when_it_has_passed_too(world: World, add_tickets: Add) -> None:
    listen(world, "ticketOverdue")
    add_tickets(1, due_by=DUE)
    announce_overdue(world.context)

    world.patch({"id": 1, "dueBy": "2026-11-23 13:00:00"})
    assert announce_overdue(world.context) == 0
    world.pass_time(hours=1)
    assert announce_overdue(world.context) == 1

    told = [row["body"]["dueBy"] for row in world.rows(EventRow) if row["type"] == "ticketOverdue"]
    assert sorted(told) == ["2026-11-23T11:59:00Z", "2026-11-23T13:00:00Z"]


def test_several_processes_announce_each_ticket_once(world: World, add_tickets: Add) -> None:
    listen(world, "ticketOverdue")
    world.with_settings(chunk_size=5)
    add_tickets(*range(1, 41), due_by=DUE)
    start = threading.Barrier(3)
    announced: list[int] = []

    def work() -> None:
        start.wait()
        announced.append(announce_overdue(world.context))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(announced) == 40
    assert sorted(row["ticket_id"] for row in world.rows(EventRow)) == [*range(1, 41)]
    assert len(world.rows(OutboxRow)) == len(world.sent)
