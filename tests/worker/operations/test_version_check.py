"""An item that names the version its sender last saw, on both databases (contract section 2, `ifModifiedAt`)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.worker.operations.conftest import START, Add, World
from worker.operations.inspection.ticket import show_tickets
from worker.storage.batches import ledger_items
from worker.storage.tables import EventRow, HistoryRow, RefreshRunRow

AddTags = Callable[..., None]

SEEN = START - timedelta(hours=2)
SINCE = START - timedelta(hours=1)
SEEN_SHOWN = "2026-11-23 10:00:00"


def ledger(world: World, answer: dict[str, Any]) -> list[dict[str, Any]]:
    with world.context.database.read() as connection:
        return ledger_items(connection, answer["batchId"])


def outcomes(world: World, answer: dict[str, Any]) -> list[str]:
    return [item["outcome"] for item in ledger(world, answer)]


def test_a_ticket_that_has_changed_since_is_left_alone_and_the_rest_goes_on(world: World, add_tickets: Add) -> None:
    add_tickets(1, modified_at=SINCE, priority="high")
    add_tickets(2, modified_at=SEEN)

    answer = world.patch(*({"id": one, "ifModifiedAt": SEEN_SHOWN, "priority": "low"} for one in (1, 2)))

    lost, won = ledger(world, answer)
    assert (lost["outcome"], won["outcome"]) == ("conflict", "updated")
    assert lost["errors"] == [
        {"code": "conflict", "field": "ifModifiedAt", "message": "the ticket has changed since"},
    ]
    assert (lost["current"], won["current"]) == ({"priority": "high"}, None)
    assert lost["changed_fields"] == []
    assert (answer["counts"]["conflict"], answer["counts"]["updated"]) == (1, 1)
    assert [world.ticket(one).values["priority"] for one in (1, 2)] == ["high", "low"]
    assert [row["ticket_id"] for row in world.rows(HistoryRow)] == [2]


def test_a_conflict_tells_current_values_under_the_names_sent_in_the_pages_shapes(
    world: World, add_tickets: Add, add_tags: AddTags
) -> None:
    world.with_settings(time_zone=ZoneInfo("Europe/Berlin"))
    add_tags(1, 2, 3)
    add_tickets(
        1,
        modified_at=SINCE,
        tags={2: "ai", 1: "rule"},
        due_by=START,
        auto_execute_at=START,
        reply_cc=["a@example.com"],
        assigned_agent_ids=[7],
    )
    wanted = {
        "dueBy": "2026-12-01 10:00:00",
        "autoExecuteAt": None,
        "ccEmails": [],
        "replyCcEmails": ["b@example.com"],
        "assignedAgentIds": [8],
        "status": "open",
    }

    answer = world.patch(
        {"id": 1, "ifModifiedAt": SEEN_SHOWN, "addTagIds": [3], **wanted},
        {"id": 1, "ifModifiedAt": SEEN_SHOWN, "tagIds": []},
    )

    first, second = ledger(world, answer)
    shown = show_tickets(world.context, [1])[0]
    assert first["current"] == {name: shown[name] for name in wanted} | {"addTagIds": [1, 2]}
    assert first["current"]["dueBy"] == "2026-11-23 13:00:00"
    assert second["current"] == {"tagIds": [1, 2]}


@pytest.mark.parametrize("modified_at", [None, SEEN, START - timedelta(microseconds=1)])
def test_a_ticket_read_and_sent_back_with_its_version_just_works(
    world: World, add_tickets: Add, modified_at: object
) -> None:
    add_tickets(1, modified_at=modified_at)
    shown = show_tickets(world.context, [1])[0]

    answer = world.patch(shown | {"ifModifiedAt": shown["modifiedAt"]})

    assert outcomes(world, answer) == ["unchanged"]


def test_null_means_that_the_ticket_had_never_been_modified(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    add_tickets(2, modified_at=SEEN)

    answer = world.patch(*({"id": one, "ifModifiedAt": None, "priority": "low"} for one in (1, 2)))

    assert outcomes(world, answer) == ["updated", "conflict"]


def test_an_earlier_item_of_the_batch_that_changed_the_ticket_counts(world: World, add_tickets: Add) -> None:
    add_tickets(1, 2, modified_at=SEEN)

    answer = world.patch(
        {"id": 1, "priority": "medium"},
        {"id": 1, "ifModifiedAt": SEEN_SHOWN, "priority": "low"},
        {"id": 1, "ifModifiedAt": SEEN_SHOWN, "priority": "high"},
        {"id": 2, "priority": "low"},
        {"id": 2, "ifModifiedAt": "2026-11-23 12:00:00", "status": "closed"},
    )

    assert outcomes(world, answer) == ["unchanged", "updated", "conflict", "updated", "updated"]
    assert ledger(world, answer)[2]["current"] == {"priority": "low"}


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"id": 1, "priority": "gone"}, ("rejected", ["invalid_value"])),
        ({"id": 99, "priority": "low"}, ("rejected", ["ticket_not_found"])),
        ({"id": 1, "addTagIds": [99]}, ("conflict", ["conflict"])),
        ({"id": 1, "status": "pending"}, ("conflict", ["conflict"])),
        ({"id": 1, "direction": "out"}, ("conflict", ["conflict"])),
    ],
)
def test_what_is_wrong_with_the_item_comes_first_and_the_rules_of_state_last(
    world: World, add_tickets: Add, item: dict[str, object], expected: tuple[str, list[str]]
) -> None:
    add_tickets(1, modified_at=SINCE)

    answer = world.patch(item | {"ifModifiedAt": SEEN_SHOWN})

    (row,) = ledger(world, answer)
    assert (row["outcome"], [error["code"] for error in row["errors"]]) == expected


def test_a_refresh_asked_for_on_an_old_view_does_not_run(world: World, add_tickets: Add) -> None:
    add_tickets(1, modified_at=SINCE)
    add_tickets(2, modified_at=SEEN)

    answer = world.patch(*({"id": one, "ifModifiedAt": SEEN_SHOWN, "refreshMode": "tags"} for one in (1, 2)))

    assert outcomes(world, answer) == ["conflict", "refresh_scheduled"]
    assert ledger(world, answer)[0]["current"] == {}
    assert [run["ticket_id"] for run in world.rows(RefreshRunRow)] == [2]


def test_a_conflict_makes_an_all_or_nothing_batch_nothing(world: World, add_tickets: Add) -> None:
    add_tickets(1, 2, modified_at=SINCE)

    answer = world.patch(
        {"id": 1, "priority": "low"}, {"id": 2, "ifModifiedAt": SEEN_SHOWN, "priority": "low"}, atomic=True
    )

    first, second = ledger(world, answer)
    assert (first["outcome"], first["errors"][0]["code"]) == ("rejected", "aborted")
    assert (second["outcome"], second["current"]) == ("conflict", {"priority": "medium"})
    assert world.rows(HistoryRow) == world.rows(EventRow) == []
