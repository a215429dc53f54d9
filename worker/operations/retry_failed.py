"""A second try for what a batch could not do: a child batch of its rejected items alone."""

from __future__ import annotations

from typing import Any

import structlog

from worker.context import Context
from worker.domain.words import ENDED_BATCH, ErrorCode
from worker.operations.ingest.accept import Flags, accept
from worker.operations.known_batch import known_batch, read_batch_id
from worker.operations.log_context import bind_work
from worker.operations.publish import publish
from worker.payload.refusal import Refused
from worker.storage.batches import Batch
from worker.storage.control import failed_items

log = structlog.get_logger(__name__)


def child_key(batch_id: str) -> str:
    """The idempotency key of a batch's child, which makes it one, however often it is asked for."""
    return f"retry_failed:{batch_id}"


def retry_failed(context: Context, batch_id: object) -> dict[str, Any]:
    """Send the rejected items of an ended batch again, in their order and with the batch's flags.

    A conflict is not sent again: the same `ifModifiedAt` would conflict again. What the child cannot do, a retry of the
    child tries again.

    Returns:
        `{"success", "batchId", "parentId", "retried"}`; without a rejected item `batchId` is null and `retried` 0.

    Raises:
        RefusedArguments: the id is none.
        Unknown: `batch_not_found`.
        Refused: `batch_not_ended`.
    """
    wanted = read_batch_id(batch_id)
    with context.database.read() as connection:
        parent = known_batch(connection, wanted)
        if parent.state not in ENDED_BATCH:
            message = f"batch {parent.id} has not ended: it is {parent.state.value}"
            raise Refused(ErrorCode.BATCH_NOT_ENDED, message)
        items = failed_items(connection, parent)
        flags = _flags(parent)
    child = _accept(context, parent, items, flags) if items else None
    bind_work([], [parent.id])
    log.info("batch_retried", child_id=child, retried=len(items))
    return {"success": True, "batchId": child, "parentId": parent.id, "retried": len(items)}


def _flags(parent: Batch) -> Flags:
    return Flags(
        include_in_worklog=parent.include_in_worklog,
        idempotency_key=child_key(parent.id),
        atomic=parent.atomic,
        user_id=parent.user_id,
        source=parent.source,
    )


def _accept(context: Context, parent: Batch, items: list[object], flags: Flags) -> str:
    child = accept(context, items, flags, start_at=context.clock(), parent_id=parent.id)
    publish(context, [child.id])
    return child.id
