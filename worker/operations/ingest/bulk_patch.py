"""The use case behind `tasks.ingest.bulk_patch`: accept, apply chunk by chunk, answer with counts."""

from __future__ import annotations

from typing import Any

import structlog

from worker.context import Context
from worker.operations.ingest.accept import Flags, accept, check, with_key
from worker.operations.ingest.chunk import HALTED, apply_next_chunk
from worker.operations.ingest.dry_run import dry_run
from worker.operations.log_context import bind_work
from worker.operations.publish import publish
from worker.payload.refusal import Refused
from worker.storage.batches import Batch

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
            return dry_run(context, checked, flags)
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
