"""A batch with how every item ended, the refreshes it asked for and the webhooks it caused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Any

from sqlalchemy import Connection

from worker.context import Context
from worker.domain.words import Outcome
from worker.operations.inspection.phases import phases
from worker.operations.inspection.unknown import Unknown
from worker.payload.times import format_time
from worker.storage.batches import Batch, LedgerPage, find_batch, ledger_items
from worker.storage.caused import Tally, count_deliveries, count_runs, open_deliveries, open_runs
from worker.storage.explanation import children_of
from worker.storage.inspection import Progress, Row, deliveries_of_batch, progress_of, runs_of_batch
from worker.storage.spending import spent_by
from worker.storage.webhooks import webhook_id

Document = dict[str, Any]
"""A JSON object as the public interface describes it."""


TROUBLE = frozenset({Outcome.REJECTED, Outcome.CONFLICT})
"""Outcomes of items that were not done as asked."""


def show_batch(
    context: Context, batch_id: str | None = None, *, key: str | None = None, page: LedgerPage | None = None
) -> Document:
    """The batch with this id or idempotency key, as `show batch` and the gateway give it.

    `items` holds those that have ended, in the order of the batch; an item's `id` is null when what was sent is none.
    With a page, `items` holds that page, `refreshes` and `webhooks` those of its tickets, and `page` tells how to go
    on: `{"after": the last index or null, "more": whether others follow}`.

    Raises:
        Unknown: `batch_not_found`.
    """
    with context.database.read() as connection:
        batch = _find(connection, batch_id, key)
        document = _head(context, connection, batch)
        if page is None:
            return document | _lists(
                ledger_items(connection, batch.id),
                runs_of_batch(connection, batch.id),
                deliveries_of_batch(connection, batch.id),
            )
        rows, more = _page(connection, batch.id, page)
        shown = LedgerPage(page.outcomes, page.after, len(rows))
        return (
            document
            | _lists(
                rows,
                runs_of_batch(connection, batch.id, page=shown),
                deliveries_of_batch(connection, batch.id, page=shown),
            )
            | {"page": {"after": rows[-1]["index"] if rows else None, "more": more}}
        )


def batch_overview(context: Context, batch_id: str, rows: int, named: int) -> Document:
    """The same for people, however large the batch is: of each list so many rows, those in trouble first.

    `named` holds a few of the refreshes and webhooks that it still waits for: `{"refreshes": [{"ticketId", "mode",
    "state", "since", "nextAttemptAt"}], "webhooks": [… "endpointId" …]}`.

    Raises:
        Unknown: `batch_not_found`.
    """
    zone = context.settings.time_zone
    with context.database.read() as connection:
        batch = _find(connection, batch_id, None)
        document = _head(context, connection, batch) | _lists(
            ledger_items(connection, batch.id, LedgerPage(limit=rows), first=TROUBLE),
            runs_of_batch(connection, batch.id, most=rows),
            deliveries_of_batch(connection, batch.id, most=rows),
        )
        still = document["stillOpen"]
        runs = open_runs(connection, batch.id, named) if still["refreshes"] else []
        deliveries = open_deliveries(connection, batch.id, named) if still["webhooks"] else []
    return document | {
        "named": {
            "refreshes": [_open(row, "mode", "mode", zone) for row in runs],
            "webhooks": [_open(row, "endpointId", "endpoint_id", zone) for row in deliveries],
        }
    }


def _find(connection: Connection, batch_id: str | None, key: str | None) -> Batch:
    batch = find_batch(connection, batch_id=batch_id, key=key)
    if batch is None:
        raise Unknown("batch_not_found", _unknown_batch(batch_id, key))
    return batch


def _head(context: Context, connection: Connection, batch: Batch) -> Document:
    """What is told of a batch as a whole; causes are read before effects, so that none is missed."""
    children = children_of(connection, batch.id)
    runs, deliveries = count_runs(connection, batch.id), count_deliveries(connection, batch.id)
    spent = spent_by(connection, batch.id)
    zone = context.settings.time_zone
    document = {
        "batchId": batch.id,
        "state": batch.state.value,
        "counts": batch.counts,
        "createdAt": format_time(batch.created_at, zone),
        "startedAt": _time(batch.started_at, zone),
        "finishedAt": _time(batch.finished_at, zone),
        "userId": batch.user_id,
        "source": batch.source,
        "lane": batch.lane.value,
        "parentId": batch.parent_id,
        "children": children,
        "phases": [phase.document for phase in phases(batch, runs, deliveries, context.clock())],
        "refreshCounts": _counts(runs),
        "webhookCounts": _counts(deliveries),
        "stillOpen": {
            "refreshes": [_still_open("mode", one) for one in runs if one.is_open],
            "webhooks": [_still_open("endpointId", one) for one in deliveries if one.is_open],
        },
    }
    return document if spent is None else document | {"llm": {"calls": spent.calls, "tokens": spent.tokens}}


def _page(connection: Connection, batch_id: str, page: LedgerPage) -> tuple[list[dict[str, Any]], bool]:
    """The rows of a page, and whether others follow."""
    one_more = None if page.limit is None else page.limit + 1
    rows = ledger_items(connection, batch_id, LedgerPage(page.outcomes, page.after, one_more))
    return rows[: page.limit], page.limit is not None and len(rows) > page.limit


def _lists(items: Iterable[Mapping[str, Any]], runs: Iterable[Row], deliveries: Iterable[Row]) -> Document:
    return {
        "items": [_item(row) for row in items],
        "refreshes": [refresh_object(row) for row in runs],
        "webhooks": [_webhook(row) for row in deliveries],
    }


def _counts(tallies: Iterable[Tally]) -> dict[str, int]:
    """How many of those that the batch asked for itself are in each state."""
    counts: Counter[str] = Counter()
    for one in tallies:
        counts[one.state] += one.count if one.own else 0
    return dict(+counts)


def _still_open(kind: str, tally: Tally) -> Document:
    return {kind: tally.kind, "state": tally.state, "count": tally.count, "ofThisBatch": tally.own}


def _open(row: Row, kind: str, column: str, zone: tzinfo) -> Document:
    return {
        "ticketId": row["ticket_id"],
        kind: row[column],
        "state": row["state"],
        "since": format_time(row["since"], zone),
        "nextAttemptAt": _time(row["next_attempt_at"], zone),
    }


def _time(moment: datetime | None, zone: tzinfo) -> str | None:
    return None if moment is None else format_time(moment, zone)


def _unknown_batch(batch_id: str | None, key: str | None) -> str:
    named = f"id {batch_id}" if key is None else "this idempotency key"
    return f"there is no batch with {named}; it may wait in the queue still"


def find_batch_id(context: Context, batch_id: str | None = None, *, key: str | None = None) -> str:
    """The id of the batch with this id or idempotency key. Raises Unknown: `batch_not_found`."""
    with context.database.read() as connection:
        return _find(connection, batch_id, key).id


def batch_progress(context: Context, batch_id: str) -> Progress | None:
    """How far a batch and what it caused have come; None while it is not accepted."""
    with context.database.read() as connection:
        return progress_of(connection, batch_id)


def batch_is_settled(context: Context, batch_id: str) -> bool:
    """Whether a batch has ended, and with it every refresh run and webhook delivery that it caused.

    Runs that its own were merged into count too. False for a batch that is not known (yet).
    """
    progress = batch_progress(context, batch_id)
    return progress is not None and progress.settled


def refresh_object(row: Row) -> Document:
    """A refresh run as the interface shows it."""
    return {
        "runId": row["id"],
        "ticketId": row["ticket_id"],
        "mode": row["mode"],
        "state": row["state"],
        "reason": row["reason"],
        "stages": row["stages"],
    }


def _item(row: Mapping[str, Any]) -> Document:
    """How an item ended; only a conflict has `current`, the ticket's values of its fields at that time."""
    item = {
        "index": row["index"],
        "id": row["ticket_id"],
        "outcome": row["outcome"],
        "reason": row["reason"],
        "changedFields": row["changed_fields"],
        "ignoredFields": row["ignored_fields"],
        "deprecations": row["deprecations"],
        "errors": row["errors"],
    }
    return item if row["current"] is None else item | {"current": row["current"]}


def _webhook(row: Row) -> Document:
    return {
        "id": webhook_id(row),
        "ticketId": row["ticket_id"],
        "endpointId": row["endpoint_id"],
        "state": row["state"],
        "attempts": row["attempts"],
        "status": row["status"],
        "error": row["error"],
    }
