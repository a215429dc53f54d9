"""Pause, resume and cancel, on both databases, also while chunks are applied."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import delete

from config.routing import TaskName
from tests.worker.operations.conftest import Add, World
from worker.context import Context
from worker.operations.arguments import RefusedArguments
from worker.operations.control import cancel, pause, resume
from worker.operations.ingest import bulk_patch as ingest
from worker.operations.ingest.accept import Flags, accept, batch_id_of
from worker.operations.ingest.chunk import apply_next_chunk
from worker.operations.inspection.unknown import Unknown
from worker.payload.refusal import Refused
from worker.storage.bulk import insert_rows
from worker.storage.tables import (
    BatchItemRow,
    BatchRow,
    DeliveryRow,
    EndpointRow,
    HistoryRow,
    OutboxRow,
    RefreshRunRow,
)

Control = Callable[[Context, object], dict[str, Any]]


def closing(*ids: int) -> list[object]:
    return [{"id": one, "status": "closed"} for one in ids]


def accepted(world: World, items: list[object], *, chunks: int = 0, chunk_size: int = 2, **flags: Any) -> str:  # noqa: ANN401
    """The id of a batch of which so many chunks are applied."""
    world.with_settings(chunk_size=chunk_size)
    batch_id = accept(world.context, items, Flags(idempotency_key="key", **flags), message_id="task").id
    for _ in range(chunks):
        apply_next_chunk(world.context, batch_id)
    return batch_id


def go_on(world: World, batch_id: str) -> dict[str, Any] | None:
    """What a worker does that is sent for the batch."""
    return ingest.resume(world.context, batch_id, "task")


def state_of(world: World) -> str:
    (row,) = world.rows(BatchRow)
    return str(row["state"])


def outcomes(world: World) -> list[str]:
    """How the items ended, in the order of the batch; each stands there once, or the ledger's key would be broken."""
    return [row["outcome"] for row in world.rows(BatchItemRow)]


@contextmanager
def applied_beside(world: World, batch_id: str, *, until_chunk: int) -> Iterator[threading.Thread]:
    """Another worker applies the batch, slowly enough to be met at its work; it has begun with that many chunks."""

    def slow_clock() -> datetime:
        time.sleep(0.01)  # within a chunk and between two
        return world.now

    context = replace(world.context, clock=slow_clock)
    thread = threading.Thread(target=lambda: ingest.resume(context, batch_id, "task"))
    thread.start()
    deadline = time.monotonic() + 30
    while world.rows(BatchRow)[0]["next_chunk"] < until_chunk and time.monotonic() < deadline:
        time.sleep(0.002)
    yield thread
    thread.join(60)
    assert not thread.is_alive()


def test_a_paused_batch_applies_no_further_chunk(world: World, add_tickets: Add) -> None:
    add_tickets(*range(1, 7))
    batch_id = accepted(world, closing(*range(1, 7)), chunks=1)

    answer = pause(world.context, batch_id)

    assert (answer["success"], answer["batchId"], answer["state"]) == (True, batch_id, "paused")
    assert answer["counts"]["updated"] == 2
    assert go_on(world, batch_id) is None
    assert outcomes(world) == ["updated", "updated"]


def test_a_pause_stops_a_worker_between_two_chunks(world: World, add_tickets: Add) -> None:
    add_tickets(*range(1, 81))
    batch_id = accepted(world, closing(*range(1, 81)))

    with applied_beside(world, batch_id, until_chunk=2):
        answer = pause(world.context, batch_id)

    done = answer["counts"]["updated"]
    assert answer["state"] == "paused"
    assert 4 <= done < 80
    assert outcomes(world) == ["updated"] * done
    assert {row["ticket_id"] for row in world.rows(HistoryRow)} == set(range(1, done + 1))


def test_a_resumed_batch_ends_with_every_item_exactly_once(world: World, add_tickets: Add) -> None:
    add_tickets(*range(1, 81))
    batch_id = accepted(world, closing(*range(1, 81)))
    with applied_beside(world, batch_id, until_chunk=2):
        pause(world.context, batch_id)

    assert resume(world.context, batch_id)["state"] == "running"
    answer = world.go_on("task")

    assert answer is not None
    assert (answer["state"], answer["counts"]["updated"]) == ("done", 80)
    assert outcomes(world) == ["updated"] * 80
    assert Counter(row["ticket_id"] for row in world.rows(HistoryRow)) == Counter(range(1, 81))


