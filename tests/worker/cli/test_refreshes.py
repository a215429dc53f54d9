"""`rerun` and `schedule`, as printed."""

from __future__ import annotations

import json

import pytest

from tests.worker.cli.conftest import Run


@pytest.fixture
def loaded(run: Run) -> Run:
    """Two open tickets, one of them spam, and a closed one."""
    ticket: dict[str, object] = {"channel": "email", "direction": "in", "from": "tom@example.com", "status": "open"}
    marks: dict[str, dict[str, object]] = {"2": {"spamStatus": "manual_spam"}, "3": {"status": "closed"}}
    tickets = [{"id": int(key)} | ticket | marks.get(key, {}) for key in "123"]
    assert run("load", "-", stdin=json.dumps({"tickets": tickets})).code == 0
    return run


def test_matching_tickets_are_counted_then_asked_for(loaded: Run) -> None:
    arguments = ("rerun", "--mode", "tags", "--where", "status=open", "--json")

    counted, asked, again = loaded(*arguments, "--dry-run"), loaded(*arguments), loaded(*arguments)

    assert (counted.code, asked.code, again.code) == (0, 0, 0)
    assert counted.document == {"success": True, "matched": 2, "scheduled": 0, "merged": 0, "skippedSpam": 1}
    assert asked.document == {"success": True, "matched": 2, "scheduled": 1, "merged": 0, "skippedSpam": 1}
    assert again.document == {"success": True, "matched": 2, "scheduled": 0, "merged": 1, "skippedSpam": 1}
    refreshes = loaded("show", "ticket", 1, "--history", "--json").document["refreshes"]
    assert [(one["mode"], one["state"]) for one in refreshes] == [("tags", "waiting"), ("tags", "merged")]


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        (["--mode", "tagz"], "mode"),
        (["--mode", "tags", "--where", "state=open"], "where.state"),
        (["--mode", "tags", "--where", "open"], "where[0]"),
    ],
)
def test_wrong_filters_are_refused_with_their_place(run: Run, arguments: list[str], path: str) -> None:
    done = run("rerun", *arguments, "--json")

    assert done.code == 2
    assert done.document["error"]["code"] == "wrong_arguments"
    assert [error["path"] for error in done.document["errors"]] == [path]
    assert path in done.err


def test_a_schedule_is_added_listed_and_removed(run: Run) -> None:
    arguments = ("--cron", "0 3 * * *", "--mode", "tags", "--where", "status=open", "--window", 24, "--json")

    added = run("schedule", "add", "nightly", *arguments)
    listed = run("schedule", "list", "--json")
    removed = run("schedule", "remove", "nightly", "--json")

    assert (added.code, listed.code, removed.code) == (0, 0, 0)
    assert listed.document == [added.document]
    assert added.document["where"] == {"status": "open"}
    assert (added.document["cron"], added.document["windowHours"]) == ("0 3 * * *", 24)
    assert run("schedule", "list", "--json").document == []
    assert run("schedule", "remove", "nightly").code == 2


def test_a_schedule_is_kept_while_redis_is_away(run: Run) -> None:
    done = run("schedule", "add", "nightly", "--cron", "0 3 * * *", "--mode", "full", REDIS_URL="redis://127.0.0.1:9")

    assert (done.code, done.err) == (0, "")
    assert [one["name"] for one in run("schedule", "list", "--json").document] == ["nightly"]
