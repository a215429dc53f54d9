"""The use case behind `tasks.ingest.bulk_patch`: accept, apply slice by slice, answer with counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from worker.context import Context
from worker.domain.words import ENDED_BATCH, BatchState, Lane
from worker.operations.ingest.accept import Flags, accept, check, lane_of, with_key
from worker.operations.ingest.chunk import Step, apply_next_chunk, apply_only_chunk, parse_items
from worker.operations.ingest.dry_run import dry_run
from worker.operations.log_context import bind_work
from worker.operations.publish import publish, send_claimed
from worker.payload.refusal import Refused
from worker.storage.batches import Batch, find_batch
from worker.storage.outbox import TURN, hand_on, has_turn, postpone_messages

log = structlog.get_logger(__name__)

Answer = dict[str, Any]
"""A task's result (interface: `tasks.ingest.bulk_patch`)."""


def bulk_patch(context: Context, items: object, flags: Flags, task_id: str) -> Answer | None:
    """Take a batch in; apply an interactive one for a slice of time, hand a bulk one on.

    The same key and body again gives the stored result, now or when the batch ends.

    Returns:
        `{"success", "batchId", "state", "counts"}`, or `{"success": False, "error": {"code", "message"}}` for a batch
        refused whole; None when another message under the task's id goes on and will bring the answer.
    """
    try:
        flags = with_key(flags, task_id)
        checked = check(context, items, flags)
        if flags.dry_run:
            return dry_run(context, checked, flags)
        batch = _take_in(context, checked, flags, task_id)
    except Refused as refused:
        log.info("batch_refused", code=refused.code.value)
        return {"success": False, "error": {"code": refused.code.value, "message": refused.message}}
    if batch.state in ENDED_BATCH:
        return _ended(batch)
    if batch.lane is Lane.BULK:
        bind_work([], [batch.id])
        _hand_on(context, batch.id, task_id, turn=0)
        return None
    return resume(context, batch.id, task_id)


def _take_in(context: Context, items: Sequence[object], flags: Flags, task_id: str) -> Batch:
    """Write a batch down; a click is applied in the same transaction, since somebody waits for it."""
    if lane_of(items, flags) is Lane.INTERACTIVE and len(items) <= context.settings.chunk_size:
        try:
            return _apply_at_once(context, items, flags, task_id)
        except (Refused, DBAPIError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not keep the batch from being remembered
            log.warning("batch_not_applied_at_once", error=type(error).__name__)
    return accept(context, items, flags, message_id=task_id)


def _apply_at_once(context: Context, items: Sequence[object], flags: Flags, task_id: str) -> Batch:
    """Accept and apply, or find what the key stands for already."""
    parsed = parse_items(context, enumerate(items))
    steps: list[Step] = []

    def apply(connection: Connection, batch: Batch) -> Batch:
        steps.append(apply_only_chunk(context, connection, batch, parsed))
        return steps[-1].batch

    batch = accept(context, items, flags, message_id=task_id, apply=apply)
    for step in steps:
        if step.batch is batch:  # and not of a try that lost a race
            send_claimed(context, step.messages)
    return batch


def resume(context: Context, batch_id: str, message_id: str, turn: int = 0) -> Answer | None:
    """Apply an accepted batch for a slice of time, one chunk at least; then others have their turn.

    `turn` says how often the message's row was handed on. A message of an earlier turn has been overtaken and does
    nothing. Returns like `bulk_patch`; None also for a paused batch.
    """
    bind_work([], [batch_id])
    ends_at = context.clock() + context.settings.batch_slice
    with context.database.read() as connection:
        if not has_turn(connection, message_id, turn):
            return None
    while True:
        step = apply_next_chunk(context, batch_id, message_id)
        send_claimed(context, step.messages)
        if step.batch.state in ENDED_BATCH:
            return _ended(step.batch)
        if step.batch.state is BatchState.PAUSED and _rest(context, batch_id, message_id):
            return None
        if context.clock() >= ends_at:
            _hand_on(context, batch_id, message_id, turn)
            return None


def _hand_on(context: Context, batch_id: str, message_id: str, turn: int) -> None:
    """Have another message of the same id go on, behind what others have waiting."""

    def write(connection: Connection) -> bool:
        mine = has_turn(connection, message_id, turn, lock=True)
        if mine:
            hand_on(connection, message_id, {"batch_id": batch_id, TURN: turn + 1}, context.clock())
        return mine

    if context.database.transact(write):
        publish(context, [message_id])


def _rest(context: Context, batch_id: str, message_id: str) -> bool:
    """Let the message of a paused batch wait until it is woken; false when the batch is paused no more."""

    def write(connection: Connection) -> bool:
        # Under the batch's lock: whoever resumes it either finds the message waiting or is seen here.
        batch = find_batch(connection, batch_id=batch_id, lock=True)
        paused = batch is not None and batch.state is BatchState.PAUSED
        if paused:
            postpone_messages(connection, [message_id], context.clock() + context.settings.resend_after)
        return paused

    return context.database.transact(write)


def _ended(batch: Batch) -> Answer:
    log.info("batch_applied", state=batch.state.value, **batch.counts)
    return {"success": True, "batchId": batch.id, "state": batch.state.value, "counts": batch.counts}
