"""`enqueue` while no worker runs: what is checked here, what is sent, and what is said of it."""

from __future__ import annotations

import base64
import json
import signal

import pytest
import redis

from tests.services.waiting import wait_until
from tests.worker.cli.conftest import Run
from worker.operations.ingest.accept import batch_id_of

AT_ONCE = ("--wait", "--timeout", 0)
BATCH = '[{"id": 1, "body": "very private"}]'


def queued(url: str) -> list[dict[str, object]]:
    """The messages that wait on the queue `ingest`."""
    with redis.Redis.from_url(url) as client:
        return [json.loads(entry) for entry in client.lrange("ingest", 0, -1)]


@pytest.mark.parametrize(
    ("batch", "code"),
    [
        ('[{"id": 1},', "invalid_json"),
        ('[{"id": NaN}]', "invalid_json"),
        ("7", "not_a_list"),
        ('[{"id": 1}, {"id": 2}, {"id": 3}]', "batch_too_large"),
    ],
)
def test_what_would_be_refused_whole_is_not_even_sent(run: Run, valkey_url: str, batch: str, code: str) -> None:
    done = run("enqueue", "-", "--json", stdin=batch, TICKETS_MAX_BATCH_ITEMS="2")

    assert done.code == 2
    assert done.document["error"]["code"] == code
    assert f"({code})" in done.err
    assert queued(valkey_url) == []


def test_a_batch_that_the_queue_would_not_take_is_not_sent(run: Run, valkey_url: str) -> None:
    batch = json.dumps([{"id": 1, "body": "x" * 2_000}])

    done = run("enqueue", "-", "--json", stdin=batch, TICKETS_MAX_MESSAGE_BYTES="2048")

    assert done.code == 2
    assert done.document["error"]["code"] == "batch_too_large"
    assert queued(valkey_url) == []


@pytest.mark.parametrize("option", [["--key", "a\tb"], ["--key", "x" * 256], ["--key", ""], ["--user", "0"]])
def test_a_wrong_flag_is_refused(run: Run, valkey_url: str, option: list[str]) -> None:
    assert run("enqueue", "-", *option, stdin=BATCH).code == 2
    assert queued(valkey_url) == []


def test_a_batch_that_nobody_takes_is_said_to_be_queued(run: Run, valkey_url: str) -> None:
    done = run("enqueue", "-", "--json", "--key", "monday", stdin=BATCH)

    assert done.code == 0
    assert done.document == {"batchId": batch_id_of("monday"), "state": "queued"}
    assert "No worker has accepted the batch yet" in done.err
    assert len(queued(valkey_url)) == 1


def test_the_message_is_what_any_service_may_send(run: Run, valkey_url: str) -> None:
    run("enqueue", "-", "--no-worklog", "--atomic", "--key", "monday", "--user", 8, *AT_ONCE, stdin=BATCH)

    (message,) = queued(valkey_url)
    arguments, named, _ = json.loads(base64.b64decode(str(message["body"])))

    headers = message["headers"]
    assert isinstance(headers, dict)
    assert headers["task"] == "tasks.ingest.bulk_patch"
    assert "private" not in json.dumps(headers)
    assert arguments == []
    assert named == {
        "items": [{"id": 1, "body": "very private"}],
        "include_in_worklog": False,
        "idempotency_key": "monday",
        "atomic": True,
        "dry_run": False,
        "user_id": 8,
        "source": "command line",
        "priority": None,
    }


def test_every_batch_without_a_key_gets_one_of_its_own(run: Run) -> None:
    first, second = (run("enqueue", "-", "--json", *AT_ONCE, stdin="[]").document for _ in range(2))

    assert first["batchId"] != second["batchId"]


@pytest.mark.parametrize("option", ["--wait", "--dry-run"])
def test_waiting_for_nobody_ends_in_time_with_code_1(run: Run, option: str) -> None:
    done = run("enqueue", "-", option, "--timeout", "0.5", "--json", stdin=BATCH)

    assert done.code == 1
    assert (done.document["state"], done.document["timedOut"]) == ("queued", True)
    assert "0.5 s" in done.err


def test_who_stops_waiting_is_told_where_the_batch_is(run: Run, valkey_url: str) -> None:
    with run.start("enqueue", "-", "--wait", "--key", "monday", stdin=BATCH) as command:
        assert wait_until(lambda: len(queued(valkey_url)) == 1)
        command.send_signal(signal.SIGINT)
        _, told = command.communicate(timeout=30)

    assert command.returncode == 130
    assert (
        told == f"The batch goes on; `python -m worker show batch {batch_id_of('monday')}` tells what becomes of it.\n"
    )
