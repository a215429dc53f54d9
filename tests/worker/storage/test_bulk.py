"""Rows written with one statement come back as they went in, on both databases."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import event, func, or_, select
from sqlalchemy.exc import IntegrityError, StatementError

from tests.worker.operations.conftest import ticket_row
from worker.storage.bulk import insert_rows, update_rows
from worker.storage.database import Database
from worker.storage.tables import Base, HistoryRow, IntentRow, OutboxRow, TicketRow

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
TEXT = "Zählerstand: 1 %s :name {} 'a' \"b\" \\ \n\t 🙂 ﬁ null"
JSON: list[Any] = [
    "text",
    "null",
    "",
    TEXT,
    0,
    -1.5,
    2**53,
    True,
    False,
    [],
    [1, "a", None, [TEXT]],
    {},
    {"ä": {"b": None, "c": [False, {}]}},
    None,
]
EVERY_TYPE: dict[str, Any] = {
    "external_ticket_id": "E-1",
    "subject": TEXT,
    "body": TEXT * 10_000,
    "subchannel_id": 2**40,
    "is_escalated": True,
    "is_customer_active": False,
    "due_by": datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC),
    "closed_at": None,
    "recipients": "+49 30 123456",
    "reply_cc": ["a@example.com", "ü@example.com"],
    "reply_bcc": [],
    "assigned_agent_ids": [1, 2**40],
    "additional_data": {"ä": [1, None, {"b": "c"}]},
    "raw_data": None,
    "customer_evidence": None,
}


def read(database: Database, model: type[Base]) -> list[dict[str, Any]]:
    with database.read() as connection:
        rows = connection.execute(select(model.__table__).order_by(model.__table__.c.id))
        return [dict(row) for row in rows.mappings()]


def add_tickets(database: Database, *rows: dict[str, Any]) -> None:
    with database.write() as connection:
        insert_rows(connection, TicketRow, rows)


def update(database: Database, model: type[Base], rows: Sequence[dict[str, Any]], **options: Any) -> None:  # noqa: ANN401
    with database.write() as connection:
        update_rows(connection, model, rows, **options)


@pytest.mark.parametrize("others", [0, 3, 4, 50])  # few rows are written in another way
def test_every_column_type_comes_back_after_an_insert(database: Database, others: int) -> None:
    row = ticket_row(1, **EVERY_TYPE)
    add_tickets(database, row, *(row | {"id": 2 + at, "external_ticket_id": None} for at in range(others)))

    row, *rest = read(database, TicketRow)

    assert len(rest) == others
    assert all({**one, "id": 1, "external_ticket_id": "E-1"} == row for one in rest)
    assert {name: row[name] for name in EVERY_TYPE} == EVERY_TYPE
    assert {name: type(row[name]) for name in EVERY_TYPE} == {name: type(value) for name, value in EVERY_TYPE.items()}


def test_every_column_type_comes_back_after_an_update(database: Database) -> None:
    add_tickets(database, ticket_row(1), ticket_row(2))

    update(database, TicketRow, [{"id": 1} | EVERY_TYPE])

    first, second = read(database, TicketRow)
    assert {name: first[name] for name in EVERY_TYPE} == EVERY_TYPE
    assert (second["subject"], second["version"]) == ("Anliegen", 0)


@pytest.mark.parametrize("count", [1, 50])
@pytest.mark.parametrize("value", JSON, ids=repr)
def test_every_json_value_comes_back(database: Database, value: object, count: int) -> None:
    add_tickets(database, ticket_row(1))
    row = {"ticket_id": 1, "version": 1, "field": "x", "actor_type": "user", "at": NOON, "old": value, "new": None}
    with database.write() as connection:
        insert_rows(connection, HistoryRow, [row] * count)
    stored, *rest = read(database, HistoryRow)
    assert stored["old"] == value
    assert type(stored["old"]) is type(value)
    assert [one["old"] for one in rest] == [value] * (count - 1)

    update(database, HistoryRow, [{"id": stored["id"], "old": None, "new": value}])

    stored, *_ = read(database, HistoryRow)
    assert (stored["old"], stored["new"]) == (None, value)


def test_a_column_left_out_gets_the_database_s_default(database: Database) -> None:
    row = ticket_row(1)
    del row["version"]

    add_tickets(database, row)

    assert [one["version"] for one in read(database, TicketRow)] == [0]


def test_a_json_null_is_missing_for_sql_too(database: Database) -> None:
    row = {"ticket_id": 1, "version": 1, "field": "x", "actor_type": "user", "at": NOON, "old": None, "new": "null"}
    add_tickets(database, ticket_row(1))
    with database.write() as connection:
        insert_rows(connection, HistoryRow, [row])

        missing = select(func.count()).select_from(HistoryRow)
        assert connection.scalar(missing.where(HistoryRow.old.is_(None))) == 1
        assert connection.scalar(missing.where(HistoryRow.new.is_(None))) == 0


def test_fractions_come_back_exactly(database: Database) -> None:
    add_tickets(database, ticket_row(1))
    row = {
        "ticket_id": 1,
        "ai_agent_id": 1,
        "contract_id": "",
        "open": True,
        "status": "ready",
        "confidence": 0.1 + 0.2,
        "confidence_color": "success",
        "verified": False,
        "data": {"reading": 421.7},
        "options": [{"order": 1}],
        "infos": [],
        "outcome": None,
        "created_at": NOON,
    }
    with database.write() as connection:
        insert_rows(connection, IntentRow, [row])

    (stored,) = read(database, IntentRow)
    assert {name: stored[name] for name in row} == row


def test_times_of_other_zones_come_back_in_utc(database: Database) -> None:
    berlin = timezone(timedelta(hours=1))
    add_tickets(database, ticket_row(1, due_by=NOON.astimezone(berlin)))

    (row,) = read(database, TicketRow)

    assert row["due_by"] == NOON
    assert row["due_by"].tzinfo is UTC


def test_what_is_no_json_value_is_refused(database: Database) -> None:
    with pytest.raises((TypeError, StatementError)):
        add_tickets(database, ticket_row(1, additional_data={"a": object()}))

    assert read(database, TicketRow) == []


def test_rows_are_numbered_in_their_order(database: Database) -> None:
    add_tickets(database, ticket_row(1))
    row = {"ticket_id": 1, "version": 1, "actor_type": "user", "at": NOON}
    with database.write() as connection:
        insert_rows(connection, HistoryRow, [row | {"field": str(number)} for number in range(500)])

    assert [stored["field"] for stored in read(database, HistoryRow)] == [str(number) for number in range(500)]


def test_no_rows_are_no_statement(database: Database) -> None:
    statements: list[object] = []
    event.listen(database.engine, "before_cursor_execute", lambda *args: statements.append(args))
    with database.write() as connection:
        before = len(statements)
        insert_rows(connection, TicketRow, [])
        update_rows(connection, TicketRow, [])
        assert len(statements) == before


def test_an_update_of_many_rows_is_one_statement_and_leaves_unknown_ids(database: Database) -> None:
    add_tickets(database, *(ticket_row(ticket_id) for ticket_id in range(1, 2_001)))
    statements: list[object] = []
    event.listen(database.engine, "before_cursor_execute", lambda *args: statements.append(args))

    update(database, TicketRow, [{"id": number, "subject": str(number)} for number in range(1, 2_100)])

    assert len([1 for args in statements if isinstance(args, tuple) and "UPDATE" in str(args[2])]) == 1
    assert [row["subject"] for row in read(database, TicketRow)] == [str(number) for number in range(1, 2_001)]


def test_an_update_finds_rows_by_text_keys(database: Database) -> None:
    row: dict[str, Any] = {
        "task": "t",
        "arguments": {},
        "batch_id": None,
        "due_at": NOON,
        "sent": 0,
        "created_at": NOON,
    }
    with database.write() as connection:
        insert_rows(connection, OutboxRow, [row | {"id": "a"}, row | {"id": "b"}])

    update(database, OutboxRow, [{"id": "b", "sent": 3}])

    assert [(stored["id"], stored["sent"]) for stored in read(database, OutboxRow)] == [("a", 0), ("b", 3)]


def test_only_rows_that_meet_the_condition_are_updated(database: Database) -> None:
    statuses = [None, "auto_clean", "manual_clean", "manual_spam"]
    add_tickets(database, *(ticket_row(number, spam_status=status) for number, status in enumerate(statuses, 1)))
    not_manual = or_(TicketRow.spam_status.is_(None), TicketRow.spam_status.not_like("manual%"))

    rows = [{"id": number, "spam_status": "auto_spam"} for number in range(1, 5)]
    update(database, TicketRow, rows, only_if=not_manual)

    stored = [row["spam_status"] for row in read(database, TicketRow)]
    assert stored == ["auto_spam", "auto_spam", "manual_clean", "manual_spam"]


def test_an_existing_row_stays_when_it_is_skipped(database: Database) -> None:
    add_tickets(database, ticket_row(1, subject="alt"))
    with database.write() as connection:
        rows = [ticket_row(1, subject="neu"), ticket_row(2, subject="neu")]
        insert_rows(connection, TicketRow, rows, skip_existing=True)

    assert [row["subject"] for row in read(database, TicketRow)] == ["alt", "neu"]


def test_an_existing_row_is_overwritten_when_it_is_replaced(database: Database) -> None:
    add_tickets(database, ticket_row(1, subject="alt"))
    with database.write() as connection:
        rows = [ticket_row(1, subject="neu"), ticket_row(2, subject="neu")]
        insert_rows(connection, TicketRow, rows, replace=["id"])

    assert [row["subject"] for row in read(database, TicketRow)] == ["neu", "neu"]


def test_a_double_key_is_an_error_otherwise_and_names_no_values(database: Database) -> None:
    add_tickets(database, ticket_row(1, subject="Geheimnis"))

    with pytest.raises(IntegrityError) as caught:
        add_tickets(database, ticket_row(1, subject="Geheimnis"))

    assert "Geheimnis" not in str(caught.value)
