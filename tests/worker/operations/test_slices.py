"""A batch is applied slice by slice, so that others have their turn; its result comes with the last one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.worker.operations.conftest import Add, World
from worker.operations import control
from worker.operations.ingest.accept import Flags, batch_id_of
from worker.operations.ingest.bulk_patch import bulk_patch, resume
from worker.operations.publish import publish
from worker.operations.reopen import reopen_pending
from worker.operations.rerun import rerun
from worker.storage.bulk import insert_rows
from worker.storage.outbox import Message
from worker.storage.tables import BatchRow, EndpointRow, HistoryRow, OutboxRow, RefreshRunRow

Send = Callable[..., dict[str, Any] | None]

ITEMS = [{"id": ticket_id, "status": "closed"} for ticket_id in (1, 2, 3)]


@pytest.fixture
def send(world: World, add_tickets: Add) -> Send:
    """Sends the three items, a chunk and a slice each: `send("task-1", priority="bulk")`."""
    world.with_settings(chunk_size=1, batch_slice=timedelta())
    add_tickets(1, 2, 3)

    def send_items(task_id: str = "task-1", **flags: Any) -> dict[str, Any] | None:  # noqa: ANN401
        return bulk_patch(world.context, ITEMS, Flags(idempotency_key="key", **flags), task_id)

    return send_items


def applied(world: World) -> int:
    (batch,) = world.rows(BatchRow)
    return int(batch["next_chunk"])


def waiting(world: World) -> dict[str, str]:
    """The messages that apply the batch or wait for it, and their states."""
    return {row["id"]: row["state"] for row in world.rows(OutboxRow)}


def test_an_interactive_batch_begins_at_once_and_goes_on_in_a_message_with_the_task_s_id(
    world: World, send: Send
) -> None:
    assert send() is None
    assert applied(world) == 1
    assert world.sent == [
        Message("task-1", "tasks.ingest.resume", {"batch_id": batch_id_of("key"), "turn": 1}, world.sent[0].lane)
    ]
    assert world.go_on("task-1") is None
    answer = world.go_on("task-1")

    assert answer is not None
    assert (answer["state"], answer["counts"]["updated"]) == ("done", 3)
    assert (world.sent, waiting(world)) == ([], {})


def test_a_bulk_batch_is_handed_on_before_anything_of_it_is_applied(world: World, send: Send) -> None:
    assert send(priority="bulk") is None
    assert applied(world) == 0

    assert [(message.id, message.lane) for message in world.sent] == [("task-1", "bulk")]


def test_a_slice_goes_on_with_the_next_chunk_while_there_is_time(world: World, send: Send) -> None:
    world.with_settings(batch_slice=timedelta(seconds=1))

    answer = send()

    assert answer is not None
    assert (answer["counts"]["updated"], world.sent) == (3, [])


def test_large_batches_are_bulk_and_small_ones_interactive_unless_the_sender_says_otherwise(world: World) -> None:
    for key, count, flags in (
        ("small", 100, {}),
        ("large", 101, {}),
        ("slow", 1, {"priority": "bulk"}),
        ("quick", 101, {"priority": "interactive"}),
    ):
        world.patch(*({"id": number} for number in range(count)), idempotency_key=key, **flags)

    assert {row["key"]: row["lane"] for row in world.rows(BatchRow)} == {
        "small": "interactive",
        "large": "bulk",
        "slow": "bulk",
        "quick": "interactive",
    }


@pytest.mark.parametrize("lane", ["interactive", "bulk"])
def test_what_a_batch_causes_travels_in_its_lane(world: World, add_tickets: Add, lane: str) -> None:
    add_tickets(1, 2)
    endpoint = {"id": "a", "url": "https://example.com/", "secret": "whsec_c2VjcmV0", "enabled": True}
    with world.context.database.write() as connection:
        lists = {"events": ["ticketUpdated"], "channels": [], "subchannels": []}
        insert_rows(connection, EndpointRow, [endpoint | lists])

    world.patch({"id": 1, "status": "closed"}, {"id": 2, "refreshMode": "tags"}, priority=lane)

    assert sorted((message.task, message.lane) for message in world.sent) == [
        ("tasks.refresh.tags", lane),
        ("tasks.webhooks.deliver", lane),
    ]


def test_reruns_are_bulk_and_reopened_tickets_are_told_of_at_once(world: World, add_tickets: Add) -> None:
    add_tickets(1, status="pending", due_by=world.now - timedelta(hours=1))
    endpoint = {"id": "a", "url": "https://example.com/", "secret": "whsec_c2VjcmV0", "enabled": True}
    with world.context.database.write() as connection:
        lists = {"events": ["ticketUpdated"], "channels": [], "subchannels": []}
        insert_rows(connection, EndpointRow, [endpoint | lists])

    reopen_pending(world.context)
    rerun(world.context, mode="tags", where={})

    assert [(message.task, message.lane) for message in world.sent] == [
        ("tasks.webhooks.deliver", "interactive"),
        ("tasks.refresh.tags", "bulk"),
    ]


@pytest.mark.parametrize("slow_mode", ["tags", "full"])
def test_who_is_in_a_hurry_does_not_wait_for_a_run_in_the_bulk_lane(
    world: World, add_tickets: Add, slow_mode: str
) -> None:
    add_tickets(1, 2)
    world.patch({"id": 1, "refreshMode": slow_mode}, {"id": 2, "refreshMode": slow_mode}, priority="bulk")
    (slow,) = world.sent
    world.patch({"id": 1, "refreshMode": "tags"}, priority="bulk")
    assert world.sent == [slow]

    world.patch({"id": 1, "refreshMode": "tags"})

    quick = world.sent[-1]
    (run_id,) = (run["id"] for run in world.rows(RefreshRunRow) if (run["ticket_id"], run["state"]) == (1, "waiting"))
    assert (quick.task, quick.lane, quick.arguments) == (slow.task, "interactive", {"run_ids": [run_id]})


def test_who_is_in_a_hurry_does_not_wait_for_a_rerun(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    rerun(world.context, mode="tags", where={})

    world.patch({"id": 1, "refreshMode": "tags"})

    assert [message.lane for message in world.sent] == ["bulk", "interactive"]
    assert world.sent[0].arguments == world.sent[1].arguments


@pytest.mark.parametrize("lane", ["interactive", "bulk"])
def test_the_same_key_and_body_during_the_first_run_gives_the_same_answer_when_it_ends(
    world: World, send: Send, lane: str
) -> None:
    send("task-1", priority=lane)
    done = applied(world)

    assert send("task-2", priority=lane) is None
    assert (applied(world), waiting(world)["task-2"]) == (done, "postponed")
    answer = None
    while answer is None:
        assert {message.id for message in world.sent} == {"task-1"}
        answer = world.go_on("task-1")

    assert world.go_on("task-2") == answer
    assert (world.sent, waiting(world), len(world.rows(HistoryRow))) == ([], {}, 3)
    assert send("task-3") == answer


def test_another_body_under_the_key_is_refused_during_the_first_run_and_waits_for_nothing(
    world: World, send: Send
) -> None:
    send()

    answer = bulk_patch(world.context, ITEMS[:2], Flags(idempotency_key="key"), "task-2")

    assert answer is not None
    assert answer["error"]["code"] == "idempotency_key_reused"
    assert list(waiting(world)) == ["task-1"]


def test_whoever_waits_for_a_batch_goes_on_with_it_when_the_first_is_lost(world: World, send: Send) -> None:
    send("task-1")
    send("task-2")
    world.sent.clear()
    with world.context.database.write() as connection:
        connection.execute(OutboxRow.__table__.delete().where(OutboxRow.id == "task-1"))  # type: ignore[attr-defined]

    world.now += world.context.settings.resend_after
    assert publish(world.context) == 1
    answer = None
    while answer is None:
        answer = world.go_on("task-2")

    assert answer["counts"]["updated"] == 3


def test_the_batch_s_message_that_is_delivered_again_after_it_was_handed_on_does_nothing(
    world: World, send: Send
) -> None:
    send()
    before = list(world.sent)

    assert send() is None

    assert (applied(world), world.sent) == (1, before)


def test_the_batch_s_message_that_is_delivered_again_after_the_end_brings_the_same_answer(
    world: World, send: Send
) -> None:
    send()
    answer = None
    while answer is None:
        answer = world.go_on("task-1")

    assert send() == answer
    assert (world.sent, waiting(world)) == ([], {})


def test_a_message_of_an_earlier_turn_neither_applies_nor_sends_anything(world: World, send: Send) -> None:
    send()
    (first,) = world.sent
    world.go_on("task-1")
    before = list(world.sent)

    assert resume(world.context, first.arguments["batch_id"], first.id, first.arguments["turn"]) is None

    assert (applied(world), world.sent) == (2, before)


def test_a_lost_message_is_sent_again_and_the_batch_goes_on(world: World, send: Send) -> None:
    send()
    world.sent.clear()

    world.now += world.context.settings.resend_after
    assert publish(world.context) == 1

    assert world.go_on("task-1") is None
    assert applied(world) == 2


def test_a_paused_batch_rests_without_an_answer_until_it_is_resumed(world: World, send: Send) -> None:
    send()
    control.pause(world.context, batch_id_of("key"))

    assert world.go_on("task-1") is None
    assert (applied(world), world.sent, waiting(world)) == (1, [], {"task-1": "postponed"})

    control.resume(world.context, batch_id_of("key"))
    assert world.go_on("task-1") is None
    answer = world.go_on("task-1")

    assert answer is not None
    assert answer["counts"]["updated"] == 3


def test_all_who_wait_for_a_cancelled_batch_are_told(world: World, send: Send) -> None:
    send("task-1")
    send("task-2")
    control.cancel(world.context, batch_id_of("key"))

    answers = [world.go_on("task-1"), world.go_on("task-2")]

    assert answers[0] == answers[1]
    assert answers[0] is not None
    assert (answers[0]["state"], answers[0]["counts"]["rejected"]) == ("cancelled", 2)
    assert (world.sent, waiting(world)) == ([], {})
