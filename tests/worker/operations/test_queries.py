"""A backlog by filters, and the tickets that may be given to somebody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.worker.operations.conftest import START, Add, World
from worker.domain.words import SpamStatus
from worker.operations.arguments import RefusedArguments
from worker.operations.queries import list_routable, list_tickets


def ids(found: dict[str, Any]) -> list[int]:
    return [ticket["id"] for ticket in found["tickets"]]


def refused(ask: Callable[[], object]) -> list[tuple[str, str]]:
    with pytest.raises(RefusedArguments) as caught:
        ask()
    return [(error.field, error.code.value) for error in caught.value.errors]


@pytest.fixture
def marked(add_tickets: Add) -> None:
    """An open ticket with each spam status, none last."""
    for ticket_id, status in enumerate((*SpamStatus, None), start=1):
        add_tickets(ticket_id, spam_status=status)


@pytest.mark.usefixtures("marked")
def test_a_backlog_without_spam_has_what_was_never_judged(world: World) -> None:
    spam = ["auto_spam", "auto_programmatic", "manual_spam"]
    clean = ids(list_tickets(world.context, {"spamStatus": {"not": spam}}))

    assert ids(list_tickets(world.context, {"spamStatus": spam})) == [at for at in range(1, 7) if at not in clean]
    assert [world.ticket(at).values["spamStatus"] for at in clean] == ["auto_clean", "manual_clean", None]


@pytest.mark.usefixtures("marked")
def test_no_spam_is_routable(world: World) -> None:
    routable = ids(list_routable(world.context))

    assert [world.ticket(at).values["spamStatus"] for at in routable] == ["auto_clean", "manual_clean", None]


def test_neither_pending_nor_closed_tickets_are_routable(world: World, add_tickets: Add) -> None:
    for ticket_id, status in enumerate(("open", "pending", "closed"), start=1):
        add_tickets(ticket_id, status=status)

    assert ids(list_routable(world.context)) == [1]


def test_the_column_alone_decides_what_is_spam(world: World, add_tickets: Add, add_tags: Callable[..., None]) -> None:
    world.with_settings(spam_detection_tag_ids=frozenset({9}))
    add_tags(9)
    add_tickets(1, tags={9: "manual"})

    assert ids(list_routable(world.context)) == [1]


@pytest.fixture
def skilled(add_tickets: Add, add_tags: Callable[..., None]) -> None:
    """Tickets with both tags, with one of them, and with none."""
    add_tags(3, 5)
    add_tickets(1, tags={3: "ai", 5: "manual"})
    add_tickets(2, tags={3: "manual"})
    add_tickets(3, tags={5: "rule"})
    add_tickets(4)


@pytest.mark.parametrize(
    ("skills", "match", "expected"),
    [
        ((), "any", [1, 2, 3, 4]),
        ([3], "all", [1, 2]),
        ("5", "any", [1, 3]),
        ([3, "5"], "any", [1, 2, 3]),
        ([3, 5], "all", [1]),
        ([3, 3], "all", [1, 2]),
        ([7], "any", []),
    ],
)
@pytest.mark.usefixtures("skilled")
def test_a_ticket_is_routed_by_any_or_all_of_the_skills(
    world: World, skills: object, match: str, expected: list[int]
) -> None:
    assert ids(list_routable(world.context, skills, match=match)) == expected


def test_routable_tickets_are_narrowed_by_filters(world: World, add_tickets: Add) -> None:
    add_tickets(1, 2, channel="chat")
    add_tickets(3, agent_id=7)
    add_tickets(4, channel="chat", spam_status="auto_spam")

    assert ids(list_routable(world.context, where={"channel": "chat", "agentId": None})) == [1, 2]
    assert ids(list_routable(world.context, where={"status": "closed"})) == []
    assert ids(list_routable(world.context, where={"spamStatus": "auto_spam"})) == []


def test_overdue_tickets_are_found_by_their_due_date(world: World, add_tickets: Add) -> None:
    add_tickets(1, due_by=START - timedelta(hours=1))
    add_tickets(2, due_by=START)
    add_tickets(3)

    assert ids(list_tickets(world.context, {"dueBefore": "2026-11-23 12:00:00"})) == [1]
    assert ids(list_tickets(world.context, {"dueAfter": "2026-11-23 12:00:00"})) == [2]


def test_pages_lead_through_all_once(world: World, add_tickets: Add) -> None:
    add_tickets(*range(1, 6))
    after = 0
    seen: list[int] = []
    mores: list[bool] = []
    while not mores or mores[-1]:
        found = list_tickets(world.context, {}, after=after, limit=2)
        seen += ids(found)
        mores.append(found["page"]["more"])
        after = found["page"]["after"]

    assert (seen, mores, after) == ([1, 2, 3, 4, 5], [True, True, False], 5)
    assert list_tickets(world.context, {}, after=5) == {"tickets": [], "page": {"after": None, "more": False}}


def test_a_ticket_is_listed_with_what_a_backlog_shows(
    world: World, add_tickets: Add, add_tags: Callable[..., None]
) -> None:
    add_tags(3, 5)
    add_tickets(1, tags={5: "ai", 3: "ai"}, due_by=START, agent_id=7, customer_id="K1")

    assert list_tickets(world.context, {"id": 1})["tickets"] == [
        {
            "id": 1,
            "status": "open",
            "priority": "medium",
            "channel": "email",
            "spamStatus": None,
            "agentId": 7,
            "customerId": "K1",
            "subject": "Anliegen",
            "createdAt": "2026-11-22 12:00:00",
            "dueBy": "2026-11-23 12:00:00",
            "tagIds": [3, 5],
        }
    ]


def test_wrong_arguments_are_refused_with_their_path(world: World) -> None:
    context = world.context
    assert refused(lambda: list_tickets(context, {"status": "x"})) == [("where.status", "invalid_value")]
    assert refused(lambda: list_tickets(context, {}, limit=0)) == [("limit", "invalid_value")]
    assert refused(lambda: list_tickets(context, {}, after=-1)) == [("after", "invalid_value")]
    assert refused(lambda: list_routable(context, [3, "x"])) == [("skills[1]", "invalid_type")]
    assert refused(lambda: list_routable(context, match="some")) == [("match", "invalid_value")]
    assert refused(lambda: list_routable(context, where={"x": 1})) == [("where.x", "unknown_field")]
