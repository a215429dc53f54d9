"""The main job with real processes: a foreign sender, a worker, beat, Flower, and both databases."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from tests.acceptance.processes import free_port
from tests.acceptance.system import System
from tests.services.waiting import wait_until
from worker.storage.tables import BatchRow, RefreshRunRow, TicketRow

ROOT = Path(__file__).parents[2]
DATA = ROOT / "worker" / "demo" / "data"

pytestmark = pytest.mark.workers


@pytest.fixture
def loaded(system: System) -> System:
    for name in ("master.json", "tickets.json"):
        system.run("load", str(DATA / name))
    return system


def test_the_pages_example_from_a_foreign_sender_refreshes_tags(loaded: System) -> None:
    items = json.loads((DATA / "batches" / "a-example.json").read_text())
    with loaded.worker():
        loaded.send("page-example", items=items)

        assert wait_until(lambda: _refreshed(loaded, "page-example"), seconds=60)

    shown = loaded.batch("page-example")
    (item,) = shown["items"]
    assert item["outcome"] == "refresh_scheduled"
    assert {one["reason"] for one in item["ignoredFields"]} <= {
        "computed",
        "refresh_saves_nothing",
        "refresh_mode_wins",
    }
    ticket = loaded.run("show", "ticket", "376189", "--history")
    sources = {one["id"]: one["source"] for one in ticket["tagSources"]}
    assert "manual" not in sources.values()
    assert sources[63] == "ai"
    dropped = next(row for row in ticket["history"] if row["field"] == "tagIds")
    assert dropped["old"] == [61, 62, 63]
    assert dropped["actor"]["type"] == "ai"


def _refreshed(system: System, key: str) -> bool:
    of_batch = select(RefreshRunRow.state).join(BatchRow, BatchRow.id == RefreshRunRow.batch_id)
    return system.ask(of_batch.where(BatchRow.key == key)) == ["done"]


def test_every_mode_ends_and_spam_is_left_alone(loaded: System) -> None:
    with loaded.worker():
        batch = DATA / "batches" / "c-refresh.json"
        shown = loaded.run("enqueue", str(batch), "--wait", "--timeout", "90")

    assert {run["mode"] for run in shown["refreshes"]} == {
        "full",
        "summaryAndText",
        "customer",
        "tags",
        "tagsRuleBased",
        "agents",
    }
    assert {run["state"] for run in shown["refreshes"]} == {"done", "skipped", "merged"}
    skipped = [item["reason"] for item in shown["items"] if item["outcome"] == "refresh_skipped"]
    assert skipped == ["spam"] * 5


@pytest.mark.parametrize("database_kind", ["sqlite"])  # beat waits for the next full minute: once is enough
def test_a_schedule_fires_and_changes_tickets(loaded: System) -> None:
    loaded.run(
        "schedule", "add", "nightly", "--cron", "* * * * *", "--mode", "summaryAndText", "--where", "channel=letter"
    )
    before = _summaries(loaded)
    with loaded.worker(), loaded.process("beat"):
        assert wait_until(lambda: _summaries(loaded) != before, seconds=110)

    (row,) = loaded.run("schedule", "list")
    assert row["lastSlot"] is not None


def _summaries(system: System) -> list[str]:
    return system.ask(select(TicketRow.summary).where(TicketRow.channel == "letter").order_by(TicketRow.id))


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_a_rerun_started_from_flower_needs_a_login_and_changes_tickets(loaded: System) -> None:
    port = free_port()
    loaded.environment |= {
        "TICKETS_FLOWER_PORT": str(port),
        "TICKETS_FLOWER_USER": "ops",
        "TICKETS_FLOWER_PASSWORD": "a-password",
    }
    before = _summaries(loaded)
    body = {"kwargs": {"mode": "summaryAndText", "where": {"channel": "letter"}}}
    url = f"http://127.0.0.1:{port}/api/task/async-apply/tasks.admin.rerun"
    with loaded.worker(), loaded.process("flower", "--conf=config/flower.py"):
        assert wait_until(lambda: _status(url, body, None) == 401, seconds=60)
        assert _status(url, body, "ops:wrong") == 401
        assert wait_until(lambda: _status(url, body, "ops:a-password") == 200, seconds=30)

        assert wait_until(lambda: _summaries(loaded) != before, seconds=60)


def _status(url: str, body: dict[str, Any], login: str | None) -> int:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json"})  # noqa: S310 - loopback
    if login:
        request.add_header("authorization", "Basic " + base64.b64encode(login.encode()).decode())
    try:
        with urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310 - loopback
            return int(response.status)
    except urllib.error.HTTPError as error:
        return int(error.code)
    except OSError:
        return 0
