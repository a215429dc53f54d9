"""The batch that somebody names: its id read as strictly as the wire, and found or said to be unknown."""

from __future__ import annotations

from sqlalchemy import Connection

from worker.operations.arguments import read
from worker.operations.inspection.unknown import Unknown
from worker.payload.texts import read_text
from worker.storage.batches import Batch, find_batch

LONGEST_ID = 255


def read_batch_id(value: object) -> str:
    """A batch's id as given by a caller. Raises RefusedArguments with the path `batch_id`."""
    return read("batch_id", value, lambda given: read_text(given, LONGEST_ID))


def known_batch(connection: Connection, batch_id: str, *, lock: bool = False) -> Batch:
    """The head of a batch; with `lock`, no chunk of it is applied until the transaction ends.

    Raises:
        Unknown: `batch_not_found`.
    """
    batch = find_batch(connection, batch_id=batch_id, lock=lock)
    if batch is None:
        # The id is not repeated: answers are shown in Flower, and it may be anything.
        raise Unknown("batch_not_found", "there is no batch with this id; it may wait in the queue still")
    return batch
