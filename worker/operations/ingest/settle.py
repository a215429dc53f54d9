"""Decides how each item of a chunk ends, in order, on tickets held in memory; writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from worker.domain.changes import TAGS_FIELD, Actor, TicketChange, net_change
from worker.domain.entities import Ticket, Value, is_spam, spam_status_kept
from worker.domain.words import ErrorCode, IgnoredReason, Outcome, RefreshMode, Status, TagSource
from worker.payload.conflicts import check_sender
from worker.payload.item import Item
from worker.payload.remarks import Ignored, ItemError

SPAM_REASON = "spam"


@dataclass(frozen=True, slots=True)
class Settled:
    """How one item ended; the shape of a ledger row."""

    index: int
    ticket_id: int | None
    outcome: Outcome
    reason: str | None = None
    changed: tuple[str, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    deprecations: tuple[str, ...] = ()
    errors: tuple[ItemError, ...] = ()
    refresh: RefreshMode | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What the rules need to know beside the tickets themselves.

    `external_ids` tells who holds each external id that the chunk speaks of, and is kept up while items are applied.
    """

    now: datetime
    tag_ids: frozenset[int]
    spam_tag_ids: frozenset[int]
    external_ids: dict[str, int]


@dataclass(slots=True)
class Draft:
    """A ticket while items are applied to it, one after the other."""

    before: Ticket
    values: dict[str, Value] = field(init=False)
    tags: dict[int, TagSource] = field(init=False)

    def __post_init__(self) -> None:
        self.values = dict(self.before.values)
        self.tags = dict(self.before.tags)


@dataclass(frozen=True, slots=True)
class Settlement:
    """All items' ends, and the net change of every ticket that is different at the end."""

    items: list[Settled]
    changes: list[TicketChange]


def settle(
    items: Sequence[tuple[int, Item]], tickets: Mapping[int, Ticket], known: Known, by: Actor, *, atomic: bool
) -> Settlement:
    """Apply items in order. With `atomic`, one rejected item aborts all others."""
    drafts: dict[int, Draft] = {}
    settled = [_settle(index, item, _draft(item, tickets, drafts), known) for index, item in items]
    if atomic and any(one.outcome is Outcome.REJECTED for one in settled):
        return Settlement([_aborted(one) for one in settled], [])
    changes = (net_change(draft.before, draft.values, draft.tags, by=by, now=known.now) for draft in drafts.values())
    return Settlement(settled, [change for change in changes if change is not None])


def _draft(item: Item, tickets: Mapping[int, Ticket], drafts: dict[int, Draft]) -> Draft | None:
    if item.ticket_id is None or item.ticket_id not in tickets:
        return None
    return drafts.setdefault(item.ticket_id, Draft(tickets[item.ticket_id]))


def _aborted(one: Settled) -> Settled:
    if one.outcome is Outcome.REJECTED:
        return one
    error = ItemError(ErrorCode.ABORTED, "", "another item of this all-or-nothing batch was rejected")
    return Settled(one.index, one.ticket_id, Outcome.REJECTED, errors=(error,))


def _settle(index: int, item: Item, draft: Draft | None, known: Known) -> Settled:
    ended = Settled(index, item.ticket_id, Outcome.REJECTED, ignored=item.ignored, deprecations=item.deprecations)
    errors = [*item.errors, *_state_errors(item, draft, known)]
    if errors or draft is None:
        return replace(ended, errors=tuple(errors))
    if item.refresh is not None:
        return _settle_refresh(ended, item.refresh, draft, known)
    kept = _kept_marks(item, draft)
    changed = _apply(item, draft, known, without={one.field for one in kept})
    outcome = Outcome.UPDATED if changed else Outcome.UNCHANGED
    return replace(ended, outcome=outcome, changed=changed, ignored=(*item.ignored, *kept))


def _settle_refresh(ended: Settled, mode: RefreshMode, draft: Draft, known: Known) -> Settled:
    if is_spam(draft.values["spamStatus"], draft.tags, known.spam_tag_ids):
        return replace(ended, outcome=Outcome.REFRESH_SKIPPED, reason=SPAM_REASON)
    return replace(ended, outcome=Outcome.REFRESH_SCHEDULED, refresh=mode)


