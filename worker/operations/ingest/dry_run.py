"""A dry run: a batch takes its way through the same decisions, and nothing is written (contract section 2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import tzinfo
from typing import Any

from worker.context import Context
from worker.domain.changes import Actor, FieldChange, TicketChange, net_change
from worker.domain.entities import Ticket
from worker.domain.words import ActorType, Outcome
from worker.operations.ingest.accept import Flags, split
from worker.operations.ingest.chunk import ledger_row, parse_items, settle_items
from worker.operations.ingest.settle import Settled, Settlement
from worker.payload.disclosure import disclosed
from worker.payload.shapes import page_value
from worker.storage.tickets import Origin

Document = dict[str, Any]

FOLLOWING = ("closedAt", "customerLegitimationMessage")
"""What follows from a change and is told in a difference; that a ticket is modified goes without saying."""


def dry_run(context: Context, items: list[object], flags: Flags) -> Document:
    """How every item would end, and what each would change, against the state that earlier ones would leave.

    The chunks are those of the real batch, each decided in a transaction that locks nothing and ends without a write.
    A `difference` is told per item and therefore not folded: a field that goes there and back appears twice.

    Returns:
        `{"success", "dryRun", "batchId": None, "state", "counts", "items"}`: the items as `show batch` has them, each
        with `"difference": [{"field", "old", "new"}]`. What people write is told by its size (`disclosed`).
    """
    origin = Origin(Actor(ActorType.USER, flags.user_id), context.clock())
    size = max(len(items), 1) if flags.atomic else context.settings.chunk_size
    told: list[Document] = []
    foreseen: dict[str, int | None] = {}
    for chunk in split(items, size):
        parsed = parse_items(context, chunk)
        with context.database.read() as connection:
            settled = settle_items(context, connection, parsed, origin, atomic=flags.atomic, foreseen=foreseen)
        changes = _item_by_item(settled, origin)
        told += [_item(one, changes.get(one.index), context.settings.time_zone) for one in settled.items]
        foreseen |= _external_ids(changes.values())
    told.sort(key=lambda one: one["index"])
    counts = {"received": len(items), **_counts(told)}
    return {"success": True, "dryRun": True, "batchId": None, "state": "done", "counts": counts, "items": told}


def _item_by_item(settlement: Settlement, origin: Origin) -> dict[int, TicketChange]:
    """What each item alone does to its ticket, by the item's index."""
    tickets = dict(settlement.tickets)
    changes: dict[int, TicketChange] = {}
    for one in settlement.items:
        if one.ticket_id is None or one.outcome is not Outcome.UPDATED:
            continue
        before = tickets[one.ticket_id]
        change = net_change(before, one.values or {}, one.tags, by=origin.actor, now=origin.at)
        assert change is not None  # noqa: S101 - it was told as updated
        values = {**before.values, **change.values, **change.follows}
        tags = before.tags if change.tags is None else change.tags
        tickets[one.ticket_id] = Ticket(before.id, before.version, values, tags)
        changes[one.index] = change
    return changes


def _external_ids(changes: Iterable[TicketChange]) -> Iterator[tuple[str, int | None]]:
    """Who would hold the external ids that items moved, in the order of the moves; None: nobody."""
    for change in changes:
        if "externalTicketId" in change.values:
            before, after = change.ticket.values["externalTicketId"], change.values["externalTicketId"]
            yield from ((str(name), owner) for name, owner in ((before, None), (after, change.ticket.id)) if name)


def _item(one: Settled, change: TicketChange | None, zone: tzinfo) -> Document:
    row = ledger_row("", one)
    current = {} if one.current is None else {"current": {name: disclosed(name, v) for name, v in one.current.items()}}
    return {
        "index": one.index,
        "id": one.ticket_id,
        "outcome": row["outcome"],
        "reason": row["reason"],
        "changedFields": row["changed_fields"],
        "ignoredFields": row["ignored_fields"],
        "deprecations": row["deprecations"],
        "errors": row["errors"],
        "difference": [] if change is None else [_told(told, zone) for told in (*change.fields, *_follows(change))],
    } | current


def _follows(change: TicketChange) -> Iterator[FieldChange]:
    for name in FOLLOWING:
        before = change.ticket.values[name]
        if name in change.follows and change.follows[name] != before:
            yield FieldChange(name, before, change.follows[name])


def _told(one: FieldChange, zone: tzinfo) -> Document:
    old, new = (disclosed(one.field, page_value(one.field, value, zone)) for value in (one.old, one.new))
    return {"field": one.field, "old": old, "new": new}


def _counts(items: Iterable[Document]) -> dict[str, int]:
    """How often each outcome came, as `show batch` counts: of conflicts only where there are any."""
    counts = Counter(one["outcome"] for one in items)
    return {_camel(word): counts[word] for word in Outcome if counts[word] or word is not Outcome.CONFLICT}


def _camel(outcome: Outcome) -> str:
    head, *rest = outcome.value.split("_")
    return head + "".join(word.title() for word in rest)
