"""Decides how each item of a chunk ends, in order, on tickets held in memory; writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from itertools import chain

from worker.domain.brought import brought_by_tags
from worker.domain.changes import MARKED, TAGS_FIELD, Actor, Cause, TicketChange, net_change
from worker.domain.due_dates import BusinessCalendar
from worker.domain.entities import Tag, Ticket, Value, Values, is_spam, spam_status_kept
from worker.domain.words import ErrorCode, IgnoredReason, Outcome, RefreshMode, Status, TagSource
from worker.payload.conflicts import check_recipients, check_sender
from worker.payload.item import Item
from worker.payload.remarks import Ignored, ItemError
from worker.payload.shapes import page_value
from worker.payload.versions import IF_MODIFIED_AT

SPAM_REASON = "spam"
FAILED = frozenset({Outcome.REJECTED, Outcome.CONFLICT})
"""Outcomes that make an all-or-nothing batch nothing."""

_CHANGED_SINCE = ItemError(ErrorCode.CONFLICT, IF_MODIFIED_AT, "the ticket has changed since")
_MARK_KEPT = Ignored("spamStatus", IgnoredReason.MANUAL_SPAM_STATUS_KEPT)
_OTHER_FAILED = ItemError(ErrorCode.ABORTED, "", "another item of this all-or-nothing batch failed")


@dataclass(frozen=True, slots=True)
class Settled:
    """How one item ended; the shape of a ledger row.

    `values` and `tags` hold what the item made different, and what its tags brought, as it now is; `current` what a
    conflict was about, in the page's shapes.
    """

    index: int
    ticket_id: int | None
    outcome: Outcome
    reason: str | None = None
    changed: tuple[str, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    deprecations: tuple[str, ...] = ()
    errors: tuple[ItemError, ...] = ()
    refresh: RefreshMode | None = None
    values: Values | None = None
    tags: Mapping[int, TagSource] | None = None
    current: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What the rules need to know beside the tickets themselves.

    `tags` are the definitions of the tags that items speak of, or that tickets have whose tags they change.
    `external_ids` tells who holds each external id that the chunk speaks of, and is kept up while items are applied.
    Times are shown in the calendar's zone.
    """

    now: datetime
    calendar: BusinessCalendar
    tags: Mapping[int, Tag]
    spam_tag_ids: frozenset[int]
    external_ids: dict[str, int]


@dataclass(slots=True)
class Draft:
    """A ticket while items are applied to it, one after the other; `causes` tell of what tags have brought."""

    before: Ticket
    values: dict[str, Value] = field(init=False)
    marks: dict[str, Value] = field(init=False)
    causes: dict[str, Cause] = field(default_factory=dict)
    tags: dict[int, TagSource] = field(init=False)
    modified_at: datetime | None = field(init=False)

    def __post_init__(self) -> None:
        self.values = dict(self.before.values)
        self.marks = {mark: self.values.pop(mark) for mark in MARKED.values()}
        self.tags = dict(self.before.tags)
        modified_at = self.values["modifiedAt"]
        self.modified_at = modified_at if isinstance(modified_at, datetime) else None


@dataclass(frozen=True, slots=True)
class Settlement:
    """All items' ends, the tickets as they were, and the net change of every one that is different at the end."""

    items: list[Settled]
    tickets: Mapping[int, Ticket]
    changes: list[TicketChange]


def settle(
    items: Sequence[tuple[int, Item]], tickets: Mapping[int, Ticket], known: Known, by: Actor, *, atomic: bool
) -> Settlement:
    """Apply items in order. With `atomic`, one item that fails aborts all others."""
    drafts: dict[int, Draft] = {}
    settled = [_settle(index, item, _draft(item, tickets, drafts), known) for index, item in items]
    if atomic and any(one.outcome in FAILED for one in settled):
        return Settlement([_aborted(one) for one in settled], tickets, [])
    changes = (_net_change(draft, known.now, by) for draft in drafts.values())
    return Settlement(settled, tickets, [change for change in changes if change is not None])


def _net_change(draft: Draft, now: datetime, by: Actor) -> TicketChange | None:
    marks = {name: mark for name, mark in draft.marks.items() if mark != draft.before.values[name]}
    change = net_change(draft.before, draft.values, draft.tags, by=by, now=now, beside=marks, causes=draft.causes)
    if change is None and marks:
        # A date that went there and back is the same, but a person's now, or nobody's.
        return TicketChange(draft.before, {}, None, marks)
    return change


