"""What follows when a patch changes tags: priority and due dates, told in event and history (contract section 3)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from config.business_time import OpenHours
from tests.worker.operations.conftest import Add, World
from worker.domain.words import RefreshMode
from worker.operations.inspection.ticket import show_tickets
from worker.operations.load import load
from worker.storage.tables import BatchItemRow, EventRow, HistoryRow

AddTags = Callable[..., None]
FRIDAY = datetime(2026, 11, 20, 16, tzinfo=UTC)


def causes(world: World) -> dict[str, Any]:
    return {row["field"]: (row["actor_type"], row["actor_id"], row["cause"]) for row in world.rows(HistoryRow)}


def listen(world: World) -> None:
    load(world.context, {"webhooks": [{"id": "a", "url": "https://example.com/", "secret": "whsec_c2VjcmV0"}]})


def test_a_tag_brings_priority_and_both_dates_which_event_and_history_tell(
    world: World, add_tickets: Add, add_tags: AddTags
) -> None:
    listen(world)
    add_tags(t5={"sla": 4, "firstResponseSla": 1, "priority": "high"})
    add_tickets(1, created_at=FRIDAY)

    world.patch({"id": 1, "addTagIds": [5]}, user_id=7)

    values = world.ticket(1).values
    assert values["priority"] == "high"
    assert values["dueBy"] == datetime(2026, 11, 23, 10, tzinfo=UTC)
    assert values["firstResponseDueBy"] == datetime(2026, 11, 20, 17, tzinfo=UTC)
    assert (values["dueByManual"], values["firstResponseDueByManual"]) == (False, False)
    (event,) = world.rows(EventRow)
    assert event["body"]["changes"] == {
        "tagIds": [5],
        "priority": "high",
        "dueBy": "2026-11-23T10:00:00Z",
        "firstResponseDueBy": "2026-11-20T17:00:00Z",
    }
    assert causes(world) == {
        "tagIds": ("user", 7, None),
        "priority": ("system", None, {"tagId": 5, "priority": "high"}),
        "dueBy": ("system", None, {"tagId": 5, "sla": 4}),
        "firstResponseDueBy": ("system", None, {"tagId": 5, "firstResponseSla": 1}),
    }
    (shown,) = show_tickets(world.context, [1], history=True)
    assert {row["field"]: row.get("cause") for row in shown["history"]}["dueBy"] == {"tagId": 5, "sla": 4}


def test_the_ledger_names_what_was_sent_alone(world: World, add_tickets: Add, add_tags: AddTags) -> None:
    add_tags(t5={"sla": 4, "priority": "high"})
    add_tickets(1)

    world.patch({"id": 1, "addTagIds": [5]})

    assert [row["changed_fields"] for row in world.rows(BatchItemRow)] == [["addTagIds"]]


def test_what_the_item_itself_changes_is_not_set_by_its_tags(world: World, add_tickets: Add, add_tags: AddTags) -> None:
    add_tags(t5={"sla": 4, "firstResponseSla": 1, "priority": "high"})
    add_tickets(1, created_at=FRIDAY)

    world.patch({"id": 1, "addTagIds": [5], "priority": "low", "dueBy": "2026-12-24 10:00:00"})

    values = world.ticket(1).values
    assert (values["priority"], values["dueBy"]) == ("low", datetime(2026, 12, 24, 10, tzinfo=UTC))
    assert (values["dueByManual"], values["firstResponseDueByManual"]) == (True, False)
    assert values["firstResponseDueBy"] == datetime(2026, 11, 20, 17, tzinfo=UTC)


def test_what_is_sent_back_as_it_was_read_is_no_decision(world: World, add_tickets: Add, add_tags: AddTags) -> None:
    add_tags(t5={"sla": 4, "priority": "high"})
    add_tickets(1, created_at=FRIDAY)

    world.patch({"id": 1, "tagIds": [5], "priority": "medium", "dueBy": None})

    values = world.ticket(1).values
    assert (values["priority"], values["dueBy"]) == ("high", datetime(2026, 11, 23, 10, tzinfo=UTC))


def test_a_date_set_by_hand_stays_until_a_person_takes_it_away(
    world: World, add_tickets: Add, add_tags: AddTags
) -> None:
    add_tags(t5={"sla": 4}, t6={"sla": 2})
    add_tickets(1, created_at=FRIDAY)
    world.patch({"id": 1, "dueBy": "2026-12-24 10:00:00"})

    world.patch({"id": 1, "addTagIds": [5]})
    assert world.ticket(1).values["dueBy"] == datetime(2026, 12, 24, 10, tzinfo=UTC)

    # One batch or two: the same.
    world.patch({"id": 1, "dueBy": None}, {"id": 1, "addTagIds": [6]})
    values = world.ticket(1).values
    assert (values["dueBy"], values["dueByManual"]) == (datetime(2026, 11, 20, 18, tzinfo=UTC), False)


def test_items_of_one_ticket_follow_each_other(world: World, add_tickets: Add, add_tags: AddTags) -> None:
    add_tags(t5={"sla": 4})
    add_tickets(1, 2, created_at=FRIDAY)

    world.patch({"id": 1, "addTagIds": [5]}, {"id": 1, "dueBy": "2026-12-24 10:00:00"})
    world.patch({"id": 2, "dueBy": "2026-12-24 10:00:00"}, {"id": 2, "addTagIds": [5]})

    for ticket_id in (1, 2):
        values = world.ticket(ticket_id).values
        assert (values["dueBy"], values["dueByManual"]) == (datetime(2026, 12, 24, 10, tzinfo=UTC), True)
    assert causes(world)["dueBy"] == ("user", None, None)


def test_a_date_that_a_person_moved_and_moved_back_is_set_by_hand(
    world: World, add_tickets: Add, add_tags: AddTags
) -> None:
    add_tags(t5={"sla": 4})
    add_tickets(1, due_by=datetime(2026, 12, 1, 10, tzinfo=UTC))

    world.patch({"id": 1, "dueBy": "2026-12-24 10:00:00"}, {"id": 1, "dueBy": "2026-12-01 10:00:00"})
    assert world.rows(HistoryRow) == []
    world.patch({"id": 1, "addTagIds": [5]})

    values = world.ticket(1).values
    assert (values["dueBy"], values["dueByManual"]) == (datetime(2026, 12, 1, 10, tzinfo=UTC), True)


def test_a_tag_that_goes_takes_its_date_along(world: World, add_tickets: Add, add_tags: AddTags) -> None:
    add_tags(t5={"sla": 4})
    add_tickets(1, created_at=FRIDAY)
    world.patch({"id": 1, "addTagIds": [5]})

    world.patch({"id": 1, "removeTagIds": [5]})

    assert world.ticket(1).values["dueBy"] is None
    assert causes(world)["dueBy"] == ("system", None, {"removedTagIds": [5]})


def test_a_refresh_tells_why_too(world: World, add_tickets: Add, add_tags: AddTags) -> None:
    detection = {"type": "conditionDetection", "condition": {"field": "channel", "operator": "Equal", "value": "email"}}
    add_tags(t5={"sla": 4, "firstResponseSla": 1, "detectionDetails": detection})
    add_tickets(1, created_at=FRIDAY)

    world.refresh(RefreshMode.TAGS_RULE_BASED, 1)

    assert world.ticket(1).values["firstResponseDueBy"] == datetime(2026, 11, 20, 17, tzinfo=UTC)
    assert causes(world)["dueBy"] == ("ai", None, {"tagId": 5, "sla": 4})


def test_hours_and_holidays_are_those_of_the_settings(world: World, add_tickets: Add, add_tags: AddTags) -> None:
    world.with_settings(
        time_zone=ZoneInfo("Europe/Berlin"),
        holidays="DE-NW",
        business_hours=tuple(OpenHours(day, 9 * 60, 17 * 60) for day in range(6)),
    )
    add_tags(t5={"sla": 2})
    add_tickets(1, created_at=datetime(2026, 12, 24, 15, tzinfo=UTC))  # 16:00, Thursday; two holidays and a Sunday

    world.patch({"id": 1, "addTagIds": [5]})

    assert world.ticket(1).values["dueBy"] == datetime(2026, 12, 28, 9, tzinfo=UTC)


def test_a_dry_run_shows_what_would_follow(world: World, add_tickets: Add, add_tags: AddTags) -> None:
    add_tags(t5={"sla": 4})
    add_tickets(1, created_at=FRIDAY)

    told = world.patch({"id": 1, "addTagIds": [5]}, {"id": 1, "removeTagIds": [5]}, dry_run=True)

    due = "2026-11-23 10:00:00"
    assert [
        [(one["old"], one["new"]) for one in item["difference"] if one["field"] == "dueBy"] for item in told["items"]
    ] == [
        [(None, due)],
        [(due, None)],
    ]
    assert world.ticket(1).values["dueBy"] is None
    assert world.ticket(1).tags == {}
