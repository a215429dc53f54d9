"""The dead-letter table: what was given up, with its reason, for people to look at and try again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from worker.storage.bulk import insert_rows
from worker.storage.tables import DeadLetterRow


@dataclass(frozen=True, slots=True)
class Dead:
    """What was given up: its kind (`message`, `run`, `webhook`), a static reason, its id, and ids around it."""

    kind: str
    reason: str
    subject: str | None
    detail: Mapping[str, Any]
    task: str | None = None


def bury(connection: Connection, dead: Iterable[Dead], now: datetime) -> None:
    """Write dead letters."""
    rows = [
        {
            "kind": one.kind,
            "reason": one.reason,
            "subject": one.subject,
            "task": one.task,
            "detail": dict(one.detail),
            "created_at": now,
        }
        for one in dead
    ]
    insert_rows(connection, DeadLetterRow, rows)


def buried(connection: Connection, kind: str, subjects: Collection[str]) -> set[str]:
    """Which of these subjects have a dead letter of that kind."""
    query = select(DeadLetterRow.subject).where(DeadLetterRow.kind == kind, DeadLetterRow.subject.in_(subjects))
    return {subject for subject in connection.scalars(query) if subject is not None}