def _draft(item: Item, tickets: Mapping[int, Ticket], drafts: dict[int, Draft]) -> Draft | None:
    if item.ticket_id is None or item.ticket_id not in tickets:
        return None
    draft = drafts.get(item.ticket_id)
    if draft is None:
        draft = drafts[item.ticket_id] = Draft(tickets[item.ticket_id])
    return draft


def _aborted(one: Settled) -> Settled:
    if one.outcome in FAILED:
        return one
    return Settled(one.index, one.ticket_id, Outcome.REJECTED, errors=(_OTHER_FAILED,))


def _settle(index: int, item: Item, draft: Draft | None, known: Known) -> Settled:
    """First what is wrong with the item itself, then whether its sender knows the ticket, then the rules of state."""
    knows = item.last_seen
    if knows is not None and draft is not None and not item.errors and knows.is_stale(draft.modified_at):
        return _conflict(index, item, draft, known.calendar.zone)
    errors = (*item.errors, *_state_errors(item, draft, known))
    if errors or draft is None:
        remarks = (item.ignored, item.deprecations, errors)
        return Settled(index, item.ticket_id, Outcome.REJECTED, None, (), *remarks)
    return _save(index, item, draft, known) if item.refresh is None else _refresh(index, item, draft, known)


def _conflict(index: int, item: Item, draft: Draft, zone: tzinfo) -> Settled:
    """Nothing of the item counts; its sender is told what stands there now, under the names that were sent."""
    current: dict[str, object] = {}
    for name in item.values:
        shown = page_value(name, draft.values[name], zone)
        current |= dict.fromkeys(item.sent_as.get(name, (name,)), shown)
    current |= {name: sorted(draft.tags) for name, tag_ids in _tag_operations(item) if tag_ids is not None}
    remarks = (item.ignored, item.deprecations, (_CHANGED_SINCE,))
    return Settled(index, item.ticket_id, Outcome.CONFLICT, None, (), *remarks, current=current)


def _refresh(index: int, item: Item, draft: Draft, known: Known) -> Settled:
    remarks = (item.ignored, item.deprecations)
    if is_spam(draft.values["spamStatus"], draft.tags, known.spam_tag_ids):
        return Settled(index, item.ticket_id, Outcome.REFRESH_SKIPPED, SPAM_REASON, (), *remarks)
    return Settled(index, item.ticket_id, Outcome.REFRESH_SCHEDULED, None, (), *remarks, refresh=item.refresh)


def _save(index: int, item: Item, draft: Draft, known: Known) -> Settled:
    ignored = item.ignored
    values = {name: value for name, value in item.values.items() if value != draft.values[name]}
    if "spamStatus" in item.values and spam_status_kept(draft.values["spamStatus"], item.values["spamStatus"]):
        del values["spamStatus"]
        ignored = (*ignored, _MARK_KEPT)
    told, tags = _new_tags(item, draft.tags)
    if not values and tags is None:
        return Settled(index, item.ticket_id, Outcome.UNCHANGED, None, (), ignored, item.deprecations)
    sent = chain.from_iterable(item.sent_as.get(name, (name,)) for name in values) if item.sent_as else values
    changed = *sent, *told
    brought = _apply(values, tags, draft, known)
    new = {**values, **brought}
    return Settled(
        index, item.ticket_id, Outcome.UPDATED, None, changed, ignored, item.deprecations, values=new, tags=tags
    )


def _apply(values: Values, tags: dict[int, TagSource] | None, draft: Draft, known: Known) -> Values:
    """Change the draft; what the tags brought, less what the item itself has changed."""
    if "externalTicketId" in values:
        known.external_ids.pop(str(draft.values["externalTicketId"]), None)
        if values["externalTicketId"] is not None:
            known.external_ids[str(values["externalTicketId"])] = draft.before.id
    draft.values.update(values)
    draft.modified_at = known.now
    for name, mark in MARKED.items():
        if name in values:
            draft.marks[mark] = values[name] is not None
    if draft.causes:
        draft.causes = {name: cause for name, cause in draft.causes.items() if name not in values}
    return {} if tags is None else _retag(tags, values, draft, known)


