"""A batch held by an operator: its state, what is left of it, and which of its items failed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, exists, select, update

from worker.domain.words import BatchState, Outcome
from worker.storage.batches import Batch, IndexedItem, chunk_items
from worker.storage.tables import BatchItemRow, BatchRow, OutboxRow


def set_state(connection: Connection, batch_id: str, state: BatchState) -> None:
    """Put a locked batch into a state that is no end."""
    connection.execute(update(BatchRow).where(BatchRow.id == batch_id).values(state=state.value))


def end_as_cancelled(connection: Connection, batch_id: str, rejected: int, now: datetime) -> None:
    """End a locked batch whose remaining items, so many, were rejected."""
    values = {
        "state": BatchState.CANCELLED.value,
        "rejected": BatchRow.rejected + rejected,
        "finished_at": now,
    }
    connection.execute(update(BatchRow).where(BatchRow.id == batch_id).values(**values))


def chunks_to_apply(connection: Connection, batch: Batch) -> Iterator[tuple[int, list[IndexedItem]]]:
    """Position and items of each chunk that is not applied, read one at a time."""
    for position in range(batch.next_chunk, batch.chunks):
        yield position, chunk_items(connection, batch.id, position)


def failed_items(connection: Connection, batch: Batch) -> list[object]:
    """The rejected items of an ended batch as they were received, in their order; chunks are read one at a time."""
    rejected = select(BatchItemRow.index).where(
        BatchItemRow.batch_id == batch.id, BatchItemRow.outcome == Outcome.REJECTED.value
    )
    wanted = set(connection.scalars(rejected))
    if not wanted:
        return []
    chunks = (chunk_items(connection, batch.id, position) for position in range(batch.chunks))
    found = {index: item for chunk in chunks for index, item in chunk if index in wanted}
    return [found[index] for index in sorted(found)]


def has_message(connection: Connection, batch_id: str, task: str) -> bool:
    """Whether any message of that task stands for the batch, sent or not."""
    found = exists().where(OutboxRow.batch_id == batch_id, OutboxRow.task == task)
    return bool(connection.scalar(select(found)))
