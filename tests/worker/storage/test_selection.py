"""Which tickets a selection finds, on both databases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.services.plans import plans_of
from tests.worker.operations.conftest import ticket_row
from worker.domain.entities import Value
from worker.domain.fields import FIELDS
from worker.storage.bulk import insert_rows
from worker.storage.database import Database
from worker.storage.selection import COMPARED, FILTERS, Condition, Selection, matching_ids
from worker.storage.tables import TagRow, TicketRow, TicketTagRow

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def database(migrated_database_url: str) -> Iterator[Database]:
    database = Database(migrated_database_url)
    yield database
    database.close()


def add(database: Database, *ids: int, tags: tuple[int, ...] = (), **columns: Any) -> None:  # noqa: ANN401
    with database.write() as connection:
        insert_rows(connection, TicketRow, [ticket_row(ticket_id, **columns) for ticket_id in ids])
        named = [{"id": tag, "name": f"Tag {tag}", "parent": None, "visibility": "public"} for tag in tags]
        insert_rows(connection, TagRow, [row | {"definition": {}} for row in named], skip_existing=True)
        links = [{"ticket_id": ticket_id, "tag_id": tag, "source": "manual"} for ticket_id in ids for tag in tags]
        insert_rows(connection, TicketTagRow, links)


def found(database: Database, *conditions: Condition, **options: Any) -> list[int]:  # noqa: ANN401
    page = {"after": 0, "limit": 100} | options
    with database.read() as connection:
        return matching_ids(connection, Selection(conditions), **page)


EXAMPLES: dict[str, tuple[str, Any, Any]] = {
    "status": ("status", "open", "closed"),
    "priority": ("priority", "high", "low"),
    "channel": ("channel", "email", "chat"),
    "direction": ("direction", "in", "out"),
    "spamStatus": ("spam_status", "auto_clean", "manual_spam"),
    "subchannelId": ("subchannel_id", 7, 8),
    "customerId": ("customer_id", "K1", "K2"),
    "contractId": ("contract_id", "V1", "V2"),
    "languageCode": ("language_code", "de", "en"),
    "aiSupportLevel": ("ai_support_level", "human", "bot"),
    "agentId": ("agent_id", 3, 4),
    "isEscalated": ("is_escalated", True, False),
}
"""For each compared field its column, a value that is looked for, and another."""


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_field_is_compared_with_its_own_column(database: Database, name: str) -> None:
    column, wanted, other = EXAMPLES[name]
    columns: dict[str, Any] = {column: wanted}
    add(database, 1, 3, **columns)
    add(database, 2, **columns | {column: other})
    assert found(database, Condition(name, (wanted,))) == [1, 3]
    assert found(database, Condition(name, (wanted,), negated=True)) == [2]
    assert found(database, Condition(name, (wanted, other))) == [1, 2, 3]


def test_every_compared_field_has_an_example() -> None:
    assert {*EXAMPLES, "id"} == {*COMPARED}


def test_tickets_are_found_by_id(database: Database) -> None:
    add(database, 1, 2, 3)
    assert found(database, Condition("id", (1, 3, 99))) == [1, 3]


def test_nothing_asked_finds_all(database: Database) -> None:
    add(database, 1, 2)
    assert found(database) == [1, 2]


def test_all_conditions_must_hold(database: Database) -> None:
    add(database, 1, status="open", priority="high")
    add(database, 2, status="open", priority="low")
    add(database, 3, status="closed", priority="high")
    assert found(database, Condition("status", ("open",)), Condition("priority", ("high",))) == [1]


@pytest.fixture
def spam(database: Database) -> None:
    add(database, 1, spam_status=None)
    add(database, 2, spam_status="auto_spam")
    add(database, 3, spam_status="auto_clean")


@pytest.mark.usefixtures("spam")
@pytest.mark.parametrize(
    ("values", "negated", "expected"),
    [
        ((None,), False, [1]),
        ((None, "auto_spam"), False, [1, 2]),
        ((None,), True, [2, 3]),
        ((None, "auto_spam"), True, [3]),
        (("auto_spam",), False, [2]),
        (("auto_spam",), True, [1, 3]),
    ],
)
def test_null_is_a_value_that_is_in_no_list_without_it(
    database: Database, values: tuple[Value, ...], expected: list[int], *, negated: bool
) -> None:
    assert found(database, Condition("spamStatus", values, negated)) == expected


def test_a_ticket_with_any_of_the_tags_is_found_once(database: Database) -> None:
    add(database, 1, tags=(4, 5))
    add(database, 2, tags=(5,))
    add(database, 3)
    assert found(database, Condition("tagIds", (4, 5))) == [1, 2]
    assert found(database, Condition("tagIds", (4,))) == [1]
    assert found(database, Condition("tagIds", (4,), negated=True)) == [2, 3]


@pytest.mark.parametrize(
    ("name", "column"), [("created", "created_at"), ("modified", "modified_at"), ("due", "due_by")]
)
def test_two_selections_that_share_a_moment_share_no_ticket(database: Database, name: str, column: str) -> None:
    for ticket_id, at in ((1, NOON - HOUR), (2, NOON), (3, NOON + HOUR)):
        columns: dict[str, Any] = {column: at}
        add(database, ticket_id, **columns)
    assert found(database, Condition(f"{name}After", (NOON,))) == [2, 3]
    assert found(database, Condition(f"{name}Before", (NOON,))) == [1]


def test_a_ticket_that_was_never_modified_was_modified_neither_before_nor_after(database: Database) -> None:
    add(database, 1, modified_at=None)
    assert found(database, Condition("modifiedAfter", (NOON,))) == []
    assert found(database, Condition("modifiedBefore", (NOON,))) == []


def test_a_touched_ticket_was_created_or_modified_since(database: Database) -> None:
    add(database, 1, created_at=NOON - 2 * HOUR)
    add(database, 2, created_at=NOON - HOUR)
    add(database, 3, created_at=NOON - 9 * HOUR, modified_at=NOON - HOUR)
    add(database, 4, created_at=NOON - 9 * HOUR, modified_at=NOON - 2 * HOUR)
    with database.read() as connection:
        touched = Selection((), touched_since=NOON - HOUR)
        assert matching_ids(connection, touched, after=0, limit=100) == [2, 3]


def test_pages_follow_each_other_without_gap_or_overlap(database: Database) -> None:
    add(database, 5, 1, 4, 2, 3)
    assert found(database, limit=2) == [1, 2]
    assert found(database, limit=2, after=2) == [3, 4]
    assert found(database, limit=2, after=4) == [5]
    assert found(database, limit=2, after=5) == []


@pytest.mark.parametrize("name", ["status", "priority", "channel", "spamStatus", "aiSupportLevel", "agentId"])
def test_what_is_in_a_list_and_what_is_not_in_it_are_all_tickets(database: Database, name: str) -> None:
    column, wanted, other = EXAMPLES[name]
    for ticket_id, value in enumerate((wanted, other, None if FIELDS[name].nullable else other), start=1):
        columns: dict[str, Any] = {column: value}
        add(database, ticket_id, **columns)
    listed, rest = (
        found(database, Condition(name, (wanted,))),
        found(database, Condition(name, (wanted,), negated=True)),
    )
    assert (listed, rest) == ([1], [2, 3])


@pytest.fixture
def backlog(database: Database) -> Database:
    """Many tickets, of which a few are not closed."""
    with database.write() as connection:
        rows = [ticket_row(number, status="closed" if number % 100 else "open") for number in range(1, 3_001)]
        insert_rows(connection, TicketRow, rows)
        connection.exec_driver_sql("ANALYZE")
    return database


@pytest.mark.parametrize(
    "conditions",
    [
        (Condition("status", ("open",)),),
        (Condition("status", ("open",)), Condition("spamStatus", ("auto_spam", "manual_spam"), negated=True)),
        (Condition("status", ("closed", "pending"), negated=True), Condition("tagIds", (1, 2))),
        (Condition("id", (1, 2, 3)),),
    ],
    ids=["open", "open-no-spam", "not-closed-tagged", "ids"],
)
def test_a_page_of_few_tickets_does_not_lead_through_all(backlog: Database, conditions: tuple[Condition, ...]) -> None:
    selection = Selection(conditions)
    plans = plans_of(backlog, lambda one: matching_ids(one, selection, after=5, limit=10), as_if_large=True)

    index = "ix_ticket_status_id" if conditions[0].filter == "status" else "PRIMARY KEY|pk_ticket"
    assert re.search(index, plans[0]), plans[0]
    assert not re.search(r"SCAN ticket\b(?! USING)|Seq Scan on ticket\b", plans[0]), plans[0]


def test_the_filters_are_those_that_are_documented() -> None:
    bounds = {f"{name}{end}" for name in ("created", "modified", "due") for end in ("After", "Before")}
    assert FILTERS.keys() == {*COMPARED, "tagIds", *bounds}
