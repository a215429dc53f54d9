"""PATCH /api/mind/ticket as a sender sees it, and what is then in the database."""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis

from config.routing import TaskName
from tests.services.waiting import wait_until
from tests.worker.gateway.conftest import Gateway, Run, batch_id, bearer
from worker.operations.ingest.accept import batch_id_of
from worker.storage.tables import BatchChunkRow, BatchRow, OutboxRow

EXAMPLE = Path(__file__).parents[2] / "data" / "patch-ticket-example.json"
ITEMS = [{"id": 1, "status": "closed"}, {"id": 2, "priority": "high"}]


def queued(url: str) -> dict[str, Any]:
    """The messages of the ingest queue by their task ids."""
    with redis.Redis.from_url(url) as client:
        entries = [json.loads(entry) for entry in client.lrange("ingest", 0, -1)]
    return {entry["headers"]["id"]: entry["headers"]["task"] for entry in entries}


def test_an_accepted_batch_is_answered_as_on_the_page(gateway: Gateway) -> None:
    answer = gateway.client.patch("/api/mind/ticket", params={"includeInWorklog": "true"}, content=EXAMPLE.read_bytes(),
                                  headers={"Content-Type": "application/json"})  # fmt: skip
    assert answer.status_code == 200
    assert answer.json() == {"success": True}
    assert answer.headers["Location"] == f"/api/mind/batch/{uuid.UUID(batch_id(answer))}"


def test_with_the_answer_the_batch_is_in_the_database(gateway: Gateway) -> None:
    accepted = batch_id(gateway.patch(ITEMS, includeInWorklog="false"))
    [batch] = gateway.rows(BatchRow, id=accepted)
    assert (batch["user_id"], batch["source"], batch["include_in_worklog"]) == (7, "gateway", False)
    assert (batch["state"], batch["received"], batch["atomic"]) == ("accepted", 2, False)
    [chunk] = gateway.rows(BatchChunkRow, batch_id=accepted)
    assert json.loads(chunk["items"]) == [[0, ITEMS[0]], [1, ITEMS[1]]]
    [message] = gateway.rows(OutboxRow, id=accepted)
    assert (message["task"], message["arguments"]) == (TaskName.RESUME_BATCH, {"batch_id": accepted})


def test_a_worker_is_sent_for_the_batch_at_once(gateway: Gateway, valkey_server: str) -> None:
    accepted = batch_id(gateway.patch(ITEMS))
    assert wait_until(lambda: accepted in queued(valkey_server), seconds=10), gateway.log
    assert queued(valkey_server)[accepted] == TaskName.RESUME_BATCH
    assert [row["sent"] for row in gateway.rows(OutboxRow, id=accepted)] == [1]


def test_the_worklog_is_the_default(gateway: Gateway) -> None:
    assert gateway.rows(BatchRow, id=batch_id(gateway.patch(ITEMS)))[0]["include_in_worklog"] is True


@pytest.mark.parametrize(("items", "received"), [([], 0), ({"id": 1, "status": "open"}, 1), ([7, None], 2)])
def test_an_odd_batch_is_accepted_and_told_of_in_its_ledger(gateway: Gateway, items: object, received: int) -> None:
    accepted = gateway.patch(items)
    assert accepted.status_code == 200
    assert gateway.rows(BatchRow, id=batch_id(accepted))[0]["received"] == received


def test_the_user_of_the_token_is_the_one_who_patches(gateway: Gateway) -> None:
    answer = gateway.client.patch("/api/mind/ticket", json=ITEMS, headers=bearer(sub="crm", userId=12))
    assert gateway.rows(BatchRow, id=batch_id(answer))[0]["user_id"] == 12


def test_two_batches_without_a_key_are_two(gateway: Gateway) -> None:
    assert batch_id(gateway.patch(ITEMS)) != batch_id(gateway.patch(ITEMS))


def test_the_same_key_and_batch_again_is_the_same_batch(gateway: Gateway) -> None:
    first, again = gateway.patch(ITEMS, key="again"), gateway.patch(ITEMS, key="again")
    assert (again.status_code, again.json()) == (200, {"success": True})
    assert batch_id(first) == batch_id(again) == batch_id_of("again")


@pytest.mark.parametrize(("sent", "key"), [('"quoted"', "quoted"), (r'"a \"b\" \\c"', r'a "b" \c'), ('"open', '"open')])
def test_a_key_may_be_quoted_as_its_standard_asks(gateway: Gateway, sent: str, key: str) -> None:
    assert batch_id(gateway.patch(ITEMS, key=sent)) == batch_id_of(key)


def test_senders_that_race_with_one_key_get_one_batch(gateway: Gateway) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: gateway.patch(ITEMS, key="race"), range(16)))
    assert {answer.status_code for answer in answers} == {200}
    assert {batch_id(answer) for answer in answers} == {batch_id_of("race")}
    assert len(gateway.rows(BatchChunkRow, batch_id=batch_id_of("race"))) == 1


CHANGED: list[dict[str, Any]] = [
    {"items": ITEMS[:1]},
    {"params": {"includeInWorklog": "false"}},
    {"user": "8"},
]


@pytest.mark.parametrize("changed", CHANGED)
def test_a_key_of_another_batch_or_user_is_refused(gateway: Gateway, changed: dict[str, Any]) -> None:
    key = str(uuid.uuid4())
    gateway.patch(ITEMS, key=key)
    answer = gateway.client.patch(
        "/api/mind/ticket",
        json=changed.get("items", ITEMS),
        params=changed.get("params", {}),
        headers={"Idempotency-Key": key} | bearer(sub=changed.get("user", "7")),
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert "Location" not in answer.headers
    assert gateway.rows(BatchRow, id=batch_id_of(key))[0]["received"] == 2


def test_a_large_batch_is_accepted_whole(run: Run, migrated_sqlite_url: str) -> None:
    [example] = json.loads(EXAMPLE.read_bytes())
    items = [example | {"id": number} for number in range(1, 1_101)]
    with run(migrated_sqlite_url) as gateway:
        body = json.dumps(items).encode()
        assert len(body) > 8 * 1024 * 1024  # taken one after the other
        headers = {"Content-Type": "application/json"}

        def send(_: int) -> httpx.Response:
            return gateway.client.patch("/api/mind/ticket", content=body, headers=headers)

        with ThreadPoolExecutor(2) as threads:
            accepted = [batch_id(answer) for answer in threads.map(send, range(2))]
        for one in accepted:
            chunks = gateway.rows(BatchChunkRow, batch_id=one)
            assert [item for chunk in chunks for _, item in json.loads(chunk["items"])] == items
