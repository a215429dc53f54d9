"""Intents of tickets: read for a merge, written as the merge says."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, exists, select, update
from sqlalchemy.orm import aliased

from worker.domain.intents import Intent, IntentChange, IntentStatus, StoredIntent
from worker.storage.bulk import insert_rows, update_rows
from worker.storage.tables import IntentRow

_NO_CONTRACT = ""
_NEWER = aliased(IntentRow)


def read_intents(connection: Connection, ticket_ids: Collection[int]) -> dict[int, list[StoredIntent]]:
    """The stored intents by ticket, oldest first. The caller holds the tickets' locks."""
    query = select(IntentRow.__table__).where(IntentRow.ticket_id.in_(ticket_ids)).order_by(IntentRow.id)
    found: dict[int, list[StoredIntent]] = {}
    for row in connection.execute(query).mappings():
        intent = Intent(
            agent_id=row["ai_agent_id"],
            contract_id=row["contract_id"] or None,
            status=row["status"],
            confidence=row["confidence"],
            confidence_color=row["confidence_color"],
            data=row["data"],
            options=tuple(row["options"]),
            infos=tuple(row["infos"]),
        )
        found.setdefault(row["ticket_id"], []).append(
            StoredIntent(row["id"], intent, verified=row["verified"], outcome=row["outcome"])
        )
    return found


def save_intents(connection: Connection, changes: Mapping[int, Sequence[IntentChange]], now: datetime) -> None:
    """Write new intents and the new content of stored ones, by ticket."""
    flat = [(ticket_id, change) for ticket_id, of_ticket in changes.items() for change in of_ticket]
    new = [
        {"ticket_id": ticket_id, "open": True, "verified": False, "created_at": now} | _content(change.intent)
        for ticket_id, change in flat
        if change.id is None
    ]
    insert_rows(connection, IntentRow, new)
    kept = [
        {"id": change.id, "modified_at": now} | _content(change.intent) for _, change in flat if change.id is not None
    ]
    update_rows(connection, IntentRow, kept, only_if=IntentRow.open.is_(True))


def tickets_of(connection: Connection, ids: Collection[int]) -> set[int]:
    """The tickets of those of these intents that are there."""
    return set(connection.scalars(select(IntentRow.ticket_id).where(IntentRow.id.in_(ids))))


def ready_again(connection: Connection, ids: Collection[int], now: datetime) -> dict[int, int]:
    """Let those of these intents that failed wait to be carried out again; their tickets, whose locks the caller holds.

    One that was found anew since stays as it is: whoever asked for it is served by the newer one.
    """
    one, newer = IntentRow, _NEWER
    same = (
        newer.ticket_id == one.ticket_id,
        newer.ai_agent_id == one.ai_agent_id,
        newer.contract_id == one.contract_id,
    )
    failed = (one.id.in_(ids), one.status == IntentStatus.FAILED.value, ~exists().where(*same, newer.id > one.id))
    again = {"status": IntentStatus.READY.value, "open": True, "outcome": None, "modified_at": now}
    statement = update(one).where(*failed).values(**again).returning(one.id, one.ticket_id)
    return {row.id: row.ticket_id for row in connection.execute(statement)}


def _content(intent: Intent) -> dict[str, Any]:
    return {
        "ai_agent_id": intent.agent_id,
        "contract_id": intent.contract_id or _NO_CONTRACT,
        "status": intent.status,
        "confidence": intent.confidence,
        "confidence_color": intent.confidence_color,
        "data": dict(intent.data),
        "options": [dict(option) for option in intent.options],
        "infos": [dict(info) for info in intent.infos],
    }