def _state_errors(item: Item, draft: Draft | None, known: Known) -> Iterator[ItemError]:
    """What only the stored state can tell."""
    if item.ticket_id is not None and draft is None:
        yield ItemError(ErrorCode.TICKET_NOT_FOUND, "id", "there is no such ticket")
    if item.refresh is not None:
        return
    yield from _unknown_tags(item, known)
    if draft is None or item.errors:
        return
    if item.direction is not None and item.direction != draft.values["direction"]:
        yield ItemError(ErrorCode.IMMUTABLE_FIELD, "direction", "cannot be changed")
    sender = check_sender(item.values, item.values.get("channel", draft.values["channel"]))
    if sender is not None:
        yield sender
    yield from _pending_without_due_by(item, draft, known.now)
    yield from _taken_external_id(item, draft, known)


def _unknown_tags(item: Item, known: Known) -> Iterator[ItemError]:
    operations = (("tagIds", item.tag_ids), ("addTagIds", item.add_tag_ids), ("removeTagIds", item.remove_tag_ids))
    for name, tag_ids in operations:
        for position, tag_id in enumerate(tag_ids or ()):
            if tag_id not in known.tag_ids:
                yield ItemError(ErrorCode.UNKNOWN_TAG, f"{name}[{position}]", "there is no such tag")


def _pending_without_due_by(item: Item, draft: Draft, now: datetime) -> Iterator[ItemError]:
    """A ticket read and sent back unchanged is fine, even when its time has passed and the sweep is still to come."""
    after = {name: item.values.get(name, draft.values[name]) for name in ("status", "dueBy")}
    touched = [name for name, value in after.items() if value != draft.values[name]]
    due_by = after["dueBy"]
    waits = isinstance(due_by, datetime) and due_by > now
    if touched and after["status"] == Status.PENDING and not waits:
        message = "a pending ticket needs a dueBy in the future"
        yield ItemError(ErrorCode.PENDING_REQUIRES_FUTURE_DUE_BY, touched[0], message)


def _taken_external_id(item: Item, draft: Draft, known: Known) -> Iterator[ItemError]:
    wanted = item.values.get("externalTicketId")
    if wanted is not None and known.external_ids.get(str(wanted), draft.before.id) != draft.before.id:
        message = "another ticket has this external id"
        yield ItemError(ErrorCode.DUPLICATE_EXTERNAL_TICKET_ID, "externalTicketId", message)


def _kept_marks(item: Item, draft: Draft) -> tuple[Ignored, ...]:
    if "spamStatus" in item.values and spam_status_kept(draft.values["spamStatus"], item.values["spamStatus"]):
        return (Ignored("spamStatus", IgnoredReason.MANUAL_SPAM_STATUS_KEPT),)
    return ()


def _apply(item: Item, draft: Draft, known: Known, without: set[str]) -> tuple[str, ...]:
    """Put the item's values into the draft; returns the names as sent of what became different."""
    changed: list[str] = []
    for name, value in item.values.items():
        if name not in without and value != draft.values[name]:
            _move_external_id(name, value, draft, known)
            draft.values[name] = value
            changed += item.sent_as.get(name, (name,))
    return (*changed, *_apply_tags(item, draft))


def _move_external_id(name: str, value: Value, draft: Draft, known: Known) -> None:
    if name == "externalTicketId":
        if draft.values[name] is not None:
            known.external_ids.pop(str(draft.values[name]), None)
        if value is not None:
            known.external_ids[str(value)] = draft.before.id


def _apply_tags(item: Item, draft: Draft) -> Iterable[str]:
    """Tags form a set; those that stay keep their source; the default tag goes when another comes (section 4)."""
    wanted = set(draft.tags) if item.tag_ids is None else set(item.tag_ids)
    added, removed = set(item.add_tag_ids or ()), set(item.remove_tag_ids or ())
    told = [
        name
        for name, different in (
            (TAGS_FIELD, wanted != set(draft.tags)),
            ("addTagIds", bool(added - set(draft.tags))),
            ("removeTagIds", bool(removed & set(draft.tags))),
        )
        if different
    ]
    if told:
        tags: dict[int, TagSource] = {
            tag_id: draft.tags.get(tag_id, TagSource.MANUAL) for tag_id in sorted((wanted | added) - removed)
        }
        others = {tag_id: tags[tag_id] for tag_id in tags if tags[tag_id] is not TagSource.DEFAULT}
        draft.tags = others or tags
    return told
