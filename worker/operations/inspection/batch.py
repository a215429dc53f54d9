"""A batch with how every item ended, the refreshes it asked for and the webhooks it caused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from worker.context import Context
from worker.operations.inspection.unknown import Unknown
from worker.storage.batches import find_batch, ledger_items
from worker.storage.inspection import Progress, Row, deliveries_of_batch, progress_of, runs_of_batch

Document = dict[str, Any]
"""A JSON object as the public interface describes it."""


def show_batch(context: Context, batch_id: str | None = None, *, key: str | None = None) -> Document:
    """The batch with this id or idempotency key, as `show batch` and the gateway give it.

    `items` holds those that have ended, in the order of the batch; an item's `id` is null when what was sent is none.

    Raises:
        Unknown: `batch_not_found`.
    """
    with context.database.read() as connection:
        batch = find_batch(connection, batch_id=batch_id, key=key)
        if batch is None:
            raise Unknown("batch_not_found", _unknown_batch(batch_id, key))
        return {
            "batchId": batch.id,
            "state": batch.state.value,
            "counts": batch.counts,
            "items": [_item(row) for row in ledger_items(connection, batch.id)],
            "refreshes": [refresh_object(row) for row in runs_of_batch(connection, batch.id)],
            "webhooks": [_webhook(row) for row in deliveries_of_batch(connection, batch.id)],
        }


def _unknown_batch(batch_id: str | None, key: str | None) -> str:
    named = f"id {batch_id}" if key is None else "this idempotency key"
    return f"there is no batch with {named}; it may wait in the queue still, or its ledger may have been cleaned up"


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
    return {
        "index": row["index"],
        "id": row["ticket_id"],
        "outcome": row["outcome"],
        "reason": row["reason"],
        "changedFields": row["changed_fields"],
        "ignoredFields": row["ignored_fields"],
        "deprecations": row["deprecations"],
        "errors": row["errors"],
    }


def _webhook(row: Row) -> Document:
    return {
        "id": row["id"],
        "ticketId": row["ticket_id"],
        "endpointId": row["endpoint_id"],
        "state": row["state"],
        "attempts": row["attempts"],
        "status": row["status"],
        "error": row["error"],
    }
