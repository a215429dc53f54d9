"""What tags bring when they come or go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from worker.domain.brought import brought_by_tags
from worker.domain.due_dates import BusinessCalendar
from worker.domain.entities import Tag, Ticket
from worker.domain.words import Priority, TagSource

CREATED = datetime(2026, 11, 23, 8, tzinfo=UTC)
ALWAYS = BusinessCalendar({day: [(0, 1_440)] for day in range(7)}, UTC)
TAGS = {
    tag.id: tag
    for tag in (
        Tag(1, "slow", sla=8, first_response_sla=4, priority=Priority.LOW),
        Tag(2, "quick", sla=2, priority=Priority.URGENT),
        Tag(3, "off", sla=1, priority=Priority.URGENT, enabled=False),
        Tag(4, "silent"),
        Tag(5, "as slow", sla=8),
    )
}
MANUAL, RULE = TagSource.MANUAL, TagSource.RULE


def after(hours: float) -> datetime:
    return CREATED + timedelta(hours=hours)


def brought(before: list[int], now: list[int], **values: Any) -> dict[str, tuple[object, object]]:  # noqa: ANN401
    standing: dict[str, Any] = {
        "status": "open",
        "priority": "medium",
        "createdAt": CREATED,
        "dueBy": None,
        "dueByManual": False,
        "firstResponseDueBy": None,
        "firstResponseDueByManual": False,
    } | values
    ticket = Ticket(7, 1, standing, dict.fromkeys(before, MANUAL))
    found = brought_by_tags(ticket, dict.fromkeys(now, MANUAL), TAGS, ALWAYS)
    return {name: (one.value, one.cause) for name, one in found.items()}


def test_a_tag_that_comes_brings_all_it_asks_for_and_is_named() -> None:
    assert brought([], [1]) == {
        "priority": ("low", {"tagId": 1, "priority": "low"}),
        "dueBy": (after(8), {"tagId": 1, "sla": 8}),
        "firstResponseDueBy": (after(4), {"tagId": 1, "firstResponseSla": 4}),
    }


def test_the_highest_priority_and_the_earliest_dates_win() -> None:
    found = brought([4], [1, 2, 4])

    assert found["priority"] == ("urgent", {"tagId": 2, "priority": "urgent"})
    assert found["dueBy"] == (after(2), {"tagId": 2, "sla": 2})
    assert found["firstResponseDueBy"][0] == after(4)


def test_of_two_that_ask_for_the_same_the_least_id_is_named() -> None:
    assert brought([], [5, 1])["dueBy"] == (after(8), {"tagId": 1, "sla": 8})


@pytest.mark.parametrize("now", [[3], [4], [99], []])
def test_what_is_switched_off_silent_or_unknown_brings_nothing(now: list[int]) -> None:
    assert brought([], now) == {}


def test_a_date_that_a_person_set_stays_and_the_other_follows() -> None:
    found = brought([], [1], dueBy=after(99), dueByManual=True)

    assert found.keys() == {"priority", "firstResponseDueBy"}
    assert brought([], [1], firstResponseDueByManual=True).keys() == {"priority", "dueBy"}


def test_tags_that_stand_say_nothing_anew() -> None:
    assert brought([1], [1, 4], priority="high", dueBy=after(99)) == {}


def test_a_tag_from_another_source_speaks_again() -> None:
    values: dict[str, Any] = {
        "status": "open",
        "priority": "high",
        "createdAt": CREATED,
        "dueBy": None,
        "dueByManual": False,
    }
    values |= {"firstResponseDueBy": None, "firstResponseDueByManual": False}
    ticket = Ticket(7, 1, values, {2: MANUAL})

    assert brought_by_tags(ticket, {2: RULE}, TAGS, ALWAYS).keys() == {"priority", "dueBy"}


def test_when_a_tag_goes_those_that_remain_set_what_it_had_set() -> None:
    assert brought([1, 2], [1], priority="urgent", dueBy=after(2)) == {
        "priority": ("low", {"tagId": 1, "priority": "low"}),
        "dueBy": (after(8), {"tagId": 1, "sla": 8}),
    }


def test_a_date_that_no_tag_asks_for_any_more_goes() -> None:
    assert brought([1], [4], priority="low", dueBy=after(8), firstResponseDueBy=after(4)) == {
        "dueBy": (None, {"removedTagIds": [1]}),
        "firstResponseDueBy": (None, {"removedTagIds": [1]}),
    }


def test_a_pending_ticket_keeps_the_date_that_it_waits_for() -> None:
    assert brought([2], [], status="pending", dueBy=after(2)) == {}


def test_what_came_from_elsewhere_stays_when_a_tag_goes() -> None:
    assert brought([1, 2], [1], priority="high", dueBy=after(3)) == {}


def test_a_tag_that_goes_without_having_decided_changes_nothing() -> None:
    assert brought([1, 2], [2], priority="urgent", dueBy=after(2)) == {}
