"""The worklog counts work: one entry a saved ticket and batch, AI's told from people's (contract section 3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.worker.operations.conftest import Add, World
from worker.domain.words import RefreshMode
from worker.operations.inspection.ticket import show_tickets
from worker.operations.load import load
from worker.operations.reopen import reopen_pending
from worker.storage.tables import HistoryRow, WorklogRow

MAIL = {"id": 2, "name": "Mail", "detectionDetails": {"type": "conditionDetection"}, "channels": ["email"]}


def entries(world: World) -> list[tuple[int, str]]:
    return [(row["ticket_id"], row["action"]) for row in world.rows(WorklogRow)]


@pytest.mark.parametrize(
    ("item", "action"),
    [
        ({"status": "closed", "agentId": 3}, "closed"),
        ({"status": "pending", "dueBy": "2026-12-01 10:00:00"}, "pending"),
        ({"agentId": 3, "priority": "low"}, "assigned"),
        ({"assignedAgentIds": [3]}, "assigned"),
        ({"addTagIds": [2]}, "written"),
        ({"spamStatus": "manual_spam"}, "written"),
    ],
)
def test_an_entry_says_what_was_done_by_whom_in_which_batch(
    world: World, add_tickets: Add, item: dict[str, Any], action: str
) -> None:
    load(world.context, {"tags": [MAIL]})
    add_tickets(1)

    answer = world.patch({"id": 1} | item, user_id=7)

    (entry,) = world.rows(WorklogRow)
    assert (entry["ticket_id"], entry["action"], entry["user_id"]) == (1, action, 7)
    assert (entry["batch_id"], entry["run_id"], entry["automatic"]) == (answer["batchId"], None, False)
    assert entry["at"] == world.now


def test_a_ticket_named_again_in_a_batch_is_one_entry(world: World, add_tickets: Add) -> None:
    add_tickets(1, 2)

    world.patch({"id": 1, "priority": "low"}, {"id": 2, "priority": "low"}, {"id": 1, "status": "closed"})

    assert sorted(entries(world)) == [(1, "closed"), (2, "written")]


def test_each_batch_has_an_entry_of_its_own(world: World, add_tickets: Add) -> None:
    add_tickets(1, status="closed")

    world.patch({"id": 1, "status": "open"})
    world.patch({"id": 1, "priority": "low"})

    assert entries(world) == [(1, "reopened"), (1, "written")]


def test_what_saves_nothing_is_no_work(world: World, add_tickets: Add) -> None:
    add_tickets(1)

    world.patch({"id": 1, "status": "open"}, {"id": 1, "refreshMode": "tags"}, {"id": 99, "status": "closed"})

    assert entries(world) == []


@pytest.mark.parametrize("logged", [True, False])
def test_what_ai_writes_is_marked_as_automatic_and_stays_out_with_its_batch(
    world: World, add_tickets: Add, *, logged: bool
) -> None:
    load(world.context, {"tags": [MAIL]})
    add_tickets(1)
    answer = world.patch(
        {"id": 1, "priority": "low"},
        {"id": 1, "refreshMode": "tagsRuleBased"},
        user_id=7,
        include_in_worklog=logged,
    )
    (message,) = [one for one in world.sent if "run_ids" in one.arguments]

    world.run(message)

    assert [row["field"] for row in world.rows(HistoryRow)] == ["priority", "tagIds"]
    shown = ("user_id", "automatic", "batch_id", "run_id")
    found = [tuple(row[name] for name in shown) for row in world.rows(WorklogRow)]
    batch_id, (run_id,) = answer["batchId"], message.arguments["run_ids"]
    assert found == ([(7, False, batch_id, None), (None, True, batch_id, run_id)] if logged else [])


def test_a_refresh_that_no_batch_asked_for_is_automatic_work(world: World, add_tickets: Add) -> None:
    load(world.context, {"tags": [MAIL]})
    add_tickets(1)
    (message,) = world.request(RefreshMode.TAGS_RULE_BASED, 1)

    world.run(message)

    assert [(row["automatic"], row["batch_id"]) for row in world.rows(WorklogRow)] == [(True, None)]


def test_a_ticket_that_opens_by_itself_is_nobodys_work(world: World, add_tickets: Add) -> None:
    add_tickets(1, status="pending", due_by=world.now - timedelta(minutes=1))

    reopen_pending(world.context)

    assert entries(world) == []


def test_a_ticket_shows_whose_work_was_automatic(world: World, add_tickets: Add) -> None:
    load(world.context, {"tags": [MAIL]})
    add_tickets(1)
    world.patch({"id": 1, "priority": "low"}, user_id=7)
    world.run(*world.request(RefreshMode.TAGS_RULE_BASED, 1))

    (shown,) = show_tickets(world.context, [1], history=True)

    assert [(one["action"], one["userId"], one["automatic"]) for one in shown["worklog"]] == [
        ("written", 7, False),
        ("written", None, True),
    ]
