"""Batches: accepted once by key, applied chunk by chunk, remembered item by item."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, case, select, update

from worker.domain.words import BatchState, Lane, Outcome
from worker.storage.bulk import insert_rows
from worker.storage.tables import BatchChunkRow, BatchItemRow, BatchRow

IndexedItem = tuple[int, object]

_CHUNKS_AT_ONCE = 10
"""Chunks of one statement: all of a large batch written out at once would take its memory once more."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch's head."""

    id: str
    key: str
    digest: str
    state: BatchState
    source: str | None
    user_id: int | None
    include_in_worklog: bool
    atomic: bool
    chunks: int
    next_chunk: int
    received: int
    updated: int
    unchanged: int
    refresh_scheduled: int
    refresh_skipped: int
    rejected: int
    conflict: int
    lane: Lane
    parent_id: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def applied(self) -> int:
        """How many items have ended."""
        return sum(getattr(self, outcome.value) for outcome in Outcome)

    @property
    def counts(self) -> dict[str, int]:
        """The counts as the answer names them; conflicts only where there are any, since few senders ask for them."""
        counts = {
            "received": self.received,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "refreshScheduled": self.refresh_scheduled,
            "refreshSkipped": self.refresh_skipped,
            "rejected": self.rejected,
        }
        return counts | ({"conflict": self.conflict} if self.conflict else {})


_HEAD = [getattr(BatchRow, name) for name in Batch.__dataclass_fields__]
_FOUND = {
    name: select(*_HEAD).where(getattr(BatchRow, name) == bindparam("wanted"))  # made once: every chunk looks
    for name in ("id", "key")
}
_LOCKED = {name: statement.with_for_update() for name, statement in _FOUND.items()}


def new_batch(head: Mapping[str, Any], chunks: int) -> Batch:
    """The head of a batch of which nothing is applied yet."""
    empty: dict[str, Any] = {outcome.value: 0 for outcome in Outcome}
    return Batch(**head, **empty, chunks=chunks, next_chunk=0, started_at=None, finished_at=None)


def add_batch(connection: Connection, batch: Batch, chunks: Sequence[Sequence[IndexedItem]]) -> None:
    """Write a batch down with its items; a key that is taken meanwhile is a lost race."""
    insert_rows(connection, BatchRow, [_row(batch)])
    for start in range(0, len(chunks), _CHUNKS_AT_ONCE):
        part = enumerate(chunks[start : start + _CHUNKS_AT_ONCE], start)
        rows = [{"batch_id": batch.id, "position": at, "items": json.dumps(items)} for at, items in part]
        insert_rows(connection, BatchChunkRow, rows)


def find_batch(
    connection: Connection, *, batch_id: str | None = None, key: str | None = None, lock: bool = False
) -> Batch | None:
    """The head of a batch by id or key; with `lock`, nobody else applies a chunk of it until the transaction ends."""
    name, wanted = ("id", batch_id) if key is None else ("key", key)
    row = connection.execute((_LOCKED if lock else _FOUND)[name], {"wanted": wanted}).one_or_none()
    return None if row is None else _batch(row)


def _batch(row: Row[Any]) -> Batch:
    return Batch(**{**row._mapping, "state": BatchState(row.state), "lane": Lane(row.lane)})  # noqa: SLF001 - the documented mapping of a row


def _row(batch: Batch) -> dict[str, Any]:
    row = {name: getattr(batch, name) for name in Batch.__dataclass_fields__}
    return row | {"state": batch.state.value, "lane": batch.lane.value}


def lanes_of(connection: Connection, ids: Collection[str]) -> dict[str | None, Lane]:
    """The lanes of these batches."""
    query = select(BatchRow.id, BatchRow.lane).where(BatchRow.id.in_(ids))
    return {batch_id: Lane(lane) for batch_id, lane in connection.execute(query)} if ids else {}


def batches_without_worklog(connection: Connection, ids: Collection[str | None]) -> frozenset[str]:
    """Those of these batches that keep their writes out of the worklog."""
    if not ids:
        return frozenset()
    query = select(BatchRow.id).where(BatchRow.id.in_(ids), BatchRow.include_in_worklog.is_(False))
    return frozenset(connection.scalars(query))


def chunk_items(connection: Connection, batch_id: str, position: int) -> list[IndexedItem]:
    """The items of one chunk, as they were received."""
    query = select(BatchChunkRow.items).where(BatchChunkRow.batch_id == batch_id, BatchChunkRow.position == position)
    return [(index, item) for index, item in json.loads(connection.execute(query).scalar_one())]


def stepped(batch: Batch, outcomes: Mapping[Outcome, int], *, began: datetime, ended: datetime) -> Batch:
    """A batch after its next chunk, which ended so: its outcomes are counted, and with the last one it is done."""
    at = batch.next_chunk + 1
    last = at >= batch.chunks
    return replace(
        batch,
        **{outcome.value: getattr(batch, outcome.value) + count for outcome, count in outcomes.items()},
        next_chunk=at,
        state=BatchState.DONE if last else BatchState.RUNNING,
        started_at=batch.started_at or began,
        finished_at=ended if last else None,
    )


_STEPS = ["state", "next_chunk", "started_at", "finished_at", *(outcome.value for outcome in Outcome)]
_STEP = update(BatchRow).where(BatchRow.id == bindparam("batch"))


def save_step(connection: Connection, batch: Batch) -> None:
    """Write down how far a locked batch has come."""
    row = _row(batch)
    connection.execute(_STEP, {"batch": batch.id, **{name: row[name] for name in _STEPS}})


def add_ledger(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write how items ended."""
    insert_rows(connection, BatchItemRow, rows)


@dataclass(frozen=True, slots=True)
class LedgerPage:
    """Which items of a ledger: with these outcomes, behind the index `after`, at most `limit`; unsaid means all."""

    outcomes: Collection[Outcome] = ()
    after: int | None = None
    limit: int | None = None


WHOLE_LEDGER = LedgerPage()


def ledger_items(
    connection: Connection, batch_id: str, page: LedgerPage = WHOLE_LEDGER, *, first: Collection[Outcome] = ()
) -> list[dict[str, Any]]:
    """The ledger of a batch in the order of its items, those with one of the outcomes `first` before all others."""
    query = page_of_ledger(select(BatchItemRow.__table__), batch_id, page)
    if first:
        query = query.order_by(None).order_by(case((BatchItemRow.outcome.in_(first), 0), else_=1), BatchItemRow.index)
    return [dict(row) for row in connection.execute(query).mappings()]


def page_of_ledger(query: Select[Any], batch_id: str, page: LedgerPage) -> Select[Any]:
    """The rows of one page of a batch's ledger."""
    query = query.where(BatchItemRow.batch_id == batch_id).order_by(BatchItemRow.index).limit(page.limit)
    if page.outcomes:
        query = query.where(BatchItemRow.outcome.in_(page.outcomes))
    return query if page.after is None else query.where(BatchItemRow.index > page.after)
