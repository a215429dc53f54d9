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


def test_a_revived_entry_is_next_in_line_with_its_deliveries_forgotten(client: redis.Redis) -> None:
    client.lpush("ingest", "other")
    entry = message(items=[])
    entry["headers"]["x-deliveries"] = 30
    dead.revive(client, "ingest", json.dumps(entry))
    revived = json.loads(str(client.rpop("ingest"), "utf-8"))  # type: ignore[arg-type]
    assert "x-deliveries" not in revived["headers"]
    assert revived["body"] == entry["body"]


def test_an_entry_that_is_no_message_is_revived_as_it_is(client: redis.Redis) -> None:
    dead.revive(client, "ingest", "hello")
    assert client.lrange("ingest", 0, -1) == [b"hello"]
