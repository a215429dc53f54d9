"""Sweeps over all tickets touch those that are due alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from tests.worker.operations.conftest import ticket_row
from worker.storage.bulk import insert_rows
from worker.storage.database import Database
from worker.storage.due import due_for_execution, due_pending, mark_overdue, overdue
from worker.storage.tables import TicketRow

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
Sweep = Callable[[Connection, datetime, int], list[int]]
SWEEPS: list[tuple[Sweep, str]] = [
    (due_pending, "ix_ticket_pending_due_by"),
    (due_for_execution, "ix_ticket_auto_execute_at"),
    (overdue, "ix_ticket_overdue"),
]


def fill(connection: Connection) -> None:
    """Many tickets; of each kind of dueness the first three, the latest due first, and many that are due later."""
    due = [NOW - timedelta(hours=4 - at) for at in (1, 2, 3)]
    later = [NOW + timedelta(minutes=at) for at in range(1, 1_000)]
    moments = [*due, *later]
    rows = [ticket_row(at, status="pending", due_by=moment) for at, moment in enumerate(moments, 1)]
    rows += [ticket_row(at, status="open", auto_execute_at=moment) for at, moment in enumerate(moments, 2_001)]
    rows += [ticket_row(at, status="closed", due_by=NOW - timedelta(days=at)) for at in range(4_001, 6_000)]
    names = {name for row in rows for name in row}
    insert_rows(connection, TicketRow, [dict.fromkeys(names) | row for row in rows])
    connection.execute(text("ANALYZE"))


def plan(connection: Connection, sweep: Sweep) -> str:
    """How the database goes about the very statement that the sweep sends."""
    sent: list[tuple[str, Any]] = []

    def note(_: object, __: object, statement: str, parameters: Any, *___: object) -> None:  # noqa: ANN401
        sent.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", note)
    sweep(connection, NOW, 100)
    event.remove(connection, "before_cursor_execute", note)
    ((statement, parameters),) = sent
    prefix = "EXPLAIN QUERY PLAN " if connection.dialect.name == "sqlite" else "EXPLAIN "
    return "\n".join(str(tuple(row)) for row in connection.exec_driver_sql(prefix + statement, parameters))


@pytest.mark.parametrize(("sweep", "index"), SWEEPS)
def test_a_sweep_reads_its_own_index_and_scans_no_table(database: Database, sweep: Sweep, index: str) -> None:
    with database.write() as connection:
        fill(connection)
        told = plan(connection, sweep)

    assert index in told
    assert "Seq Scan on ticket" not in told
    assert "SCAN ticket" not in told


def test_the_longest_due_come_first_and_no_more_than_asked_for(database: Database) -> None:
    with database.write() as connection:
        fill(connection)

        assert due_pending(connection, NOW, 2) == [1, 2]
        assert due_for_execution(connection, NOW, 100) == [2_001, 2_002, 2_003]
        assert overdue(connection, NOW, 2) == [1, 2]


def test_what_is_announced_leaves_the_index(database: Database) -> None:
    with database.write() as connection:
        fill(connection)
        mark_overdue(connection, [1, 3])

        assert overdue(connection, NOW, 100) == [2]


@pytest.mark.parametrize("database_kind", ["postgresql"])
@pytest.mark.parametrize(("sweep", "index"), SWEEPS)
def test_what_another_sweep_holds_is_skipped(database: Database, sweep: Sweep, index: str) -> None:
    with database.write() as connection:
        fill(connection)

    with database.write() as first, database.write() as second:
        held = sweep(first, NOW, 2)

        assert len(held) == 2, index
        assert len(sweep(second, NOW, 100)) == 1
