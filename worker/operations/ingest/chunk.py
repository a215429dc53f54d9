"""Applies the next chunk of a batch: tickets, history, worklog, events, requests and ledger in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from worker.context import Context
from worker.domain.changes import Actor
from worker.domain.entities import Ticket
from worker.domain.words import ActorType, BatchState
from worker.operations.announce import Cause, announce
from worker.operations.ingest.settle import Known, Settled, Settlement, settle
from worker.operations.log_context import bind_work
from worker.operations.refresh_requests import request
from worker.payload.item import Item, Rules, parse_item
from worker.storage.batches import Batch, add_ledger, chunk_items, find_batch, finish_chunk
from worker.storage.outbox import finish_message
from worker.storage.runs import RequestedBy
from worker.storage.tickets import Origin, known_tags, lock_tickets, owners_of_external_ids, save_changes

ParsedItem = tuple[int, Item]
HALTED = frozenset({BatchState.DONE, BatchState.CANCELLED, BatchState.PAUSED})
"""States in which no chunk is applied."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one chunk left behind: the batch as it stands, and messages that may leave now."""

    batch: Batch
    messages: Sequence[str] = ()


def apply_next_chunk(context: Context, batch_id: str) -> Step:
    """Apply the next chunk, if one is left.

    Parsing happens before the lock is taken. Whoever applied the chunk meanwhile has moved the batch on; then nothing
    is written here.
    """
    with context.database.read() as connection:
        batch = find_batch(connection, batch_id=batch_id)
        assert batch is not None  # noqa: S101 - batches are only accepted, never taken back
        raw = [] if batch.state in HALTED else chunk_items(connection, batch_id, batch.next_chunk)
    if batch.state in HALTED:
        # A message to go on may have been written twice, when two accepted the batch at once.
        context.database.transact(lambda connection: finish_message(connection, batch_id))
        return Step(batch)
    items = parse_items(context, raw)
    bind_work(_ticket_ids(items), [batch_id])
    return context.database.transact(lambda connection: _apply(context, connection, batch, items))


def parse_items(context: Context, raw: Iterable[tuple[int, object]]) -> list[ParsedItem]:
    """Read items by the rules of the wire."""
    rules = Rules(context.settings.time_zone)
    return [(index, parse_item(item, rules)) for index, item in raw]


def _apply(context: Context, connection: Connection, seen: Batch, items: Sequence[ParsedItem]) -> Step:
    batch = find_batch(connection, batch_id=seen.id, lock=True)
    assert batch is not None  # noqa: S101 - see above
    if batch.state in HALTED or batch.next_chunk != seen.next_chunk:
        return Step(batch)
    now = context.clock()
    origin = Origin(Actor(ActorType.USER, batch.user_id), now, batch.id)
    settlement = settle_items(context, connection, items, origin, atomic=batch.atomic)
    save_changes(connection, settlement.changes, origin, worklog=batch.include_in_worklog)
    messages = [
        *announce(connection, settlement.changes, Cause(now, batch.user_id, batch.id)),
        *_request_refreshes(connection, settlement.items, batch, now),
    ]
    add_ledger(connection, [ledger_row(batch.id, item) for item in settlement.items])
    finish_chunk(connection, batch, Counter(item.outcome for item in settlement.items), now)
    after = find_batch(connection, batch_id=batch.id)
    assert after is not None  # noqa: S101 - see above
    if after.state is BatchState.DONE:
        finish_message(connection, batch.id)
    return Step(after, messages)


def settle_items(
    context: Context, connection: Connection, items: Sequence[ParsedItem], origin: Origin, *, atomic: bool
) -> Settlement:
    """Read what the items speak of, lock it, and decide how they end."""
    tickets = lock_tickets(connection, _ticket_ids(items), {name for _, item in items for name in item.values})
    known = Known(
        now=origin.at,
        tag_ids=known_tags(connection, {tag_id for _, item in items for tag_id in _tag_ids(item)}),
        spam_tag_ids=context.settings.spam_detection_tag_ids,
        external_ids=_external_ids(connection, items, tickets.values()),
    )
    return settle(items, tickets, known, origin.actor, atomic=atomic)


def _ticket_ids(items: Sequence[ParsedItem]) -> set[int]:
    return {item.ticket_id for _, item in items if item.ticket_id is not None}


def _tag_ids(item: Item) -> tuple[int, ...]:
    return (*(item.tag_ids or ()), *(item.add_tag_ids or ()), *(item.remove_tag_ids or ()))


def _external_ids(connection: Connection, items: Sequence[ParsedItem], tickets: Iterable[Ticket]) -> dict[str, int]:
    """Who holds the external ids that the items want, and those that the tickets have and may give up."""
    wanted = {str(item.values["externalTicketId"]) for _, item in items if item.values.get("externalTicketId")}
    if not wanted:
        return {}
    held = {
        str(ticket.values["externalTicketId"]): ticket.id for ticket in tickets if ticket.values["externalTicketId"]
    }
    return owners_of_external_ids(connection, wanted) | held


def _request_refreshes(connection: Connection, items: Sequence[Settled], batch: Batch, now: datetime) -> list[str]:
    wanted = [
        (item.ticket_id, item.refresh) for item in items if item.ticket_id is not None and item.refresh is not None
    ]
    return request(connection, wanted, RequestedBy("batch", batch.id), now)


def ledger_row(batch_id: str, item: Settled) -> dict[str, object]:
    """How an item ended, as the ledger keeps it."""
    return {
        "batch_id": batch_id,
        "index": item.index,
        "ticket_id": item.ticket_id,
        "outcome": item.outcome.value,
        "reason": item.reason,
        "changed_fields": list(item.changed),
        "ignored_fields": [{"field": one.field, "reason": one.reason.value} for one in item.ignored],
        "deprecations": list(item.deprecations),
        "current": None,
        "errors": [{"code": one.code.value, "field": one.field, "message": one.message} for one in item.errors],
    }
