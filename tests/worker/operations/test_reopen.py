"""Pending tickets open by themselves when their time has come (contract section 3)."""

from __future__ import annotations

import threading
from datetime import timedelta

from tests.worker.operations.conftest import START, Add, World
from worker.operations.load import load
from worker.operations.reopen import reopen_pending
from worker.storage.tables import DeliveryRow, EventRow, HistoryRow, OutboxRow, TicketRow, WorklogRow

DUE = START - timedelta(minutes=1)


def listen(world: World) -> None:
    load(world.context, {"webhooks": [{"id": "a", "url": "https://example.com/", "secret": "whsec_c2VjcmV0"}]})


def test_a_due_pending_ticket_opens_once_and_keeps_its_due_date(world: World, add_tickets: Add) -> None:
    add_tickets(1, status="pending", due_by=DUE)

    assert reopen_pending(world.context) == 1
    assert reopen_pending(world.context) == 0

    values = world.ticket(1).values
    assert (values["status"], values["dueBy"], values["modifiedAt"]) == ("open", DUE, world.now)
    assert world.ticket(1).version == 1


def test_nothing_else_opens(world: World, add_tickets: Add) -> None:
    add_tickets(1, status="pending", due_by=START + timedelta(seconds=1))
    add_tickets(2, status="pending")
    add_tickets(3, status="closed", due_by=DUE)
    add_tickets(4, status="open", due_by=DUE)

    assert reopen_pending(world.context) == 0

    assert {row["version"] for row in world.rows(TicketRow)} == {0}


def test_a_ticket_opens_at_the_very_moment(world: World, add_tickets: Add) -> None:
    add_tickets(1, status="pending", due_by=START)

    assert reopen_pending(world.context) == 1


def test_history_names_the_system_and_no_work_is_logged(world: World, add_tickets: Add) -> None:
    add_tickets(1, status="pending", due_by=DUE)

    reopen_pending(world.context)

    (row,) = world.rows(HistoryRow)
    assert (row["field"], row["old"], row["new"]) == ("status", "pending", "open")
    assert (row["actor_type"], row["actor_id"], row["batch_id"], row["at"]) == ("system", None, None, world.now)
    assert world.rows(WorklogRow) == []


def test_the_event_says_that_the_due_date_has_passed(world: World, add_tickets: Add) -> None:
    listen(world)
    add_tickets(1, status="pending", due_by=DUE)

    reopen_pending(world.context)

    (event,) = world.rows(EventRow)
    assert event["body"] == {
        "type": "ticketUpdated",
        "ticketId": 1,
        "userId": None,
        "batchId": None,
        "changes": {"status": "open"},
        "previous": {"status": "pending"},
        "occurredAt": "2026-11-23T12:00:00Z",
        "autoOpenedDueToDueDate": True,
    }
    (delivery,) = world.rows(DeliveryRow)
    assert [message.arguments for message in world.sent] == [{"delivery_ids": [delivery["id"]]}]


def test_many_open_some_at_a_time(world: World, add_tickets: Add) -> None:
    listen(world)
    world.with_settings(chunk_size=10)
    add_tickets(*range(1, 36), status="pending", due_by=DUE)

    assert reopen_pending(world.context) == 35

    assert len(world.rows(EventRow)) == 35
    assert len(world.sent) == len(world.rows(OutboxRow)) == 4


def test_several_processes_open_each_ticket_once(world: World, add_tickets: Add) -> None:
    world.with_settings(chunk_size=5)
    add_tickets(*range(1, 41), status="pending", due_by=DUE)
    start = threading.Barrier(3)
    opened: list[int] = []

    def work() -> None:
        start.wait()
        opened.append(reopen_pending(world.context))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(opened) == 40
    assert len(world.rows(HistoryRow)) == len(world.rows(EventRow)) == 40
