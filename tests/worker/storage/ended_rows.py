"""Rows of every kind that ends, a few of which ended long ago."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from tests.worker.operations.conftest import ticket_row
from worker.storage.bulk import insert_rows
from worker.storage.retention import Cutoffs
from worker.storage.tables import (
    AttemptRow,
    Base,
    BatchItemRow,
    BatchRow,
    DeadLetterRow,
    DeliveryRow,
    EndpointRow,
    EventRow,
    ExecutionRow,
    HistoryRow,
    OutboxRow,
    RefreshRunRow,
    TicketRow,
    WorklogRow,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ROWS = 2_000
OLD = 20
BEFORE = NOW - timedelta(days=30)
CUTOFFS = Cutoffs(BEFORE, BEFORE, BEFORE, BEFORE, BEFORE, NOW)


def fill(connection: Connection) -> None:
    """Write them, and have the database look at how many there are."""
    insert_rows(connection, TicketRow, [ticket_row(1)])
    insert_rows(connection, EndpointRow, [_endpoint()])
    for model, row in _ROWS.items():
        insert_rows(connection, model, [row(f"{number:04}", _at(number), number) for number in range(ROWS)])
    connection.exec_driver_sql("ANALYZE")


def _at(number: int) -> datetime:
    return BEFORE + timedelta(seconds=number - OLD + 1) - timedelta(microseconds=1)


def _endpoint() -> dict[str, Any]:
    empty: dict[str, Any] = {"events": [], "fields": [], "channels": [], "subchannels": []}
    return {"id": "a", "url": "https://example.com/", "secret": "", "enabled": True} | empty


def _batch(name: str, at: datetime, _: int) -> dict[str, Any]:
    counts = dict.fromkeys(("updated", "unchanged", "refresh_scheduled", "refresh_skipped", "rejected"), 0)
    head = {"id": name, "key": name, "digest": "", "state": "done", "lane": "bulk", "received": 1}
    flags = {"include_in_worklog": True, "atomic": False, "chunks": 1, "next_chunk": 1}
    return head | flags | counts | {"created_at": at, "finished_at": at}


def _item(name: str, _: datetime, number: int) -> dict[str, Any]:
    lists: dict[str, Any] = {"changed_fields": [], "ignored_fields": [], "deprecations": [], "errors": []}
    return {"batch_id": name, "index": 0, "ticket_id": number, "outcome": "updated"} | lists


def _run(name: str, at: datetime, _: int) -> dict[str, Any]:
    ended = {"state": "done", "force": False, "attempt": 1, "crashes": 0, "stages": []}
    asked = {"id": name, "ticket_id": 1, "mode": "tags", "batch_id": name, "requested_by": "batch"}
    return asked | ended | {"created_at": at, "finished_at": at}


def _event(name: str, at: datetime, number: int) -> dict[str, Any]:
    return {"id": name, "type": "x", "ticket_id": number, "batch_id": name, "body": {}, "created_at": at}


def _delivery(name: str, _: datetime, number: int) -> dict[str, Any]:
    what = {"id": name, "event_id": name, "endpoint_id": "a", "ticket_id": number, "batch_id": name}
    return what | {"state": "delivered", "attempts": 1}


def _history(_: str, at: datetime, number: int) -> dict[str, Any]:
    return {"ticket_id": 1, "version": number, "field": "status", "actor_type": "user", "at": at}


def _execution(name: str, at: datetime, number: int) -> dict[str, Any]:
    lease = None if number < OLD else at  # without one: put off, and the ticket has no time at which it is tried again
    tried = {"option": "enter", "attempts": 1, "crashes": 0, "lease_until": lease}
    return {"id": name, "ticket_id": 1, "intent_id": number} | tried


_ROWS: dict[type[Base], Callable[[str, datetime, int], dict[str, Any]]] = {
    BatchRow: _batch,
    BatchItemRow: _item,
    RefreshRunRow: _run,
    EventRow: _event,
    DeliveryRow: _delivery,
    AttemptRow: lambda name, at, _: {"delivery_id": name, "duration_ms": 1, "at": at},
    HistoryRow: _history,
    WorklogRow: lambda _, at, __: {"ticket_id": 1, "action": "written", "automatic": False, "at": at},
    DeadLetterRow: lambda _, at, __: {"kind": "run", "reason": "x", "detail": {}, "created_at": at},
    ExecutionRow: _execution,
    OutboxRow: lambda name, at, _: {
        "id": name,
        "task": "x",
        "arguments": {},
        "batch_id": f"other-{name}",
        "due_at": at,
        "sent": 0,
        "created_at": at,
    },
}
