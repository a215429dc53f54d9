"""The use case behind `tasks.ingest.bulk_patch`: accept, apply chunk by chunk, answer with counts."""

from __future__ import annotations

from collections import Counter
from typing import Any

import structlog

from worker.context import Context
from worker.domain.changes import Actor
from worker.domain.words import ActorType, Outcome
from worker.operations.ingest.accept import Flags, accept, check, split, with_key
from worker.operations.ingest.chunk import HALTED, apply_next_chunk, ledger_row, parse_items, settle_items
from worker.operations.log_context import bind_work
from worker.operations.publish import publish
from worker.payload.refusal import Refused
from worker.storage.batches import Batch
from worker.storage.tickets import Origin

log = structlog.get_logger(__name__)


def bulk_patch(context: Context, items: object, flags: Flags, task_id: str) -> dict[str, Any]:
    """Take a batch in and apply it; the same key and body again gives the stored result.

    Returns:
        `{"success", "batchId", "state", "counts"}`, or `{"success": False, "error": {"code", "message"}}` for a batch
        refused whole.
    """
    try:
        flags = with_key(flags, task_id)
        checked = check(context, items, flags)
        if flags.dry_run:
            return _dry_run(context, checked, flags)
        batch = accept(context, checked, flags)
    except Refused as refused:
        log.info("batch_refused", code=refused.code.value)
        return {"success": False, "error": {"code": refused.code.value, "message": refused.message}}
    return resume(context, batch.id)


def resume(context: Context, batch_id: str) -> dict[str, Any]:
    """Apply what is left of an accepted batch."""
    bind_work([], [batch_id])
    while True:
        step = apply_next_chunk(context, batch_id)
        publish(context, step.messages)
        if step.batch.state in HALTED:
            log.info("batch_applied", state=step.batch.state.value, **step.batch.counts)
            return _answer(step.batch)


def _answer(batch: Batch) -> dict[str, Any]:
    return {"success": True, "batchId": batch.id, "state": batch.state.value, "counts": batch.counts}


def _dry_run(context: Context, items: list[object], flags: Flags) -> dict[str, Any]:
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
