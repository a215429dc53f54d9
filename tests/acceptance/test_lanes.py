"""One worker process, a large batch, and somebody who clicks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import celery
import pytest
from sqlalchemy import select

from tests.acceptance.processes import Broker, program, worker
from tests.acceptance.shapes import message
from tests.acceptance.system import System
from tests.services.waiting import wait_until
from tests.worker.operations.conftest import ticket_row
from worker.operations.ingest.accept import batch_id_of
from worker.storage.bulk import insert_rows
from worker.storage.database import Database
from worker.storage.tables import BatchRow, HistoryRow, OutboxRow, TicketRow

pytestmark = pytest.mark.workers

COUNT = 1_000
CLICKED = COUNT + 1
BULK = "\x06\x169"
"""What kombu puts behind a queue's name for messages of priority 9."""


@pytest.fixture
def busy(system: System) -> System:
    """A worker of one process will apply many small chunks."""
    system.environment |= {"TICKETS_WORKER_CONCURRENCY": "1", "TICKETS_CHUNK_SIZE": "10", "TICKETS_BATCH_SLICE": "0.1"}
    with closing(Database(system.environment["DATABASE_URL"])) as database, database.write() as connection:
        insert_rows(connection, TicketRow, [ticket_row(number) for number in range(1, CLICKED + 1)])
    return system


@contextmanager
def waiting_for(system: System, task_id: str) -> Iterator[celery.result.AsyncResult]:
    """What another service holds that has sent a task and waits for its result; it has none of our code."""
    foreign = celery.Celery("foreign", broker=system.broker_url, backend=system.broker_url, set_as_current=False)
    try:
        yield foreign.AsyncResult(task_id)
    finally:
        foreign.close()


def items(**change: str) -> list[dict[str, Any]]:
    return [{"id": number} | change for number in range(1, COUNT + 1)]


def test_a_click_is_not_kept_waiting_by_a_large_batch_and_both_senders_get_their_result(busy: System) -> None:
    with busy.worker(), waiting_for(busy, "large") as large, waiting_for(busy, "click") as click:
        busy.send("large", items=items(status="closed"))
        assert wait_until(lambda: busy.updated("large") > 0, seconds=60)

        busy.send("click", items=[{"id": CLICKED, "status": "closed"}])
        clicked = click.get(timeout=30)
        applied = busy.updated("large")
        assert large.state == "PENDING"
        counts = large.get(timeout=90)["counts"]

    assert clicked["counts"]["updated"] == 1
    assert applied < COUNT / 2
    assert (counts["received"], counts["updated"]) == (COUNT, COUNT)
    assert busy.ask(select(OutboxRow.id)) == []
    assert len(busy.ask(select(HistoryRow.id))) == COUNT + 1


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_who_sends_a_batch_again_while_it_is_applied_gets_the_same_result(busy: System) -> None:
    with busy.worker(), waiting_for(busy, "first") as first, waiting_for(busy, "again") as again:
        busy.send("first", items=items(status="closed"), idempotency_key="key")
        assert wait_until(lambda: busy.updated("key") > 0, seconds=60)
        busy.send("again", items=items(status="closed"), idempotency_key="key")

        answers = [first.get(timeout=90), again.get(timeout=30)]

    assert answers[0] == answers[1]
    assert answers[0]["batchId"] == batch_id_of("key")
    assert answers[0]["counts"]["updated"] == COUNT == len(busy.ask(select(HistoryRow.id)))
    assert len(busy.ask(select(BatchRow.id))) == 1


def test_a_worker_takes_what_is_interactive_first_whatever_waits_in_any_queue(folder: Path, broker: Broker) -> None:
    for number in range(5):
        broker.put(f"ingest{BULK}", message(task_id=f"large {number}", items=[]))
        broker.put(f"upkeep{BULK}", message("tasks.outbox.relay", task_id=f"slow {number}"))
    broker.put("ingest", message(task_id="click", items=[]))

    with worker(folder, broker, TICKETS_WORKER_CONCURRENCY="1") as process:
        assert wait_until(lambda: len(process.runs("relay")) == 5 and bool(process.runs("large 4 done"))), process.log

    begun = [json.loads(line)["id"] for line in process.journal.read_text().splitlines()]
    assert [task_id for task_id in begun if "fork" not in task_id][:2] == ["click", "click done"]


def test_short_work_of_the_bulk_lane_follows_without_a_pause(folder: Path, broker: Broker) -> None:
    """A process of two is left to clicks, so that one message at a time is taken."""
    ids = [f"short {number}" for number in range(150)]
    with worker(folder, broker) as process:
        for task_id in ids:
            entry = message(task_id=task_id, items=[])
            entry["properties"]["priority"] = 9
            broker.put(f"ingest{BULK}", entry)

        # Ten a second are what the server's own clock would allow.
        assert wait_until(lambda: bool(process.runs(f"{ids[-1]} done")), len(ids) / 10 * 0.7), process.log


def test_one_process_is_kept_for_clicks_and_another_for_what_comes_of_them(folder: Path, broker: Broker) -> None:
    """Or a click would wait for the webhooks of those before it, which take as long as their receivers."""
    others = [f"{kind} {number}" for kind in ("kept large", "kept webhook") for number in range(2)]
    with worker(folder, broker, TICKETS_WORKER_CONCURRENCY="3") as process:
        for number in range(2):
            large = message(task_id=f"kept large {number}", items=[], how="slow")
            large["properties"]["priority"] = 9
            broker.put(f"ingest{BULK}", large)
        assert wait_until(lambda: bool(process.runs("kept large 0"))), process.log
        for number in range(2):
            broker.put("webhooks", message("tasks.webhooks.deliver", task_id=f"kept webhook {number}"))
        assert wait_until(lambda: bool(process.runs("kept webhook 0"))), process.log

        broker.put("ingest", message(task_id="kept click", items=[]))
        assert wait_until(lambda: bool(process.runs("kept click done")), seconds=2), process.log

        assert [one for one in others if process.runs(one)] == ["kept large 0", "kept webhook 0"]
        assert wait_until(lambda: all(process.runs(f"{one} done") for one in others)), process.log


def test_a_worker_without_the_ingest_queue_keeps_one_process_for_the_interactive_lane(
    folder: Path, broker: Broker
) -> None:
    with program(folder, broker, "worker", "--without-gossip", "--without-mingle", "-Q", "webhooks") as process:
        for number in range(2):
            late = message("tasks.webhooks.deliver", task_id=f"late {number}")
            late["properties"]["priority"] = 9
            broker.put(f"webhooks{BULK}", late)
        assert wait_until(lambda: bool(process.runs("late 0"))), process.log

        broker.put("webhooks", message("tasks.webhooks.deliver", task_id="soon"))
        assert wait_until(lambda: bool(process.runs("soon")), seconds=2), process.log
        assert not process.runs("late 1")


def test_a_broker_that_lets_nobody_name_connections_is_served_all_the_same(folder: Path, broker: Broker) -> None:
    rights = ["+@all", "-client"]
    broker.client.acl_setuser(
        "narrow", enabled=True, passwords=["+narrow"], keys=["*"], channels=["*"], commands=rights
    )
    url = f"redis://narrow:narrow@127.0.0.1:{broker.port}/0"
    with worker(folder, broker, BROKER_URL=url) as process:
        for number in range(5):
            entry = message(task_id=f"short {number}", items=[])
            entry["properties"]["priority"] = 9
            broker.put(f"ingest{BULK}", entry)

        assert wait_until(lambda: all(process.runs(f"short {number} done") for number in range(5))), process.log
        assert "connection lost" not in process.log.lower()
