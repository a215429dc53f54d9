"""Messages stay until their work has ended, and go to one relay at a time."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from config.routing import TaskName
from worker.domain.words import Lane, MessageState
from worker.storage.database import Database
from worker.storage.outbox import (
    Message,
    add_message,
    add_messages,
    claim_messages,
    finish_message,
    hand_on,
    has_turn,
    postpone_messages,
    settle_message,
    take_back,
    wake_messages,
)
from worker.storage.tables import OutboxRow

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)


def write(database: Database, count: int, due_at: datetime = NOON, **options: Any) -> list[str]:  # noqa: ANN401
    with database.write() as connection:
        arguments = [{"ids": [str(number)]} for number in range(count)]
        return add_messages(connection, "task", arguments, now=NOON, due_at=due_at, **options)


def claim(database: Database, at: datetime = NOON, limit: int = 100, **options: Any) -> list[Message]:  # noqa: ANN401
    with database.write() as connection:
        return claim_messages(connection, now=at, again_at=at + timedelta(minutes=5), limit=limit, **options)


def rows(database: Database) -> dict[str, dict[str, Any]]:
    with database.read() as connection:
        return {row["id"]: dict(row) for row in connection.execute(select(OutboxRow.__table__)).mappings()}


def test_a_message_is_due_at_once_unless_said_otherwise(database: Database) -> None:
    with database.write() as connection:
        ids = add_messages(connection, "task", [{"ids": ["ä"]}], now=NOON)

    assert claim(database) == [Message(ids[0], "task", {"ids": ["ä"]})]


def test_a_claimed_message_is_put_off_and_counted(database: Database) -> None:
    (message_id,) = write(database, 1)

    claim(database)

    row = rows(database)[message_id]
    assert (row["due_at"], row["sent"], row["state"]) == (LATER, 1, "sent")
    assert claim(database, LATER - timedelta(seconds=1)) == []
    assert [message.id for message in claim(database, LATER)] == [message_id]


def test_the_oldest_go_first_and_no_more_than_asked_for(database: Database) -> None:
    late = write(database, 2)
    early = write(database, 2, NOON - timedelta(hours=1))

    first, second = claim(database, limit=3), claim(database, limit=3)

    assert {message.id for message in first[:2]} == set(early)
    assert {message.id for message in (*first[2:], *second)} == set(late)


def test_named_messages_are_taken_alone(database: Database) -> None:
    write(database, 2)
    ids = write(database, 2)

    assert {message.id for message in claim(database, ids=[*ids, "nowhere"])} == set(ids)


def test_a_finished_message_is_gone(database: Database) -> None:
    kept, finished = write(database, 2)

    with database.write() as connection:
        finish_message(connection, finished)
        finish_message(connection, "nowhere")

    assert list(rows(database)) == [kept]


def test_a_postponed_message_is_due_then(database: Database) -> None:
    (message_id,) = write(database, 1)
    with database.write() as connection:
        postpone_messages(connection, [message_id, "nowhere"], LATER)

    assert claim(database, LATER - timedelta(seconds=1)) == []
    assert len(claim(database, LATER)) == 1


def test_a_message_is_claimed_with_its_lane_and_from_it(database: Database) -> None:
    (slow,) = write(database, 1, NOON - timedelta(hours=1), lane=Lane.BULK)
    (quick,) = write(database, 1)

    taken = claim(database, lane=Lane.INTERACTIVE) + claim(database, lane=Lane.BULK)

    assert [(message.id, message.lane) for message in taken] == [(quick, "interactive"), (slow, "bulk")]


def test_what_a_batch_causes_is_held_back_and_not_taken_as_due(database: Database) -> None:
    ids = write(database, 2, batch_id="b")

    assert claim(database) == claim(database, ids=ids) == []
    assert {row["state"] for row in rows(database).values()} == {"held"}


def test_the_end_of_a_message_names_a_batch_that_holds_others_back(database: Database) -> None:
    first, second = write(database, 2, batch_id="b")
    (alone,) = write(database, 1)

    with database.write() as connection:
        assert settle_message(connection, alone, None) == []
        assert settle_message(connection, first, LATER) == ["b"]
        assert settle_message(connection, second, None) == []

    assert {row["id"]: (row["state"], row["due_at"]) for row in rows(database).values()} == {
        first: ("postponed", LATER)
    }


def test_what_did_not_leave_is_due_again_and_keeps_its_room(database: Database) -> None:
    ids = write(database, 2)
    claim(database)
    with database.write() as connection:
        take_back(connection, ids[:1], NOON)

    assert rows(database)[ids[0]]["state"] == "ready"
    assert [message.id for message in claim(database)] == ids[:1]


def test_waiting_messages_of_a_batch_and_task_are_woken_and_those_on_their_way_left_alone(database: Database) -> None:
    resume = TaskName.RESUME_BATCH
    with database.write() as connection:
        for message_id, state, batch_id in (
            ("waits", MessageState.POSTPONED, "b"),
            ("ready", MessageState.READY, "b"),
            ("sent", MessageState.SENT, "b"),
            ("other", MessageState.POSTPONED, "c"),
        ):
            add_message(connection, message_id, resume, {}, now=NOON, due_at=LATER, batch_id=batch_id, state=state)
    write(database, 1, LATER, batch_id="b")

    with database.write() as connection:
        woken = wake_messages(connection, "b", resume, NOON)

    assert sorted(woken) == ["ready", "waits"]
    assert sorted(message.id for message in claim(database)) == ["ready", "waits"]


def test_only_the_message_of_the_latest_turn_may_go_on(database: Database) -> None:
    (message_id,) = write(database, 1)
    with database.write() as connection:
        assert has_turn(connection, message_id, 0)
        hand_on(connection, message_id, {"turn": 1}, NOON)
        assert not has_turn(connection, message_id, 0)
        assert has_turn(connection, message_id, 1)
        postpone_messages(connection, [message_id], LATER)
        assert not has_turn(connection, message_id, 1)
        assert has_turn(connection, "nowhere", 0)


def test_what_is_due_is_asked_for_in_the_words_of_the_partial_index(database: Database) -> None:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    claim(database)

    assert any("outbox.state != 'held'" in statement for statement in seen)


def test_a_message_under_a_given_id_is_written_once(database: Database) -> None:
    for due_at in (LATER, NOON):
        with database.write() as connection:
            add_message(connection, "fixed", "task", {"batch_id": "b"}, now=NOON, due_at=due_at)

    assert [(row["id"], row["due_at"]) for row in rows(database).values()] == [("fixed", LATER)]


def test_a_message_of_a_transaction_that_fails_was_never_there(database: Database) -> None:
    def work() -> None:
        with database.write() as connection:
            add_messages(connection, "task", [{}], now=NOON)
            raise KeyError

    with pytest.raises(KeyError):
        work()

    assert rows(database) == {}


def test_relays_that_meet_take_each_message_once(database: Database) -> None:
    ids = write(database, 100)
    start = threading.Barrier(4)
    taken: list[str] = []

    def sweep() -> None:
        start.wait()
        while messages := claim(database, limit=7):
            taken.extend(message.id for message in messages)

    threads = [threading.Thread(target=sweep) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(taken) == sorted(ids)
