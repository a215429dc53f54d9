"""Admin tasks as Flower starts them: plain JSON in, an answer with a code out, in a process of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from worker.task import Task

ROOT = Path(__file__).parents[2]

STORY = """\
import json
from tasks import admin
from worker.operations.ingest.accept import Flags, accept
from worker.operations.ingest.bulk_patch import bulk_patch
from worker.operations.load import load
from worker.runtime import context

ticket = {"id": 1, "channel": "email", "direction": "in", "subject": "geheim", "modifiedAt": "2024-01-01 00:00:00"}
load(context(), {"tickets": [ticket]})
items = [{"id": 1, "subject": "neu", "ifModifiedAt": "2020-01-01 00:00:00"}, {"id": 2, "status": "closed"}]
batch = accept(context(), items, Flags(idempotency_key="key")).id
applied = bulk_patch(context(), items, Flags(), "task")["batchId"]
told = {"batch": batch}
for name, task, arguments in (
    ("paused", admin.pause, [batch]),
    ("waiting", admin.explain, [batch, 1]),
    ("explained", admin.explain, [applied, 1]),
    ("too_early", admin.retry_failed, [batch]),
    ("resumed", admin.resume, [batch]),
    ("cancelled", admin.cancel_batch, [batch]),
    ("ended", admin.pause, [batch]),
    ("retried", admin.retry_failed, [batch]),
    ("elsewhere", admin.explain, [batch, 3]),
    ("unknown", admin.resume, ["nobody@example.com"]),
    ("wrong", admin.cancel_batch, [7]),
    ("replayed", admin.replay_webhook, ["nobody@example.com"]),
    ("no_webhook", admin.replay_webhook, [7]),
    ("no_limit", admin.dead_letters, [True]),
    ("nothing", admin.pause, []),
):
    done = task.apply(args=arguments)
    told[name] = done.result if done.successful() else f"{done.state}: {done.result}"
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, valkey_server: str) -> dict[str, Any]:
    """What each task answered, in a process on a database of its own."""
    folder = tmp_path_factory.mktemp("admin")
    settings = {"TICKETS_DATA_DIR": str(folder), "REDIS_URL": valkey_server, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", STORY]
    done = subprocess.run(command, env=os.environ | settings, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


@pytest.mark.parametrize(("name", "state"), [("paused", "paused"), ("resumed", "accepted"), ("cancelled", "cancelled")])
def test_a_batch_is_controlled_by_its_id(story: dict[str, Any], name: str, state: str) -> None:
    assert (story[name]["success"], story[name]["batchId"], story[name]["state"]) == (True, story["batch"], state)


def test_what_was_rejected_is_retried_as_a_child(story: dict[str, Any]) -> None:
    assert (story["retried"]["parentId"], story["retried"]["retried"]) == (story["batch"], 2)


def test_an_item_is_explained_without_what_people_wrote(story: dict[str, Any]) -> None:
    (waiting,), (conflict,) = story["waiting"]["items"], story["explained"]["items"]

    assert waiting["why"] == ["Not applied yet: the batch is paused, and the item is in chunk 1 of 1."]
    assert (conflict["outcome"], conflict["current"]) == ("conflict", {"subject": {"characters": 6}})
    assert "geheim" not in json.dumps(story)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("too_early", "batch_not_ended"),
        ("ended", "batch_ended"),
        ("elsewhere", "ticket_not_found"),
        ("unknown", "batch_not_found"),
        ("replayed", "webhook_not_found"),
    ],
)
def test_a_refusal_is_an_answer_with_a_code(story: dict[str, Any], name: str, code: str) -> None:
    assert (story[name]["success"], story[name]["error"]["code"]) == (False, code)


def test_a_refusal_does_not_repeat_what_was_sent(story: dict[str, Any]) -> None:
    assert "nobody@example.com" not in json.dumps(story)


def test_arguments_of_a_wrong_type_fail_the_task_with_code_and_path(story: dict[str, Any]) -> None:
    assert story["wrong"] == "FAILURE: invalid_type: batch_id"
    assert story["no_webhook"] == "FAILURE: invalid_type: delivery_id"
    assert story["no_limit"] == "FAILURE: invalid_type: limit"
    assert story["nothing"] == "FAILURE: invalid_arguments"


def test_missing_arguments_are_refused_where_a_task_runs_not_where_it_is_sent() -> None:
    assert not Task.typing
