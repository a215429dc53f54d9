"""Intents that are carried out by themselves: claimed before the action runs, until its outcome is stored."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update

from worker.storage.bulk import insert_rows
from worker.storage.tables import ExecutionRow, IntentRow

_NAMESPACE = uuid.UUID("2b0c4c5e-8a34-4f0a-9f5e-5a1d6f1c9f0b")


@dataclass(frozen=True, slots=True)
class Execution:
    """One claimed intent. `id` is the key to carry it out under; `option` the type of the one that was chosen.

    `attempts` ended with a passing failure, `crashes` are later starts of which nothing was heard.
    """

    id: str
    ticket_id: int
    intent_id: int
    option: str
    attempts: int = 0
    crashes: int = 0


_COLUMNS = [getattr(ExecutionRow, name) for name in Execution.__dataclass_fields__]


def begin_executions(
    connection: Connection, chosen: Sequence[tuple[int, int, str]], lease_until: datetime
) -> list[Execution]:
    """Claim intents: ticket, intent, option. Those that were tried before keep their key and what is counted."""
    if not chosen:
        return []
    query = select(ExecutionRow.intent_id, ExecutionRow.attempts)
    known = query.where(ExecutionRow.intent_id.in_([intent_id for _, intent_id, _ in chosen]))
    tried = {row.intent_id: row.attempts for row in connection.execute(known)}
    begun = [
        Execution(key_of(intent_id), ticket_id, intent_id, option, tried.get(intent_id, 0))
        for ticket_id, intent_id, option in chosen
    ]
    rows: list[Mapping[str, Any]] = [asdict(one) | {"lease_until": lease_until} for one in begun]
    insert_rows(connection, ExecutionRow, rows, replace=["id"])
    return begun


def key_of(intent_id: int) -> str:
    """The key under which an intent is carried out, however often that is tried."""
    return str(uuid.uuid5(_NAMESPACE, str(intent_id)))


def take_lost(connection: Connection, now: datetime, lease_until: datetime) -> Execution | None:
    """Claim one execution whose process was lost; one at a time, since it may take this process along, too."""
    lost = select(ExecutionRow.id).where(ExecutionRow.lease_until <= now).order_by(ExecutionRow.lease_until).limit(1)
    found = connection.scalar(lost.with_for_update(skip_locked=True))
    if found is None:
        return None
    taken = (
        update(ExecutionRow)
        .where(ExecutionRow.id == found)
        .values(lease_until=lease_until, crashes=ExecutionRow.crashes + 1)
        .returning(*_COLUMNS)
    )
    return Execution(*connection.execute(taken).one())


def is_held(connection: Connection, execution: Execution) -> bool:
    """Whether a claim is still ours; locks it. One that was taken over writes nothing."""
    ours = select(*_COLUMNS).where(ExecutionRow.id == execution.id, ExecutionRow.lease_until.is_not(None))
    row = connection.execute(ours.with_for_update()).one_or_none()
    return row is not None and Execution(*row) == execution


def put_off(connection: Connection, execution: Execution) -> None:
    """Count a passing failure; the ticket's `autoExecuteAt` tells when it is tried again."""
    values = {"attempts": execution.attempts + 1, "crashes": 0, "lease_until": None}
    connection.execute(update(ExecutionRow).where(ExecutionRow.id == execution.id).values(**values))


def end_execution(connection: Connection, execution: Execution) -> None:
    """Forget a claim."""
    connection.execute(delete(ExecutionRow).where(ExecutionRow.id == execution.id))


def forget_attempts(connection: Connection, ticket_ids: Sequence[int]) -> None:
    """Forget what was put off for tickets that are not tried again."""
    gone = delete(ExecutionRow).where(ExecutionRow.ticket_id.in_(ticket_ids), ExecutionRow.lease_until.is_(None))
    connection.execute(gone)


def save_outcome(
    connection: Connection, intent_id: int, status: str, outcome: Mapping[str, object], now: datetime
) -> None:
    """Store how an intent ended, unless that was stored before."""
    ended = update(IntentRow).where(IntentRow.id == intent_id, IntentRow.open.is_(True))
    connection.execute(ended.values(status=status, outcome=dict(outcome), open=False, modified_at=now))
