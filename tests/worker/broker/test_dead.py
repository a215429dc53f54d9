from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import redis

from tests.acceptance.shapes import message
from worker.broker import dead


@pytest.fixture
def client(valkey_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(valkey_url) as client:
        yield client


def test_a_buried_entry_is_found_with_all_that_is_known_of_it(client: redis.Redis) -> None:
    entry = '{"körper": 1}'.encode()
    dead_id = dead.bury(client, reason="unknown_task", queue="ingest", entry=entry)
    [found] = dead.waiting(client)
    assert (found.id, found.reason, found.queue) == (dead_id, "unknown_task", "ingest")
    assert (found.entry, found.size, found.truncated) == (entry.decode(), len(entry), False)
    assert datetime.now(UTC) - found.at < timedelta(minutes=1)


def test_the_oldest_entries_come_first(client: redis.Redis) -> None:
    for number in range(5):
        dead.bury(client, reason="not_json", queue="ingest", entry=str(number).encode())
    assert [found.entry for found in dead.waiting(client, limit=3)] == ["0", "1", "2"]


def test_an_entry_stays_until_it_is_forgotten(client: redis.Redis) -> None:
    for number in range(2):
        dead.bury(client, reason="not_json", queue="ingest", entry=str(number).encode())
    first, second = dead.waiting(client)
    dead.forget(client, [first])
    dead.forget(client, [first])
    assert dead.waiting(client) == [second]


def test_of_a_huge_entry_the_start_is_kept(client: redis.Redis) -> None:
    entry = b"x" * (dead.KEPT_WHOLE + 1)
    dead.bury(client, reason="too_large", queue="ingest", entry=entry)
    [found] = dead.waiting(client)
    assert (found.size, found.truncated, len(found.entry)) == (len(entry), True, dead.KEPT_START)


def test_bytes_that_are_no_text_are_kept_readable(client: redis.Redis) -> None:
    dead.bury(client, reason="not_json", queue="ingest", entry=b"\xff\x00")
    assert dead.waiting(client)[0].entry == "\\xff\x00"


def test_the_list_is_bounded(client: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead, "LONGEST", 3)
    for number in range(5):
        dead.bury(client, reason="not_json", queue="ingest", entry=str(number).encode())
    assert [found.entry for found in dead.waiting(client)] == ["2", "3", "4"]


def test_a_dead_message_tells_the_task_and_the_id_that_it_names(client: redis.Redis) -> None:
    entry = json.dumps(message("tasks.ingest.bulk_pacth", task_id="one"))
    dead.bury(client, reason="unknown_task", queue="ingest", entry=entry.encode())
    [found] = dead.waiting(client)
    assert (found.task, found.message_id) == ("tasks.ingest.bulk_pacth", "one")


@pytest.mark.parametrize(
    "entry", ["", "7", "{}", '{"headers": []}', '{"headers": {"task": "a customer\'s words", "id": {}}}', "[" * 10_000]
)
def test_what_is_no_name_is_not_taken_for_one(client: redis.Redis, entry: str) -> None:
    dead.bury(client, reason="not_json", queue="ingest", entry=entry.encode())
    [found] = dead.waiting(client)
    assert (found.task, found.message_id) == (None, None)


@pytest.mark.parametrize("noise", [b"", b"7", b"[]", b"{}", b'{"id": 1, "at": 2}', b"\xff"])
def test_what_others_wrote_to_the_list_can_be_read_and_forgotten(client: redis.Redis, noise: bytes) -> None:
    client.lpush(dead.KEY, noise)
    [found] = dead.waiting(client)
    assert found.id == dead.waiting(client)[0].id
    dead.forget(client, [found])
    assert dead.waiting(client) == []