def _retag(tags: dict[int, TagSource], values: Values, draft: Draft, known: Known) -> Values:
    """Give the draft its new tags and what they bring; what the item itself has changed stays."""
    standing = replace(draft.before, values={**draft.values, **draft.marks}, tags=draft.tags)
    brought = brought_by_tags(standing, tags, known.tags, known.calendar)
    brought = {name: one for name, one in brought.items() if name not in values}
    new = {name: one.value for name, one in brought.items()}
    draft.causes |= {name: one.cause for name, one in brought.items()}
    draft.values.update(new)
    draft.tags = tags
    return new


def _new_tags(item: Item, tags: Mapping[int, TagSource]) -> tuple[list[str], dict[int, TagSource] | None]:
    """Which operations make a difference, and the tags after them; None when none does.

    Tags form a set; those that stay keep their source; the default tag goes when another comes (section 4).
    """
    if not item.changes_tags:
        return [], None
    wanted = set(tags if item.tag_ids is None else item.tag_ids)
    added, removed = set(item.add_tag_ids or ()), set(item.remove_tag_ids or ())
    differences = (wanted != set(tags), not added <= tags.keys(), not removed.isdisjoint(tags))
    told = [name for (name, _), different in zip(_tag_operations(item), differences, strict=True) if different]
    if not told:
        return [], None
    after = {tag_id: tags.get(tag_id, TagSource.MANUAL) for tag_id in sorted((wanted | added) - removed)}
    return told, {tag_id: source for tag_id, source in after.items() if source is not TagSource.DEFAULT} or after


def _tag_operations(item: Item) -> tuple[tuple[str, tuple[int, ...] | None], ...]:
    return (TAGS_FIELD, item.tag_ids), ("addTagIds", item.add_tag_ids), ("removeTagIds", item.remove_tag_ids)


def _state_errors(item: Item, draft: Draft | None, known: Known) -> Iterator[ItemError]:
    """What only the stored state can tell."""
    if item.ticket_id is not None and draft is None:
        yield ItemError(ErrorCode.TICKET_NOT_FOUND, "id", "there is no such ticket")
    if item.refresh is not None:
        return
    if item.changes_tags:
        yield from _unknown_tags(item, known)
    if draft is None:
        return
    unread = {error.field.partition("[")[0] for error in item.errors}  # what was sent for these is not known
    if item.direction is not None and item.direction != draft.values["direction"]:
        yield ItemError(ErrorCode.IMMUTABLE_FIELD, "direction", "cannot be changed")
    if unread.isdisjoint({"from", "channel"}):
        sender = check_sender(item.values, item.values.get("channel", draft.values["channel"]))
        if sender is not None:
            yield sender
    if "to" in item.values and item.values["to"] != draft.values["to"] and "channel" not in unread:
        yield from check_recipients(item.values, item.values.get("channel", draft.values["channel"]))
    if unread.isdisjoint({"status", "dueBy"}):
        yield from _pending_without_due_by(item, draft, known.now)
    yield from _taken_external_id(item, draft, known)


def _unknown_tags(item: Item, known: Known) -> Iterator[ItemError]:
    for name, tag_ids in _tag_operations(item):
        for position, tag_id in enumerate(tag_ids or ()):
            if tag_id not in known.tags:
                yield ItemError(ErrorCode.UNKNOWN_TAG, f"{name}[{position}]", "there is no such tag")


def _pending_without_due_by(item: Item, draft: Draft, now: datetime) -> Iterator[ItemError]:
    """A ticket read and sent back unchanged is fine, even when its time has passed and the sweep is still to come."""
    if "status" not in item.values and "dueBy" not in item.values:
        return
    after = {name: item.values.get(name, draft.values[name]) for name in ("status", "dueBy")}
    if after["status"] != Status.PENDING:
        return
    touched = [name for name, value in after.items() if value != draft.values[name]]
    due_by = after["dueBy"]
    waits = isinstance(due_by, datetime) and due_by > now
    if touched and not waits:
        message = "a pending ticket needs a dueBy in the future"
        yield ItemError(ErrorCode.PENDING_REQUIRES_FUTURE_DUE_BY, touched[0], message)


def _taken_external_id(item: Item, draft: Draft, known: Known) -> Iterator[ItemError]:
    wanted = item.values.get("externalTicketId")
    if wanted is not None and known.external_ids.get(str(wanted), draft.before.id) != draft.before.id:
        message = "another ticket has this external id"
        yield ItemError(ErrorCode.DUPLICATE_EXTERNAL_TICKET_ID, "externalTicketId", message)
