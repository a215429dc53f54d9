"""A dry run: the same decisions as a batch's, and nothing written (contract section 2)."""

from __future__ import annotations

from collections import Counter
from typing import Any

from worker.context import Context
from worker.domain.changes import Actor
from worker.domain.words import ActorType, Outcome
from worker.operations.ingest.accept import Flags, split
from worker.operations.ingest.chunk import ledger_row, parse_items, settle_items
from worker.storage.tickets import Origin


def dry_run(context: Context, items: list[object], flags: Flags) -> dict[str, Any]:
    """The same decisions in a transaction that only reads and ends without a write."""
    origin = Origin(Actor(ActorType.USER, flags.user_id), context.clock())
    size = max(len(items), 1) if flags.atomic else context.settings.chunk_size
    ended = []
    for chunk in split(items, size):
        parsed = parse_items(context, chunk)
        with context.database.read() as connection:
            ended += settle_items(context, connection, parsed, origin, atomic=flags.atomic).items
    rows = [ledger_row("", item) for item in sorted(ended, key=lambda item: item.index)]
    counts = Counter(item.outcome for item in ended)
    return {
        "success": True,
        "dryRun": True,
        "batchId": None,
        "state": "done",
        "counts": {"received": len(items)} | {_camel(outcome): counts[outcome] for outcome in Outcome},
        "items": [
            {
                "index": row["index"],
                "id": row["ticket_id"],
                "outcome": row["outcome"],
                "reason": row["reason"],
                "changedFields": row["changed_fields"],
                "ignoredFields": row["ignored_fields"],
                "errors": row["errors"],
            }
            for row in rows
        ],
    }


def _camel(outcome: Outcome) -> str:
    head, *rest = outcome.value.split("_")
    return head + "".join(word.title() for word in rest)
