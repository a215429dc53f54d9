"""Of one batch only so many messages are on their way at once, whoever fills its window."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from config.routing import TaskName
from worker.domain.words import MessageState
from worker.storage.database import Database
from worker.storage.outbox import (
    add_message,
    add_messages,
    claim_messages,
    finish_message,
    postpone_messages,
    take_back,
)
from worker.storage.tables import OutboxRow
from worker.storage.windows import batches_held_back, batches_waiting, claim_next

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)
TASK = "tasks.refresh.tags"


def write(database: Database, count: int, batch_id: str = "b", now: datetime = NOON) -> list[str]:
    with database.write() as connection:
        return add_messages(connection, TASK, [{"run_ids": []}] * count, now=now, batch_id=batch_id)


def fill(database: Database, *batch_ids: str, window: int = 3, at: datetime = NOON) -> list[str]:
    with database.write() as connection:
        messages = claim_next(connection, batch_ids or ["b"], window=window, now=at, again_at=LATER)
        return [message.id for message in messages]


def states(database: Database) -> dict[str, str]:
    with database.read() as connection:
        return {row.id: row.state for row in connection.execute(select(OutboxRow.id, OutboxRow.state))}


def test_the_oldest_leave_first_and_no_more_than_the_window_holds(database: Database) -> None:
    late = write(database, 2)
    early = write(database, 2, now=NOON - timedelta(minutes=1))

    assert fill(database) == [*early, late[0]]
    assert fill(database) == []
    assert states(database)[late[1]] == "held"


def test_each_batch_has_a_window_of_its_own(database: Database) -> None:
    one, other = write(database, 4, "one"), write(database, 4, "other")

    assert fill(database, "other", "one") == [*one[:3], *other[:3]]


def test_what_ends_and_what_is_postponed_makes_room(database: Database) -> None:
    ids = write(database, 6)
    ended, postponed, _ = fill(database)
    with database.write() as connection:
        finish_message(connection, ended)
        postpone_messages(connection, [postponed], LATER)

    assert fill(database) == ids[3:5]


def test_what_did_not_leave_makes_no_room(database: Database) -> None:
    write(database, 4)
    with database.write() as connection:
        take_back(
            connection,
            [message.id for message in claim_next(connection, ["b"], window=3, now=NOON, again_at=LATER)],
            LATER,
        )

    assert fill(database) == []


def test_what_was_postponed_needs_room_again_when_its_time_has_come(database: Database) -> None:
    (waiting, *held) = write(database, 4)
    with database.write() as connection:
        postpone_messages(connection, [waiting], LATER)
    assert fill(database) == held

    with database.write() as connection:
        assert batches_waiting(connection, NOON) == []
        assert batches_waiting(connection, LATER) == ["b"]
        again_at = LATER + timedelta(minutes=5)
        due = claim_messages(connection, now=LATER, again_at=again_at, limit=10)
    assert sorted(message.id for message in due) == sorted(held)  # sent again in their own room
    assert fill(database, at=LATER) == []
    assert fill(database, at=LATER, window=4) == [waiting]


def test_the_message_that_applies_a_batch_neither_counts_nor_is_held(database: Database) -> None:
    with database.write() as connection:
        for state in (MessageState.SENT, MessageState.POSTPONED):
            arguments = {"batch_id": "b"}
            add_message(
                connection, state, TaskName.RESUME_BATCH, arguments, now=NOON, due_at=NOON, batch_id="b", state=state
            )
    ids = write(database, 4)

    assert fill(database) == ids[:3]
    with database.write() as connection:
        due = claim_messages(connection, now=NOON, again_at=LATER, limit=10)
    assert sorted(message.id for message in due) == ["postponed", "sent"]


def test_the_batches_of_messages_that_are_held_back_are_found(database: Database) -> None:
    ids = write(database, 2, "one") + write(database, 1, "other")
    fill(database, "other")

    with database.read() as connection:
        assert batches_held_back(connection, ids) == ["one"]
        assert batches_waiting(connection, NOON) == ["one"]


def test_many_that_fill_a_window_at_once_never_overfill_it(database: Database) -> None:
    ids = write(database, 40)
    start = threading.Barrier(4)
    taken: list[str] = []
    under_way: list[int] = []

    def work() -> None:
        start.wait()
        while len(taken) < len(ids):
            with database.write() as connection:
                messages = claim_next(connection, ["b"], window=3, now=NOON, again_at=LATER)
            taken.extend(message.id for message in messages)
            under_way.append(list(states(database).values()).count("sent"))
            for message in messages:
                with database.write() as connection:
                    finish_message(connection, message.id)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(taken) == sorted(ids)
    assert max(under_way) <= 3
