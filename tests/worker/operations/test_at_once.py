"""A click is written down and applied in one transaction: all of it stands, or nothing does."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime

import pytest
import redis.exceptions
from sqlalchemy import event

from tests.worker.operations.conftest import Add, World
from tests.worker.operations.receivers import Receiver, listen
from worker.operations.ingest.accept import Flags
from worker.operations.ingest.bulk_patch import bulk_patch
from worker.operations.publish import publish
from worker.storage.tables import BatchChunkRow, BatchItemRow, BatchRow, HistoryRow, OutboxRow

ITEMS = [{"id": 1, "status": "closed"}]


def commits(world: World) -> list[str]:
    """Filled with a word for each transaction that writes and is committed from now on."""
    found: list[str] = []
    event.listen(world.context.database.engine, "commit", lambda _connection: found.append("commit"))
    return found


def test_a_click_is_saved_by_one_commit_and_needs_nobody_to_go_on(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    found = commits(world)

    answer = world.patch(*ITEMS)

    assert (answer["state"], answer["counts"]["updated"], found) == ("done", 1, ["commit"])
    assert (world.rows(OutboxRow), len(world.rows(BatchItemRow)), len(world.rows(BatchChunkRow))) == ([], 1, 1)


def test_a_click_that_more_than_one_chunk_takes_is_written_down_first(world: World, add_tickets: Add) -> None:
    world.with_settings(chunk_size=1)
    add_tickets(1, 2)
    found = commits(world)

    assert world.patch({"id": 1, "status": "closed"}, {"id": 2, "status": "closed"})["counts"]["updated"] == 2
    assert len(found) > 2


def test_the_same_click_again_gives_the_stored_result(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    first = world.patch(*ITEMS, idempotency_key="key")

    assert world.patch(*ITEMS, idempotency_key="key") == first
    assert len(world.rows(HistoryRow)) == 1


class Faulty:
    """A clock that fails once it was read so often, and goes right after that."""

    def __init__(self, world: World, *, works: int) -> None:
        self.world, self.left = world, works

    def __call__(self) -> datetime:
        self.left -= 1
        if self.left == -1:
            raise RuntimeError("the clock stands still")
        return self.world.now


def test_a_click_whose_first_try_fails_for_no_foreseen_reason_is_written_down_and_applied(
    world: World, add_tickets: Add
) -> None:
    add_tickets(1)
    world.context = replace(world.context, clock=Faulty(world, works=1))

    assert world.patch(*ITEMS)["counts"]["updated"] == 1
    assert (len(world.rows(BatchRow)), len(world.rows(HistoryRow)), world.rows(OutboxRow)) == (1, 1, [])


def test_a_click_that_fails_again_is_remembered_with_somebody_to_go_on(world: World, add_tickets: Add) -> None:
    add_tickets(1)

    class Stopped(Faulty):
        def __call__(self) -> datetime:
            self.left -= 1
            if self.left < 0 and self.left != -2:  # the second one writes the batch down
                raise RuntimeError("the clock stands still")
            return self.world.now

    world.context = replace(world.context, clock=Stopped(world, works=1))

    with pytest.raises(RuntimeError):
        bulk_patch(world.context, ITEMS, Flags(), "task-1")
    assert [row["id"] for row in world.rows(OutboxRow)] == ["task-1"]
    assert (world.rows(BatchRow)[0]["state"], world.rows(HistoryRow)) == ("accepted", [])


def test_what_comes_of_a_click_is_noted_as_sent_by_the_same_commit(
    world: World, add_tickets: Add, receiver: Receiver
) -> None:
    listen(world, receiver, "a")
    add_tickets(1)
    found = commits(world)

    world.patch(*ITEMS)

    (row,) = world.rows(OutboxRow)
    assert ([one.id for one in world.sent], found) == ([row["id"]], ["commit"])
    assert (row["state"], row["sent"], row["due_at"]) == ("sent", 1, world.now + world.context.settings.resend_after)


def test_more_than_a_window_of_messages_is_held_back(world: World, add_tickets: Add) -> None:
    world.with_settings(batch_window=2)
    add_tickets(1)
    modes = ("customer", "tags", "agents")

    world.patch(*({"id": 1, "refreshMode": mode} for mode in modes))

    assert sorted(row["state"] for row in world.rows(OutboxRow)) == ["held", "sent", "sent"]
    assert len(world.sent) == 2


def test_what_a_broker_that_is_away_did_not_take_leaves_with_the_next_sweep(
    world: World, add_tickets: Add, receiver: Receiver
) -> None:
    def away(_messages: object) -> None:
        raise redis.exceptions.ConnectionError("away")

    listen(world, receiver, "a")
    add_tickets(1)
    reachable, world.context = world.context, replace(world.context, send=away)

    assert world.patch(*ITEMS)["counts"]["updated"] == 1
    world.context = reachable
    world.pass_time(seconds=reachable.settings.relay_interval.total_seconds())
    publish(world.context)

    assert [one.task for one in world.sent] == ["tasks.webhooks.deliver"]


def test_two_clicks_under_one_key_at_once_send_what_comes_of_them_once(
    world: World, add_tickets: Add, receiver: Receiver
) -> None:
    listen(world, receiver, "a")
    add_tickets(1)
    meet = threading.Barrier(4)
    answers: list[object] = []

    def click(number: int) -> None:
        meet.wait()
        answers.append(bulk_patch(world.context, ITEMS, Flags(idempotency_key="key"), f"task-{number}"))

    threads = [threading.Thread(target=click, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(answers), len(world.sent), len(world.rows(OutboxRow)), len(world.rows(HistoryRow))) == (4, 1, 1, 1)
    assert all(answer == answers[0] for answer in answers)
