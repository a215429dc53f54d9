"""Applies the next chunk of a batch: tickets, history, worklog, events, requests and ledger in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from config.routing import TaskName
from worker.business_calendar import business_calendar
from worker.context import Context
from worker.domain.brought import NEEDED
from worker.domain.changes import Actor
from worker.domain.entities import Ticket
from worker.domain.words import ENDED_BATCH, ActorType, BatchState
from worker.operations.announce import Cause, announce_digests, announce_in_batch
from worker.operations.ingest.settle import Known, Settled, Settlement, settle
from worker.operations.log_context import bind_work
from worker.operations.refresh_requests import request
from worker.payload.item import Item, Rules, parse_item
from worker.storage.batches import Batch, add_ledger, chunk_items, find_batch, save_step, stepped
from worker.storage.directory import tags_by_id
from worker.storage.outbox import Message, finish_message, mark_sent, wake_messages
from worker.storage.runs import RequestedBy
from worker.storage.tickets import (
    DECIDING,
    Origin,
    lock_tickets,
    owners_of_external_ids,
    read_tickets,
    save_changes,
)
from worker.storage.windows import claim_next

ParsedItem = tuple[int, Item]
HALTED = ENDED_BATCH | {BatchState.PAUSED}
"""States in which no chunk is applied."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one chunk left behind: the batch as it stands, and messages, which the same commit notes as sent."""

    batch: Batch
    messages: Sequence[Message] = ()


@dataclass(frozen=True, slots=True)
class _Saved:
    """A batch after its next chunk, ids of the messages that it causes, and whether its end is told to endpoints."""

    batch: Batch
    messages: Sequence[str] = ()
    gathered: bool = False


def apply_next_chunk(context: Context, batch_id: str, message_id: str | None = None) -> Step:
    """Apply the next chunk, if one is left; when the batch has ended, forget the message that asked for it.

    Parsing happens before the lock is taken. Whoever applied the chunk meanwhile has moved the batch on; then nothing
    is written here.
    """
    with context.database.read() as connection:
        batch = find_batch(connection, batch_id=batch_id)
        assert batch is not None  # noqa: S101 - batches are only accepted, never taken back
        raw = [] if batch.state in HALTED else chunk_items(connection, batch_id, batch.next_chunk)
    items = parse_items(context, raw)
    bind_work(_ticket_ids(items), [batch_id])

    def write(connection: Connection) -> Step:
        saved = _Saved(batch) if batch.state in HALTED else _apply(context, connection, batch, items)
        return _see_to_the_messages(context, connection, saved, message_id)

    return context.database.transact(write)


def apply_only_chunk(context: Context, connection: Connection, batch: Batch, items: Sequence[ParsedItem]) -> Step:
    """Apply all of a batch that this transaction writes down afterwards."""
    bind_work(_ticket_ids(items), [batch.id])
    saved = _save(context, connection, batch, items)
    ids = [*saved.messages, *(announce_digests(context, connection, saved.batch) if saved.gathered else ())]
    again_at = context.clock() + context.settings.resend_after
    return Step(saved.batch, mark_sent(connection, ids[: context.settings.batch_window], again_at))


def _see_to_the_messages(context: Context, connection: Connection, saved: _Saved, message_id: str | None) -> Step:
    """With its last chunk a batch is done, and whoever waits for its result can have it."""
    ids, woken = list(saved.messages), []
    if saved.batch.state in ENDED_BATCH:
        if message_id is not None:
            finish_message(connection, message_id)
        ids += announce_digests(context, connection, saved.batch)
        woken = wake_messages(connection, saved.batch.id, TaskName.RESUME_BATCH, context.clock())
    return Step(saved.batch, _leaving(context, connection, saved.batch.id if ids else None, woken))


def _leaving(context: Context, connection: Connection, batch_id: str | None, woken: Sequence[str]) -> list[Message]:
    """What was woken, and of what the batch causes as much as its window has room for."""
    now = context.clock()
    again_at, window = now + context.settings.resend_after, context.settings.batch_window
    batches = [batch_id] if batch_id else []
    return [
        *mark_sent(connection, woken, again_at),
        *claim_next(connection, batches, window=window, now=now, again_at=again_at),
    ]


