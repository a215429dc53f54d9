"""Servers go away and processes are killed; nothing that was sent is lost, and no process ends by itself."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest

from tests.acceptance.processes import Broker, Program, free_port, program, worker
from tests.acceptance.shapes import message
from tests.services.waiting import wait_until

pytestmark = pytest.mark.workers

OUTAGE = 4.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of its own for each test: these leave nothing whole."""
    return tmp_path


@pytest.fixture
def broker(folder: Path) -> Iterator[Broker]:
    broker = Broker(folder / "valkey")
    broker.start()
    try:
        yield broker
    finally:
        broker.client.close()
        broker.kill()


def send(broker: Broker, how: str = "", **headers: object) -> str:
    task_id = str(uuid4())
    entry = message(task_id=task_id, items=[], how=how)
    entry["headers"] |= headers
    broker.put("ingest", entry)
    return task_id


def done(process: Program, task_id: str) -> bool:
    return bool(process.runs(f"{task_id} done"))


def outage(broker: Broker) -> None:
    broker.kill()
    time.sleep(OUTAGE)
    broker.start()


def test_an_idle_worker_outlives_its_broker(folder: Path, broker: Broker) -> None:
    with worker(folder, broker) as process:
        for _ in range(2):
            outage(broker)
            task_id = send(broker)
            assert wait_until(lambda: done(process, task_id)), process.log  # noqa: B023 - awaited at once
        assert process.alive


def test_what_ends_while_the_broker_is_away_is_confirmed_later_and_not_done_twice(folder: Path, broker: Broker) -> None:
    with worker(folder, broker) as process:
        task_id = send(broker, "slow")
        assert wait_until(lambda: bool(process.runs(task_id)))
        outage(broker)
        assert wait_until(lambda: broker.client.hlen("tickets.unacked") == 0), process.log
        assert wait_until(lambda: broker.result(task_id).get("status") == "SUCCESS"), process.log
        assert len(process.runs(task_id)) == 1
        assert process.alive


def test_what_has_to_be_tried_again_while_the_broker_is_away_is_tried_when_it_is_back(
    folder: Path, broker: Broker
) -> None:
    with worker(folder, broker) as process:
        task_id = send(broker, "passing after a while")
        assert wait_until(lambda: bool(process.runs(task_id)))
        outage(broker)
        assert wait_until(lambda: done(process, task_id), 60), process.log
        assert process.alive


def test_what_waited_for_its_time_when_the_broker_went_away_is_not_kept_waiting(folder: Path, broker: Broker) -> None:
    with worker(folder, broker) as process:
        eta = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(time.time() + 2))
        task_id = send(broker, eta=eta)
        assert wait_until(lambda: broker.client.hlen("tickets.unacked") == 1)
        outage(broker)
        assert wait_until(lambda: done(process, task_id)), process.log


def test_worker_beat_and_flower_start_before_their_broker_and_outlive_it(folder: Path, broker: Broker) -> None:
    broker.kill()
    settings = {"TICKETS_FLOWER_PORT": str(free_port()), "TICKETS_RELAY_INTERVAL": "1"}
    with ExitStack() as stack:
        started = [
            stack.enter_context(program(folder, broker, *arguments, **settings))
            for arguments in (("worker",), ("beat",), ("flower", "--conf=config/flower.py"))
        ]
        for _ in range(2):
            time.sleep(OUTAGE)
            broker.start()
            before = len(started[0].runs("relay"))
            assert wait_until(lambda: len(started[0].runs("relay")) > before + 1, 60), started[0].log  # noqa: B023
            broker.kill()
        assert [process.alive for process in started] == [True, True, True], [process.log for process in started]


def test_what_a_killed_worker_held_goes_to_another_after_the_visibility_timeout(folder: Path, broker: Broker) -> None:
    settings = {"TICKETS_VISIBILITY_TIMEOUT": "10"}
    with worker(folder, broker, **settings) as killed:
        task_id = send(broker, "stuck")
        assert wait_until(lambda: bool(killed.runs(task_id)))
        killed.stop(signal.SIGKILL)
    with worker(folder, broker, **settings) as other:
        assert wait_until(lambda: done(other, task_id)), other.log


def test_a_worker_that_is_told_to_end_finishes_what_is_short_and_puts_back_what_is_long(
    folder: Path, broker: Broker
) -> None:
    with worker(folder, broker) as ending:
        short, long = send(broker, "slow"), send(broker, "stuck")
        assert wait_until(lambda: bool(ending.runs(short) and ending.runs(long)))
        ending.stop(signal.SIGTERM)
    with worker(folder, broker) as other:
        assert wait_until(lambda: done(other, long)), other.log
        assert len(other.runs(short)) == len(other.runs(f"{short} done")) == 1
        assert wait_until(lambda: broker.client.hlen("tickets.unacked") == 0)


def test_a_worker_without_work_ends_at_once_when_told_to(folder: Path, broker: Broker) -> None:
    with worker(folder, broker) as process:
        process.stop(signal.SIGTERM, seconds=5)


def test_a_task_above_its_time_limit_is_asked_to_stop_and_tried_again(folder: Path, broker: Broker) -> None:
    with worker(folder, broker, TICKETS_VISIBILITY_TIMEOUT="5") as process:
        task_id = send(broker, "stuck")
        assert wait_until(lambda: done(process, task_id)), process.log
        first, second = process.runs(task_id)
        assert first["pid"] == second["pid"] or '"reason": "time_limit_exceeded"' in process.log


def test_a_task_that_does_not_stop_is_killed_and_delivered_again(folder: Path, broker: Broker) -> None:
    with worker(folder, broker, TICKETS_VISIBILITY_TIMEOUT="5") as process:
        task_id = send(broker, "deaf")
        assert wait_until(lambda: done(process, task_id)), process.log
        first, second = process.runs(task_id)
        assert first["pid"] != second["pid"]
        assert process.alive


def test_models_are_loaded_once_before_the_children_and_connections_renewed_in_each(
    folder: Path, broker: Broker
) -> None:
    with worker(folder, broker) as process:
        task_id = send(broker, "killed")
        assert wait_until(lambda: done(process, task_id)), process.log
        assert [run["pid"] for run in process.runs("before fork")] == [process.pid]
        # Two at the start, and one in place of the lost one, which may come a moment later.
        assert wait_until(lambda: len(_children(process)) == 3), process.log
        assert {run["pid"] for run in process.runs(task_id)} <= _children(process)


def _children(process: Program) -> set[int]:
    return {run["pid"] for run in process.runs("after fork")}


def test_a_broker_without_memory_ends_no_process_and_loses_no_message(folder: Path, broker: Broker) -> None:
    settings = {"TICKETS_RELAY_INTERVAL": "1"}
    with worker(folder, broker) as process, program(folder, broker, "beat", **settings) as beat:
        assert wait_until(lambda: bool(process.runs("relay"))), beat.log
        process.tell(signal.SIGSTOP)
        task_id = send(broker)
        broker.client.config_set("maxmemory", 1)
        process.tell(signal.SIGCONT)
        assert wait_until(lambda: broker.client.llen("ingest") == 0)
        time.sleep(OUTAGE)
        broker.client.config_set("maxmemory", 0)
        assert wait_until(lambda: done(process, task_id)), process.log
        relayed = len(process.runs("relay"))
        assert wait_until(lambda: len(process.runs("relay")) > relayed), beat.log
        assert (process.alive, beat.alive) == (True, True)
