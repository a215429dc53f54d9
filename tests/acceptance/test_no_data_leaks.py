"""What a message holds is seen by its task alone: not by logs, events, Flower, remote inspection or stored results."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.acceptance.probe import MISDEEDS
from tests.acceptance.processes import PROBE, ROOT, Broker, Program, free_port, program, worker
from tests.acceptance.shapes import message
from tests.services.waiting import wait_until
from worker.broker import dead

pytestmark = pytest.mark.workers

SECRET = "Frau-Geheim"
LOGIN = ("admin", "open sesame")
SEEN = [how for how in MISDEEDS if how not in ("deaf", "stuck", "always killed")]


@pytest.fixture(scope="module")
def flower(folder: Path, broker: Broker) -> Iterator[httpx.Client]:
    port = free_port()
    settings = {"TICKETS_FLOWER_PORT": str(port), "TICKETS_FLOWER_PASSWORD": LOGIN[1]}
    with (
        program(folder, broker, "flower", **settings) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", auth=LOGIN, timeout=20) as client,
    ):
        assert wait_until(lambda: _answers(client)), process.log
        yield client
        assert SECRET not in process.log


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/healthcheck").is_success
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def events(broker: Broker) -> Iterator[list[str]]:
    """Everything that is told to whoever listens to events."""
    heard: list[str] = []

    def hear(published: dict[str, bytes]) -> None:
        heard.append(base64.b64decode(json.loads(published["data"])["body"]).decode())

    with broker.client.pubsub(ignore_subscribe_messages=True) as pubsub:  # type: ignore[no-untyped-call]
        pubsub.psubscribe(**{"/0.celeryev*": hear})
        thread = pubsub.run_in_thread(sleep_time=0.05)
        yield heard
        thread.stop()
        thread.join()


@pytest.fixture(scope="module")
def misbehaving(folder: Path, broker: Broker, flower: httpx.Client, events: list[str]) -> Iterator[Program]:
    """A worker that has been through all kinds of failure, each with a message that says what its arguments are."""
    assert _answers(flower)
    assert not any(SECRET in event for event in events)
    with worker(folder, broker) as process:
        for how in SEEN:
            entry = message(task_id=f"id of {how}", items=[SECRET], how=how)
            entry["headers"] |= {"argsrepr": SECRET, "kwargsrepr": SECRET, "shadow": SECRET, "origin": SECRET}
            broker.put("ingest", entry)
        assert wait_until(lambda: all(_ended(broker, f"id of {how}") for how in SEEN)), process.log
        yield process


def _ended(broker: Broker, task_id: str) -> bool:
    return broker.result(task_id).get("status") in ("SUCCESS", "FAILURE")


def test_logs_name_each_task_and_nothing_of_its_arguments(misbehaving: Program) -> None:
    assert all(f"id of {how}" in misbehaving.log for how in SEEN)
    assert SECRET not in misbehaving.log
    assert "customer's words" not in misbehaving.log


def test_a_failures_log_line_says_where_and_why(misbehaving: Program) -> None:
    lines = [json.loads(line) for line in misbehaving.log.splitlines() if '"task_attempt_failed"' in line]
    [line] = [line for line in lines if line["task_id"] == "id of bug"]
    assert (line["reason"], line["error"], line["task"]) == (
        "unexpected_error: KeyError",
        "KeyError",
        "tasks.ingest.bulk_patch",
    )
    assert line["where"][-1].endswith(" bug")


@pytest.mark.usefixtures("misbehaving")
def test_events_tell_what_happens_and_nothing_of_the_arguments(events: list[str]) -> None:
    told = "".join(events)
    assert all(kind in told for kind in ("task-received", "task-failed", "task-retried", "task-sent", "task-rejected"))
    assert SECRET not in told
    assert "customer's words" not in told


@pytest.mark.usefixtures("misbehaving")
def test_stored_results_hold_nothing_of_the_arguments(broker: Broker) -> None:
    for how in SEEN:
        stored = json.dumps(broker.result(f"id of {how}"))
        assert SECRET not in stored
        assert "customer's words" not in stored


def test_remote_inspection_shows_running_tasks_without_arguments(broker: Broker, misbehaving: Program) -> None:
    task_id = str(uuid4())
    broker.put("ingest", message(task_id=task_id, items=[SECRET], how="stuck"))
    assert wait_until(lambda: bool(misbehaving.runs(task_id)))
    command = [sys.executable, "-m", "celery", "-A", PROBE, "inspect", "active", "--json"]
    environment = misbehaving.environment
    found = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=60)  # noqa: S603
    assert task_id in found.stdout
    assert SECRET not in found.stdout


@pytest.mark.usefixtures("misbehaving")
def test_flower_shows_tasks_without_arguments(flower: httpx.Client) -> None:
    assert wait_until(lambda: "id of bug" in flower.get("/api/tasks").text)
    for page in ("/api/tasks", "/tasks", "/task/id of bug", "/api/task/info/id of bug", "/api/task/result/id of bug"):
        answer = flower.get(page)
        assert answer.is_success
        assert SECRET not in answer.text
    assert flower.get("/api/tasks").json()["id of bug"]["kwargs"] == "…"


@pytest.mark.usefixtures("misbehaving")
def test_flower_shows_no_password_of_ours(flower: httpx.Client, broker: Broker) -> None:
    shown = flower.get("/api/workers", params={"refresh": "1"}).text
    assert "redbeat_redis_url" in shown
    assert broker.url.split(":")[2].partition("@")[0] not in shown


@pytest.mark.parametrize(
    "page", ["/", "/workers", "/tasks", "/broker", "/api/tasks", "/api/workers", "/api/task/types"]
)
def test_flower_asks_for_the_login(flower: httpx.Client, page: str) -> None:
    assert httpx.get(flower.base_url.join(page)).status_code == httpx.codes.UNAUTHORIZED


def test_flower_sends_no_task_without_the_login(flower: httpx.Client, broker: Broker) -> None:
    address = flower.base_url.join("/api/task/async-apply/tasks.admin.rerun")
    assert httpx.post(address, json={"kwargs": {"mode": "busy"}}).status_code == httpx.codes.UNAUTHORIZED
    assert broker.client.llen("admin") == 0


def test_an_admin_task_of_flower_is_run(flower: httpx.Client, misbehaving: Program) -> None:
    answer = flower.post("/api/task/async-apply/tasks.admin.rerun", json={"kwargs": {"mode": "busy"}})
    assert wait_until(lambda: bool(misbehaving.runs(answer.json()["task-id"])))


def test_any_name_sent_through_flower_ends_in_the_dead_list(
    flower: httpx.Client, broker: Broker, misbehaving: Program
) -> None:
    assert flower.post("/api/task/send-task/os.system", json={"args": [SECRET]}).is_success
    assert wait_until(lambda: bool(dead.waiting(broker.client)))
    assert [found.reason for found in dead.waiting(broker.client)] == ["unknown_task"]
    assert misbehaving.alive
