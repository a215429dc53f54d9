"""What a write does to one ticket."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from worker.domain.changes import Actor, FieldChange, TicketChange, net_change, work_action
from worker.domain.entities import Ticket
from worker.domain.words import ActorType, TagSource

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
BEFORE: dict[str, Any] = {
    "status": "open",
    "priority": "low",
    "customerLegitimation": 0,
    "dueBy": None,
    "firstResponseDueBy": None,
    "agentId": None,
}
PERSON, AI, SYSTEM = Actor(ActorType.USER, 7), Actor(ActorType.AI), Actor(ActorType.SYSTEM)


def change(
    values: dict[str, Any], *, by: Actor = PERSON, tags: dict[int, TagSource] | None = None, **before: object
) -> TicketChange | None:
    ticket = Ticket(1, 4, BEFORE | before, {1: TagSource.MANUAL})
    return net_change(ticket, values, tags, by=by, now=NOW)


def certain(changed: TicketChange | None) -> TicketChange:
    assert changed is not None
    return changed


def test_equal_values_and_tags_are_no_change() -> None:
    assert change({"status": "open", "priority": "low"}, tags={1: TagSource.MANUAL}) is None


def test_only_what_is_different_is_told() -> None:
    changed = certain(change({"status": "open", "priority": "high"}))

    assert changed.fields == [FieldChange("priority", "low", "high")]
    assert changed.tags is None


def test_tags_are_told_last_as_sorted_ids() -> None:
    changed = certain(change({"priority": "high"}, tags={3: TagSource.AI, 2: TagSource.RULE}))

    assert changed.fields[-1] == FieldChange("tagIds", [1], [2, 3])


def test_a_tag_that_only_changes_its_source_is_written_and_not_told() -> None:
    changed = certain(change({}, tags={1: TagSource.RULE}))

    assert (changed.tags, changed.fields) == ({1: TagSource.RULE}, [])


@pytest.mark.parametrize(
    ("before", "after", "closed_at"),
    [("open", "closed", NOW), ("closed", "open", None), ("closed", "pending", None), ("open", "pending", "stays")],
)
def test_closing_sets_a_time_that_reopening_takes_away(before: str, after: str, closed_at: object) -> None:
    changed = certain(change({"status": after}, status=before))

    assert changed.follows["modifiedAt"] == NOW
    assert changed.follows.get("closedAt", "stays") == closed_at


@pytest.mark.parametrize("name", ["dueBy", "firstResponseDueBy"])
@pytest.mark.parametrize(("before", "after", "by_hand"), [(None, NOW, True), (NOW, None, False)])
def test_a_person_s_due_date_is_marked_until_it_is_taken_away(
    name: str,
    before: Any,  # noqa: ANN401 - a due date or none
    after: object,
    *,
    by_hand: bool,
) -> None:
    assert certain(change({name: after}, **{name: before})).follows[f"{name}Manual"] is by_hand


@pytest.mark.parametrize("by", [AI, SYSTEM])
def test_an_automatic_due_date_leaves_no_mark(by: Actor) -> None:
    assert "dueByManual" not in certain(change({"dueBy": NOW}, by=by)).follows


@pytest.mark.parametrize(
    ("by", "level", "message"),
    [(AI, 10, "Customer could not be confirmed"), (AI, 20, None), (PERSON, 10, None), (PERSON, 30, None)],
)
def test_only_a_computed_level_below_twenty_explains_itself(by: Actor, level: int, message: str | None) -> None:
    assert certain(change({"customerLegitimation": level}, by=by)).follows["customerLegitimationMessage"] == message


@pytest.mark.parametrize(
    ("values", "action"),
    [
        ({"status": "closed", "agentId": 3}, "closed"),
        ({"status": "pending"}, "pending"),
        ({"agentId": 3, "priority": "high"}, "assigned"),
        ({"priority": "high"}, "written"),
    ],
)
def test_the_worklog_names_the_weightiest_deed(values: dict[str, Any], action: str) -> None:
    assert work_action(certain(change(values))) == action


def test_opening_is_logged_as_reopening() -> None:
    assert work_action(certain(change({"status": "open"}, status="closed"))) == "reopened"