def parse_items(context: Context, raw: Iterable[tuple[int, object]]) -> list[ParsedItem]:
    """Read items by the rules of the wire."""
    rules = Rules(context.settings.time_zone)
    return [(index, parse_item(item, rules)) for index, item in raw]


def _apply(context: Context, connection: Connection, seen: Batch, items: Sequence[ParsedItem]) -> _Saved:
    batch = find_batch(connection, batch_id=seen.id, lock=True)
    assert batch is not None  # noqa: S101 - see above
    if batch.state in HALTED or batch.next_chunk != seen.next_chunk:
        return _Saved(batch)
    saved = _save(context, connection, batch, items)
    save_step(connection, saved.batch)
    return saved


def _save(context: Context, connection: Connection, batch: Batch, items: Sequence[ParsedItem]) -> _Saved:
    """Settle the items of a batch's next chunk, and write all that comes of it but the batch's head."""
    now = context.clock()
    origin = Origin(Actor(ActorType.USER, batch.user_id), now, batch.id)
    settlement = settle_items(context, connection, items, origin, atomic=batch.atomic)
    save_changes(connection, settlement.changes, origin, worklog=batch.include_in_worklog)
    cause = Cause(now, batch.user_id, batch.id, batch.lane)
    messages, gathered = announce_in_batch(connection, settlement.changes, cause)
    messages += _request_refreshes(connection, settlement.items, batch, now)
    add_ledger(connection, [ledger_row(batch.id, item) for item in settlement.items])
    outcomes = Counter(item.outcome for item in settlement.items)
    return _Saved(stepped(batch, outcomes, began=now, ended=context.clock()), messages, gathered)


def settle_items(
    context: Context,
    connection: Connection,
    items: Sequence[ParsedItem],
    origin: Origin,
    *,
    atomic: bool,
    foreseen: Mapping[str, int | None] | None = None,
) -> Settlement:
    """Read what the items speak of, lock it, and decide how they end.

    `foreseen` makes it a dry run, which locks nothing: who would hold external ids after the chunks before this one.
    """
    read = lock_tickets if foreseen is None else read_tickets
    retagged = {item.ticket_id for _, item in items if item.changes_tags}
    needed = {*DECIDING, *(NEEDED if retagged else ()), *(name for _, item in items for name in item.values)}
    tickets = read(connection, _ticket_ids(items), needed)
    tag_ids = {tag_id for _, item in items for tag_id in _tag_ids(item)}
    tag_ids |= {tag_id for ticket in tickets.values() if ticket.id in retagged for tag_id in ticket.tags}
    known = Known(
        now=origin.at,
        calendar=business_calendar(context.settings),
        tags=tags_by_id(connection, tag_ids),
        spam_tag_ids=context.settings.spam_detection_tag_ids,
        external_ids=_external_ids(connection, items, tickets.values(), foreseen or {}),
    )
    return settle(items, tickets, known, origin.actor, atomic=atomic)


def _ticket_ids(items: Sequence[ParsedItem]) -> set[int]:
    return {item.ticket_id for _, item in items if item.ticket_id is not None}


def _tag_ids(item: Item) -> tuple[int, ...]:
    return (*(item.tag_ids or ()), *(item.add_tag_ids or ()), *(item.remove_tag_ids or ()))


def _external_ids(
    connection: Connection,
    items: Sequence[ParsedItem],
    tickets: Iterable[Ticket],
    foreseen: Mapping[str, int | None],
) -> dict[str, int]:
    """Who holds the external ids that the items want, and those that the tickets have and may give up."""
    wanted = {str(one) for _, item in items if (one := item.values.get("externalTicketId")) is not None}
    if not wanted:
        return {}
    held = {str(one): ticket.id for ticket in tickets if (one := ticket.values["externalTicketId"]) is not None}
    owners = {**owners_of_external_ids(connection, wanted), **held, **foreseen}
    return {external_id: owner for external_id, owner in owners.items() if owner is not None}


def _request_refreshes(connection: Connection, items: Sequence[Settled], batch: Batch, now: datetime) -> list[str]:
    wanted = [
        (item.ticket_id, item.refresh) for item in items if item.ticket_id is not None and item.refresh is not None
    ]
    return request(connection, wanted, RequestedBy("batch", batch.id), now, batch.lane)


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
        "current": None if item.current is None else dict(item.current),
        "errors": [{"code": one.code.value, "field": one.field, "message": one.message} for one in item.errors],
    }
