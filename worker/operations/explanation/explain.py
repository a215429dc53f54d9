"""Why a ticket of a batch is as it is: its items, the refreshes they asked for, the webhooks they caused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

from sqlalchemy import Connection, RowMapping

from worker.context import Context
from worker.domain.words import ENDED_BATCH, Outcome
from worker.operations.arguments import read
from worker.operations.explanation.items import Past, ended_item, waiting_item
from worker.operations.explanation.refreshes import Runs, explained_run
from worker.operations.explanation.webhooks import Line, explained_webhooks
from worker.operations.inspection.unknown import Unknown
from worker.operations.known_batch import known_batch, read_batch_id
from worker.payload.batch import ticket_id_of
from worker.payload.disclosure import disclosed
from worker.payload.ids import read_id
from worker.payload.versions import IF_MODIFIED_AT, LastSeen, read_last_seen
from worker.storage import explanation as stored
from worker.storage.batches import Batch, chunk_items
from worker.storage.control import chunks_to_apply
from worker.storage.webhooks import webhook_id

Document = dict[str, Any]


def explain(context: Context, batch_id: object, ticket_id: object, *, contents: bool = True) -> Document:
    """Why the items of a batch that are about a ticket ended as they did, or have not ended, and what followed.

    Sentences hold codes, ids, field names and times. Without `contents` the answer may be read by anybody: what people
    write is told by its size (`disclosed`).

    Returns:
        `{"success", "batchId", "ticketId", "state", "items", "refreshes", "webhooks"}`, each entry with its `why`, a
        list of sentences. An item has `index, outcome, reason, changedFields, ignoredFields, errors` and, after a
        conflict, the ticket's values then as `current`; one that is not applied has no outcome.

    Raises:
        RefusedArguments: an id is none.
        Unknown: `batch_not_found`, `ticket_not_found`.
    """
    named, ticket = read_batch_id(batch_id), read("ticket_id", ticket_id, read_id)
    with context.database.read() as connection:
        batch = known_batch(connection, named)
        told = {
            "success": True,
            "batchId": batch.id,
            "ticketId": ticket,
            "state": batch.state.value,
            **_told(context, connection, batch, ticket),
        }
    for item in told["items"] if not contents else ():
        if "current" in item:
            item["current"] = {name: disclosed(name, value) for name, value in item["current"].items()}
    return told


def _told(context: Context, connection: Connection, batch: Batch, ticket_id: int) -> Document:
    zone = context.settings.time_zone
    rows = stored.items_of_ticket(connection, batch.id, ticket_id)
    waiting = [] if rows or batch.state in ENDED_BATCH else list(_waiting(connection, batch, ticket_id))
    if not rows and not waiting:
        raise Unknown("ticket_not_found", "no item of the batch is about this ticket")
    past = Past(
        batch=batch,
        writes=stored.writes_of_ticket(connection, ticket_id),
        children=stored.children_of(connection, batch.id),
        indexes=[row["index"] for row in rows] or [index for index, _ in waiting],
        last_seen=_last_seen(connection, batch, rows, zone),
        zone=zone,
    )
    return {
        "items": [ended_item(row, past) for row in rows] + [waiting_item(*one, past) for one in waiting],
        "refreshes": _refreshes(connection, ticket_id, past),
        "webhooks": _webhooks(connection, ticket_id, past, context.clock()),
    }


def _waiting(connection: Connection, batch: Batch, ticket_id: int) -> Iterator[tuple[int, int]]:
    """Index and chunk of the items that are not applied; all of one ticket stand in one chunk."""
    for position, items in chunks_to_apply(connection, batch):
        found = [(index, position) for index, raw in items if ticket_id_of(raw) == ticket_id]
        if found:
            yield from found
            return


def _last_seen(
    connection: Connection, batch: Batch, rows: Sequence[RowMapping], zone: tzinfo
) -> Mapping[int, LastSeen]:
    """The `ifModifiedAt` of items that conflict, as they were received; all of one ticket stand in one chunk."""
    wanted = {row["index"] for row in rows if row["outcome"] == Outcome.CONFLICT}
    if not wanted:
        return {}
    chunks = (chunk_items(connection, batch.id, position) for position in range(batch.chunks))
    received = next((chunk for chunk in chunks if any(index in wanted for index, _ in chunk)), [])
    return {
        index: read_last_seen(raw[IF_MODIFIED_AT], zone)
        for index, raw in received
        if index in wanted and isinstance(raw, dict)
    }


def _refreshes(connection: Connection, ticket_id: int, past: Past) -> list[Document]:
    runs = stored.runs_of_ticket(connection, ticket_id)
    known = Runs(
        by_id={run["id"]: run for run in runs},
        writes=past.writes,
        letters=stored.letters_of(connection, "run", [run["id"] for run in runs]),
        zone=past.zone,
    )
    return [explained_run(run, known) for run in runs if run["batch_id"] == past.batch.id]


def _webhooks(connection: Connection, ticket_id: int, past: Past, now: datetime) -> list[Document]:
    deliveries = stored.deliveries_of_ticket(connection, past.batch.id, ticket_id)
    ids = [webhook_id(one) for one in deliveries]
    line = Line(
        first=stored.first_in_line(connection, ticket_id, {one["endpoint_id"] for one in deliveries}),
        letters=stored.letters_of(connection, "webhook", ids),
        attempts=stored.attempts_at(connection, ids),
        now=now,
        zone=past.zone,
    )
    return explained_webhooks(deliveries, line, changed=past.written)