def test_a_resume_meets_a_worker_that_is_about_to_rest(world: World, add_tickets: Add) -> None:
    add_tickets(*range(1, 81))
    batch_id = accepted(world, closing(*range(1, 81)))

    with applied_beside(world, batch_id, until_chunk=1):
        for _ in range(5):
            pause(world.context, batch_id)
            resume(world.context, batch_id)
    while state_of(world) != "done":
        world.go_on("task")

    assert outcomes(world) == ["updated"] * 80


def test_a_batch_paused_before_its_first_chunk_is_accepted_again(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    batch_id = accepted(world, closing(1))
    pause(world.context, batch_id)

    assert resume(world.context, batch_id)["state"] == "accepted"


def test_a_resumed_batch_leaves_for_a_worker_at_once(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    batch_id = accepted(world, closing(1))
    pause(world.context, batch_id)
    go_on(world, batch_id)

    resume(world.context, batch_id)

    assert [(message.id, message.task) for message in world.sent] == [("task", TaskName.RESUME_BATCH)]


def test_a_resumed_batch_whose_message_is_gone_gets_a_new_one(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    batch_id = accepted(world, closing(1))
    pause(world.context, batch_id)
    with world.context.database.write() as connection:
        connection.execute(delete(OutboxRow))

    resume(world.context, batch_id)

    (message,) = world.sent
    assert (message.id, message.lane) == (batch_id, "interactive")
    answer = world.go_on(batch_id)
    assert answer is not None
    assert answer["state"] == "done"
    assert world.rows(OutboxRow) == []


def test_cancelled_items_are_rejected_as_cancelled_and_the_others_stay(world: World, add_tickets: Add) -> None:
    add_tickets(1, 2, 3)
    items = [*closing(1, 2, 3), {"id": "4711 from somewhere"}, "no object"]
    batch_id = accepted(world, items, chunks=1)
    world.pass_time(seconds=5)

    answer = cancel(world.context, batch_id)

    assert answer["state"] == "cancelled"
    assert (answer["counts"]["updated"], answer["counts"]["rejected"]) == (2, 3)
    rows = world.rows(BatchItemRow)
    assert [(row["index"], row["ticket_id"], row["outcome"]) for row in rows] == [
        (0, 1, "updated"),
        (1, 2, "updated"),
        (2, 3, "rejected"),
        (3, None, "rejected"),
        (4, None, "rejected"),
    ]
    cancelled = {"code": "cancelled", "field": "", "message": "the batch was cancelled before this item was applied"}
    assert [row["errors"] for row in rows] == [[], [], [cancelled], [cancelled], [cancelled]]
    assert world.rows(BatchRow)[0]["finished_at"] == world.now
    assert world.ticket(3).values["status"] == "open"


def test_a_cancel_stops_a_worker_between_two_chunks(world: World, add_tickets: Add) -> None:
    add_tickets(*range(1, 81))
    batch_id = accepted(world, closing(*range(1, 81)))

    with applied_beside(world, batch_id, until_chunk=2):
        answer = cancel(world.context, batch_id)

    done = answer["counts"]["updated"]
    assert 4 <= done < 80
    assert answer["counts"]["rejected"] == 80 - done
    assert outcomes(world) == ["updated"] * done + ["rejected"] * (80 - done)
    assert {row["ticket_id"] for row in world.rows(HistoryRow)} == set(range(1, done + 1))


def test_two_who_cancel_at_once_reject_each_item_once(world: World, add_tickets: Add) -> None:
    add_tickets(*range(1, 21))
    batch_id = accepted(world, closing(*range(1, 21)), chunks=1)
    start = threading.Barrier(2)
    answers: list[dict[str, Any]] = []

    def work() -> None:
        start.wait()
        answers.append(cancel(world.context, batch_id))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [(one["state"], one["counts"]["rejected"]) for one in answers] == [("cancelled", 18)] * 2
    assert outcomes(world) == ["updated"] * 2 + ["rejected"] * 18


def test_an_atomic_batch_that_is_being_applied_is_not_cancelled_half_way(world: World, add_tickets: Add) -> None:
    add_tickets(*range(1, 11))
    batch_id = accepted(world, closing(*range(1, 11)), atomic=True)
    in_chunk, cancelling = threading.Event(), threading.Event()

    def clock() -> datetime:
        if threading.current_thread() is not threading.main_thread() and not in_chunk.is_set():
            in_chunk.set()
            cancelling.wait(10)
        return world.now

    context = replace(world.context, clock=clock)
    worker = threading.Thread(target=lambda: apply_next_chunk(context, batch_id))
    worker.start()
    in_chunk.wait(10)
    threading.Timer(0.2, cancelling.set).start()

    with pytest.raises(Refused) as caught:
        cancel(world.context, batch_id)
    worker.join(30)

    assert caught.value.code == "batch_ended"
    assert outcomes(world) == ["updated"] * 10


def test_an_atomic_batch_that_waits_is_cancelled_whole(world: World, add_tickets: Add) -> None:
    add_tickets(1, 2, 3)

    answer = cancel(world.context, accepted(world, closing(1, 2, 3), atomic=True))

    assert (answer["counts"]["updated"], answer["counts"]["rejected"]) == (0, 3)


def test_what_applied_chunks_have_caused_goes_on_after_a_cancel(world: World, add_tickets: Add) -> None:
    add_tickets(1, 2, 3)
    endpoint = {"id": "crm", "url": "http://127.0.0.1:1/", "secret": "whsec_AAAA", "enabled": True}
    with world.context.database.write() as connection:
        insert_rows(
            connection, EndpointRow, [endpoint | {"events": ["ticketUpdated"], "channels": [], "subchannels": []}]
        )
    items: list[object] = [{"id": 1, "status": "closed"}, {"id": 2, "refreshMode": "tags"}, {"id": 3, "refresh": True}]
    batch_id = accepted(world, items, chunks=1)

    cancel(world.context, batch_id)

    assert [(run["ticket_id"], run["state"]) for run in world.rows(RefreshRunRow)] == [(2, "waiting")]
    assert [(one["ticket_id"], one["state"]) for one in world.rows(DeliveryRow)] == [(1, "waiting")]
    tasks = {row["task"] for row in world.rows(OutboxRow)}
    assert {TaskName.REFRESH_TAGS, TaskName.DELIVER_WEBHOOKS} <= tasks


def test_who_waits_for_the_result_of_a_paused_batch_has_it_when_it_is_cancelled(world: World, add_tickets: Add) -> None:
    add_tickets(1, 2, 3)
    batch_id = accepted(world, closing(1, 2, 3), chunks=1)
    pause(world.context, batch_id)
    go_on(world, batch_id)

    cancel(world.context, batch_id)
    answer = world.go_on("task")

    assert answer is not None
    assert (answer["state"], answer["counts"]["rejected"]) == ("cancelled", 1)
    assert world.rows(OutboxRow) == []


@pytest.mark.parametrize(
    ("before", "control", "state"),
    [
        ([pause], pause, "paused"),
        ([], resume, "accepted"),
        ([pause, resume], resume, "accepted"),
        ([cancel], cancel, "cancelled"),
        ([pause], cancel, "cancelled"),
    ],
)
def test_asking_for_the_state_that_a_batch_has_is_a_success(
    world: World, before: list[Control], control: Control, state: str
) -> None:
    batch_id = accepted(world, closing(1, 2, 3))
    for act in before:
        act(world.context, batch_id)

    answer = control(world.context, batch_id)

    assert (answer["success"], answer["state"]) == (True, state)
    assert answer["counts"]["rejected"] == (3 if state == "cancelled" else 0)


@pytest.mark.parametrize("control", [pause, resume, cancel])
def test_a_batch_that_is_done_stays_done(world: World, add_tickets: Add, control: Control) -> None:
    add_tickets(1)
    batch_id = world.patch(*closing(1))["batchId"]

    with pytest.raises(Refused, match="done") as caught:
        control(world.context, batch_id)

    assert caught.value.code == "batch_ended"
    assert state_of(world) == "done"


@pytest.mark.parametrize("control", [pause, resume])
def test_a_cancelled_batch_is_not_brought_back(world: World, control: Control) -> None:
    batch_id = accepted(world, closing(1))
    cancel(world.context, batch_id)

    with pytest.raises(Refused, match="cancelled") as caught:
        control(world.context, batch_id)

    assert caught.value.code == "batch_ended"


@pytest.mark.parametrize("control", [pause, resume, cancel])
def test_an_unknown_batch_is_said_to_be_unknown(world: World, control: Control) -> None:
    with pytest.raises(Unknown) as caught:
        control(world.context, batch_id_of("nobody"))

    assert caught.value.code == "batch_not_found"


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize(
    ("given", "code"),
    [(None, "null_not_allowed"), (7, "invalid_type"), ("\0", "invalid_value"), ("x" * 256, "too_long")],
)
def test_what_is_no_id_is_refused(world: World, given: object, code: str) -> None:
    with pytest.raises(RefusedArguments) as caught:
        pause(world.context, given)

    assert caught.value.reason == f"{code}: batch_id"
