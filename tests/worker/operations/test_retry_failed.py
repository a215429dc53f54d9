"""A child batch of what a batch could not do, on both databases."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from config.routing import TaskName
from tests.worker.operations.conftest import Add, World
from worker.operations.arguments import RefusedArguments
from worker.operations.control import cancel, pause
from worker.operations.ingest.accept import Flags, accept, batch_id_of
from worker.operations.ingest.chunk import apply_next_chunk
from worker.operations.inspection.unknown import Unknown
from worker.operations.retry_failed import child_key, retry_failed
from worker.payload.refusal import Refused
from worker.storage.tables import BatchChunkRow, BatchItemRow, BatchRow


def items_of(world: World, batch_id: str) -> list[Any]:
    """The items of a batch as written down, in their order."""
    chunks = [json.loads(row["items"]) for row in world.rows(BatchChunkRow) if row["batch_id"] == batch_id]
    return [item for chunk in chunks for _, item in chunk]


def head_of(world: World, batch_id: str) -> dict[str, Any]:
    return next(row for row in world.rows(BatchRow) if row["id"] == batch_id)


def ledger_of(world: World, batch_id: str) -> list[tuple[int | None, str]]:
    rows = (row for row in world.rows(BatchItemRow) if row["batch_id"] == batch_id)
    return [(row["ticket_id"], row["outcome"]) for row in rows]


def test_a_child_holds_the_rejected_items_alone_in_their_order(world: World, add_tickets: Add) -> None:
    world.with_settings(chunk_size=2)
    add_tickets(1, 2)
    good, repeated = {"id": 1, "status": "closed"}, {"id": 2, "status": "open"}
    bad: list[Any] = [{"id": 3, "status": "closed"}, {"id": 1, "nosuch": 7}, {"id": 4, "tagIds": [9]}, "no object"]
    parent = world.patch(bad[0], good, bad[1], repeated, bad[2], bad[3])["batchId"]

    answer = retry_failed(world.context, parent)

    child = batch_id_of(child_key(parent))
    assert answer == {"success": True, "batchId": child, "parentId": parent, "retried": 4}
    assert items_of(world, child) == bad
    assert head_of(world, child)["parent_id"] == parent


def test_a_child_does_what_has_become_possible(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    parent = world.patch({"id": 1, "status": "closed"}, {"id": 2, "status": "closed"})["batchId"]
    add_tickets(2)

    child = retry_failed(world.context, parent)["batchId"]
    (message,) = world.sent
    answer = world.go_on(child)

    assert (message.id, message.task) == (child, TaskName.RESUME_BATCH)
    assert answer is not None
    assert answer["counts"]["updated"] == 1
    assert world.ticket(2).values["status"] == "closed"


def test_a_child_has_the_flags_of_its_parent(world: World) -> None:
    flags: dict[str, Any] = {
        "include_in_worklog": False,
        "user_id": 7,
        "source": "crm",
        "atomic": True,
        "priority": "bulk",
    }
    parent = world.patch({"id": 1, "status": "closed"}, **flags)["batchId"]

    child = head_of(world, retry_failed(world.context, parent)["batchId"])

    kept = {name: child[name] for name in ("include_in_worklog", "user_id", "source", "atomic")}
    assert kept == {"include_in_worklog": False, "user_id": 7, "source": "crm", "atomic": True}
    assert child["lane"] == "interactive"  # by its own size


def test_asked_for_twice_there_is_one_child(world: World) -> None:
    parent = world.patch({"id": 1, "status": "closed"})["batchId"]

    answers = [retry_failed(world.context, parent) for _ in range(2)]

    assert answers[0] == answers[1]
    assert [row["parent_id"] for row in world.rows(BatchRow) if row["id"] != parent] == [parent]


def test_two_who_ask_at_once_make_one_child(world: World) -> None:
    parent = world.patch({"id": 1, "status": "closed"})["batchId"]
    start = threading.Barrier(2)
    answers: list[dict[str, Any]] = []

    def work() -> None:
        start.wait()
        answers.append(retry_failed(world.context, parent))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers[0] == answers[1]
    assert len(world.rows(BatchRow)) == 2


def test_what_a_child_could_not_do_is_tried_by_a_child_of_its_own(world: World, add_tickets: Add) -> None:
    parent = world.patch({"id": 1, "status": "closed"}, {"id": 2, "status": "closed"})["batchId"]
    add_tickets(1)
    child = retry_failed(world.context, parent)["batchId"]
    world.go_on(child)

    answer = retry_failed(world.context, child)

    assert (answer["parentId"], answer["retried"]) == (child, 1)
    assert items_of(world, answer["batchId"]) == [{"id": 2, "status": "closed"}]


def test_cancelled_items_are_tried_again(world: World, add_tickets: Add) -> None:
    world.with_settings(chunk_size=1)
    add_tickets(1, 2, 3)
    items = [{"id": one, "status": "closed"} for one in (1, 2, 3)]
    parent = accept(world.context, items, Flags(idempotency_key="key"), message_id="task").id
    apply_next_chunk(world.context, parent)
    cancel(world.context, parent)
    world.sent.clear()

    child = retry_failed(world.context, parent)["batchId"]
    world.go_on(child)

    assert ledger_of(world, child) == [(2, "updated"), (3, "updated")]


def test_all_items_of_an_aborted_batch_are_tried_again(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    parent = world.patch({"id": 1, "status": "closed"}, {"id": 2, "status": "closed"}, atomic=True)["batchId"]
    add_tickets(2)

    child = retry_failed(world.context, parent)["batchId"]
    world.go_on(child)

    assert ledger_of(world, child) == [(1, "updated"), (2, "updated")]


def test_a_conflict_is_not_tried_again(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    world.patch({"id": 1, "priority": "high"})
    item = {"id": 1, "status": "closed", "ifModifiedAt": "2020-01-01 00:00:00"}
    parent = world.patch(item, {"id": 2, "status": "closed"})["batchId"]
    assert ledger_of(world, parent) == [(1, "conflict"), (2, "rejected")]

    answer = retry_failed(world.context, parent)

    assert items_of(world, answer["batchId"]) == [{"id": 2, "status": "closed"}]


def test_where_nothing_was_rejected_there_is_no_child(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    parent = world.patch({"id": 1, "status": "closed"})["batchId"]

    answer = retry_failed(world.context, parent)

    assert answer == {"success": True, "batchId": None, "parentId": parent, "retried": 0}
    assert len(world.rows(BatchRow)) == 1


@pytest.mark.parametrize("state", ["accepted", "paused"])
def test_a_batch_that_has_not_ended_is_not_retried(world: World, state: str) -> None:
    parent = accept(world.context, [{"id": 1}], Flags(idempotency_key="key")).id
    if state == "paused":
        pause(world.context, parent)

    with pytest.raises(Refused, match=state) as caught:
        retry_failed(world.context, parent)

    assert caught.value.code == "batch_not_ended"
    assert len(world.rows(BatchRow)) == 1


def test_an_unknown_batch_is_said_to_be_unknown(world: World) -> None:
    with pytest.raises(Unknown) as caught:
        retry_failed(world.context, "7")

    assert caught.value.code == "batch_not_found"


def test_what_is_no_id_is_refused(world: World) -> None:
    with pytest.raises(RefusedArguments, match="invalid_type: batch_id"):
        retry_failed(world.context, ["7"])
