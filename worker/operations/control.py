"""An operator's hold on a batch: pause, resume, cancel. Each waits for the chunk in hand and acts before the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import structlog
from sqlalchemy import Connection

from config.routing import TaskName
from worker.context import Context
from worker.domain.words import ENDED_BATCH, BatchState, ErrorCode, Outcome
from worker.operations.announce import announce_digests
from worker.operations.ingest.chunk import ledger_row
from worker.operations.ingest.settle import Settled
from worker.operations.known_batch import known_batch, read_batch_id
from worker.operations.log_context import bind_work
from worker.operations.publish import publish
from worker.payload.batch import ticket_id_of
from worker.payload.refusal import Refused
from worker.payload.remarks import ItemError
from worker.storage.batches import Batch, IndexedItem, add_ledger
from worker.storage.control import chunks_to_apply, end_as_cancelled, has_message, set_state
from worker.storage.outbox import add_message, wake_messages

log = structlog.get_logger(__name__)

Answer = dict[str, Any]
"""A JSON object as the public interface describes it."""

_CANCELLED = ItemError(ErrorCode.CANCELLED, "", "the batch was cancelled before this item was applied")


def pause(context: Context, batch_id: object) -> Answer:
    """Let no further chunk of a batch be applied until it is resumed.

    Returns:
        `{"success", "batchId", "state", "counts"}`; `success` too when the batch is paused already.

    Raises:
        RefusedArguments: the id is none.
        Unknown: `batch_not_found`.
        Refused: `batch_ended`.
    """
    return _control(context, batch_id, _pause)


def resume(context: Context, batch_id: object) -> Answer:
    """Let a paused batch go on, and send a worker for it. Answers and raises like `pause`."""
    return _control(context, batch_id, _resume)


def cancel(context: Context, batch_id: object) -> Answer:
    """End a batch where it stands: the items that are not applied are `rejected` with the error `cancelled`.

    What applied chunks have caused goes on. An all-or-nothing batch is one chunk, so it is cancelled before it or not
    at all. Answers and raises like `pause`; cancelling a cancelled batch is a success.
    """
    return _control(context, batch_id, _cancel)


def _control(context: Context, batch_id: object, act: Callable[[Context, Connection, Batch], Sequence[str]]) -> Answer:
    """Act on a locked batch; `act` gives the messages to publish after the commit."""
    wanted = read_batch_id(batch_id)

    def work(connection: Connection) -> tuple[Batch, Batch, Sequence[str]]:
        before = known_batch(connection, wanted, lock=True)
        messages = act(context, connection, before)
        return before, known_batch(connection, wanted), messages

    before, after, messages = context.database.transact(work)
    publish(context, messages)
    bind_work([], [after.id])
    log.info("batch_controlled", before=before.state.value, after=after.state.value)
    return {"success": True, "batchId": after.id, "state": after.state.value, "counts": after.counts}


def _pause(_: Context, connection: Connection, batch: Batch) -> Sequence[str]:
    _refuse_ended(batch)
    set_state(connection, batch.id, BatchState.PAUSED)
    return ()


def _resume(context: Context, connection: Connection, batch: Batch) -> Sequence[str]:
    _refuse_ended(batch)
    if batch.state is not BatchState.PAUSED:
        return ()
    set_state(connection, batch.id, BatchState.RUNNING if batch.next_chunk else BatchState.ACCEPTED)
    now = context.clock()
    if not has_message(connection, batch.id, TaskName.RESUME_BATCH):
        add_message(
            connection,
            batch.id,
            TaskName.RESUME_BATCH,
            {"batch_id": batch.id},
            batch_id=batch.id,
            lane=batch.lane,
            now=now,
            due_at=now,
        )
    return wake_messages(connection, batch.id, TaskName.RESUME_BATCH, now)


def _cancel(context: Context, connection: Connection, batch: Batch) -> Sequence[str]:
    if batch.state is BatchState.CANCELLED:
        return ()
    _refuse_ended(batch)
    rejected = 0
    for _, items in chunks_to_apply(connection, batch):
        add_ledger(connection, [_cancelled_row(batch.id, item) for item in items])
        rejected += len(items)
    now = context.clock()
    end_as_cancelled(connection, batch.id, rejected, now)
    # Those whose messages wait for the end of the batch have it.
    woken = wake_messages(connection, batch.id, TaskName.RESUME_BATCH, now)
    return [*announce_digests(context, connection, batch), *woken]


def _refuse_ended(batch: Batch) -> None:
    if batch.state in ENDED_BATCH:
        raise Refused(ErrorCode.BATCH_ENDED, f"batch {batch.id} has ended: it is {batch.state.value}")


def _cancelled_row(batch_id: str, item: IndexedItem) -> dict[str, object]:
    index, raw = item
    return ledger_row(batch_id, Settled(index, ticket_id_of(raw), Outcome.REJECTED, errors=(_CANCELLED,)))
