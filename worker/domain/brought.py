"""What tags bring to a ticket when they come or go: a priority and due dates (contract section 4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from worker.domain.changes import MARKED, Cause
from worker.domain.due_dates import BusinessCalendar, due_after
from worker.domain.entities import Tag, Ticket, Value
from worker.domain.words import Priority, Status, TagSource


@dataclass(frozen=True, slots=True)
class Brought:
    """A value that follows from tags, and why."""

    value: Value
    cause: Cause


_HIGHEST_FIRST = {priority.value: -rank for rank, priority in enumerate(Priority)}
_HOURS = {"dueBy": "sla", "firstResponseDueBy": "firstResponseSla"}
_EFFECTS = {"priority": "priority", **_HOURS}
"""By field the key of a tag that sets it."""

NEEDED = frozenset({"status", "createdAt", *_EFFECTS, *MARKED.values()})
"""Fields that must be read to know what tags bring."""


def brought_by_tags(
    ticket: Ticket, after: Mapping[int, TagSource], tags: Mapping[int, Tag], calendar: BusinessCalendar
) -> dict[str, Brought]:
    """What a ticket gets when its tags become `after`, by field; no entry where nothing follows.

    A tag speaks when it comes, or comes from another source: a person may have decided since an older one came. All
    tags count then, so that no new one lowers a priority or puts off a date that another asks for. When a tag goes,
    what it had set is set anew by those that remain; a due date that none of them asks for goes, too, unless the
    ticket waits for it. A due date that a person set stays. `tags` are the definitions.
    """
    asking = {tag_id: tags[tag_id] for tag_id in ticket.tags.keys() | after.keys() if tag_id in tags}
    asking = {tag_id: tag for tag_id, tag in asking.items() if tag.asks}
    if not asking:
        return {}
    came = [tag_id for tag_id, source in after.items() if ticket.tags.get(tag_id) is not source]
    gone = sorted(ticket.tags.keys() - after.keys())
    brought: dict[str, Brought] = {}
    for field, key in _EFFECTS.items():
        if field in MARKED and ticket.values[MARKED[field]]:
            continue
        now, before = _strongest(key, after, asking), _strongest(key, ticket.tags, asking)
        if _strongest(key, came, asking) is None and not _decided(field, before, now, ticket, calendar):
            continue
        if now is not None:
            tag_id, asked = now
            brought[field] = Brought(_value(asked, ticket, calendar), {"tagId": tag_id, key: asked})
        elif _may_go(field, ticket):
            brought[field] = Brought(None, {"removedTagIds": gone})
    return brought


_Asked = tuple[int, str | float]
"""The tag that wins, and what it asks for: a priority, or hours."""


def _strongest(key: str, tag_ids: Iterable[int], asking: Mapping[int, Tag]) -> _Asked | None:
    """The highest priority or the fewest hours that one of these tags asks for."""
    asked = [(tag_id, _ask(key, asking[tag_id])) for tag_id in tag_ids if tag_id in asking]
    return min(
        ((tag_id, one) for tag_id, one in asked if one is not None),
        key=lambda one: (_HIGHEST_FIRST[one[1]] if isinstance(one[1], str) else one[1], one[0]),
        default=None,
    )


def _ask(key: str, tag: Tag) -> str | float | None:
    if key == "priority":
        return None if tag.priority is None else tag.priority.value
    return tag.sla if key == "sla" else tag.first_response_sla


def _decided(field: str, before: _Asked | None, now: _Asked | None, ticket: Ticket, calendar: BusinessCalendar) -> bool:
    """Whether what the ticket has is what a tag set that speaks no more."""
    if before is None or (now is not None and now[1] == before[1]):
        return False
    return ticket.values[field] == _value(before[1], ticket, calendar)


def _value(asked: str | float, ticket: Ticket, calendar: BusinessCalendar) -> Value:
    if isinstance(asked, str):
        return asked
    created_at = ticket.values["createdAt"]
    assert isinstance(created_at, datetime)  # noqa: S101 - always stored as a time
    return due_after(created_at, asked, calendar)


def _may_go(field: str, ticket: Ticket) -> bool:
    return field in _HOURS and not (field == "dueBy" and ticket.values["status"] == Status.PENDING)
