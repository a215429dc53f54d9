"""What batches have spent on a language model: one row a batch, whichever tasks and processes spend it."""

from __future__ import annotations

from sqlalchemy import Connection, exists, insert, literal, select, update

from worker.domain.spending import Spending
from worker.storage.tables import BatchRow, BatchSpendingRow

_COLUMNS = ("batch_id", "calls", "tokens")


def open_account(connection: Connection, batch_id: str) -> None:
    """Begin to count for a batch, if it is stored; where two begin at once, one has lost a race."""
    new = ~exists().where(BatchSpendingRow.batch_id == BatchRow.id)
    batch = select(BatchRow.id, literal(0), literal(0)).where(BatchRow.id == batch_id, new)
    connection.execute(insert(BatchSpendingRow).from_select(_COLUMNS, batch))


def book(connection: Connection, batch_id: str, more: Spending, limit: Spending | None = None) -> bool:
    """Add to what a batch has spent; whether it was done, which it is not when the sum would pass the limit."""
    row = BatchSpendingRow
    calls, tokens = row.calls + more.calls, row.tokens + more.tokens
    guards = [] if limit is None else [calls <= limit.calls, tokens <= limit.tokens]
    statement = update(row).where(row.batch_id == batch_id, *guards).values(calls=calls, tokens=tokens)
    return bool(connection.execute(statement).rowcount)


def spent_by(connection: Connection, batch_id: str) -> Spending | None:
    """What a batch has spent; None when nothing was counted."""
    row = BatchSpendingRow
    found = connection.execute(select(row.calls, row.tokens).where(row.batch_id == batch_id)).one_or_none()
    return None if found is None else Spending(*found)
