"""Whatever lies on a queue, the worker goes on."""

from __future__ import annotations

import json
from collections import Counter
from uuid import uuid4

import pytest

from tests.acceptance.processes import Broker, Program
from tests.acceptance.shapes import MALFORMED, message
from tests.services.waiting import wait_until
from worker.broker import dead

pytestmark = pytest.mark.workers


def run(broker: Broker, worker: Program, how: str = "", **headers: object) -> str:
    task_id = str(uuid4())
    entry = message(task_id=task_id, items=["body"], how=how)
    entry["headers"] |= headers
    broker.put("ingest", entry)
    assert wait_until(lambda: bool(worker.runs(task_id)) and ended(broker, task_id)), worker.log
    return task_id


def ended(broker: Broker, task_id: str) -> bool:
    return broker.result(task_id).get("status") in ("SUCCESS", "FAILURE")


def unconfirmed(broker: Broker) -> object:
    return broker.client.hlen("tickets.unacked")


def test_no_malformed_entry_ends_the_worker_and_each_is_kept_with_its_reason(
    broker: Broker, shared_worker: Program
) -> None:
    for shape in MALFORMED:
        broker.put(shape.queue, shape.entry)
    run(broker, shared_worker)
    found = dead.waiting(broker.client, limit=1000)
    assert Counter(entry.reason for entry in found) == Counter(shape.reason for shape in MALFORMED)
    dead.forget(broker.client, found)
    assert shared_worker.alive


def test_no_malformed_broadcast_ends_the_worker(broker: Broker, shared_worker: Program) -> None:
    pidbox = message() | {"body": "{}"}
    for noise in (b"x", b"7", b"[]", b"{}", b'{"properties": 5}', json.dumps(pidbox).encode()):
        broker.client.publish("/0.celery.pidbox", noise)
    run(broker, shared_worker)
    assert shared_worker.alive


@pytest.mark.parametrize(
    ("how", "reason"),
    [("memory", "out_of_memory"), ("exit", "exit_refused"), ("bug", "unexpected_error: KeyError")],
)
def test_no_error_of_a_task_ends_the_worker(broker: Broker, shared_worker: Program, how: str, reason: str) -> None:
    task_id = run(broker, shared_worker, how)
    assert broker.result(task_id)["result"]["exc_message"] == [reason]
    assert len(shared_worker.runs(task_id)) == 1
    assert wait_until(lambda: unconfirmed(broker) == 0)


@pytest.mark.parametrize("how", ["passing", "database"])
def test_what_may_pass_is_tried_again(broker: Broker, shared_worker: Program, how: str) -> None:
    task_id = run(broker, shared_worker, how)
    assert broker.result(task_id)["status"] == "SUCCESS"
    assert len(shared_worker.runs(task_id)) == 2


def test_an_endless_task_is_tried_more_often_than_there_are_delays(broker: Broker, shared_worker: Program) -> None:
    task_id = str(uuid4())
    broker.put("ingest", message(task_id=task_id, items=[], how="passing four times"))
    assert wait_until(lambda: ended(broker, task_id)), shared_worker.log
    assert broker.result(task_id)["status"] == "SUCCESS"
    assert len(shared_worker.runs(task_id)) == 5


def test_another_task_fails_after_its_last_delay(broker: Broker, shared_worker: Program) -> None:
    task_id = str(uuid4())
    broker.put("admin", message("tasks.admin.rerun", task_id=task_id, mode="busy"))
    assert wait_until(lambda: ended(broker, task_id)), shared_worker.log
    assert broker.result(task_id)["result"]["exc_message"] == ["engine_busy"]
    assert len(shared_worker.runs(task_id)) == 3


def test_wrong_arguments_are_a_failure_that_names_none_of_them(broker: Broker, shared_worker: Program) -> None:
    task_id = str(uuid4())
    broker.put("ingest", message(task_id=task_id, itms=["body"]))
    assert wait_until(lambda: ended(broker, task_id)), shared_worker.log
    assert broker.result(task_id)["result"]["exc_message"] == ["invalid_arguments"]


def test_a_message_whose_child_was_killed_is_delivered_again(broker: Broker, shared_worker: Program) -> None:
    task_id = run(broker, shared_worker, "killed")
    first, second = shared_worker.runs(task_id)
    assert first["pid"] != second["pid"]
    assert first["parent"] == second["parent"] == shared_worker.pid


def test_a_message_that_always_kills_its_child_is_taken_out_at_last(broker: Broker, shared_worker: Program) -> None:
    task_id = str(uuid4())
    entry = message(task_id=task_id, items=[], how="always killed")
    entry["headers"]["x-deliveries"] = 24
    broker.put("ingest", entry)
    assert wait_until(lambda: bool(dead.waiting(broker.client))), shared_worker.log
    found = dead.waiting(broker.client)
    dead.forget(broker.client, found)
    assert [one.reason for one in found] == ["delivered_too_often"]
    assert len(shared_worker.runs(task_id)) == 2


def test_a_bogus_exchange_does_not_lose_a_message_whose_child_was_killed(
    broker: Broker, shared_worker: Program
) -> None:
    task_id = str(uuid4())
    entry = message(task_id=task_id, items=[], how="killed")
    entry["properties"]["delivery_info"] = {"exchange": "nowhere", "routing_key": "nobody"}
    broker.put("ingest", entry)
    assert wait_until(lambda: broker.result(task_id).get("status") == "SUCCESS"), shared_worker.log
