"""Messages stay until their work has ended, and go to one relay at a time."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from worker.storage.database import Database
from worker.storage.outbox import (
    Message,
    add_message,
    add_messages,
    claim_messages,
    finish_message,
    postpone_messages,
)
from worker.storage.tables import OutboxRow

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)


def write(database: Database, count: int, due_at: datetime = NOON) -> list[str]:
    with database.write() as connection:
        arguments = [{"ids": [str(number)]} for number in range(count)]
        return add_messages(connection, "task", arguments, now=NOON, due_at=due_at, batch_id="b")


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
    assert (row["due_at"], row["sent"], row["batch_id"]) == (LATER, 1, "b")
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
