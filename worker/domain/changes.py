"""What a write does to one ticket: the net change of its fields and tags, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from worker.domain.entities import Ticket, Value, Values
from worker.domain.legitimation import message
from worker.domain.words import ActorType, Status, TagSource

TAGS_FIELD = "tagIds"
"""Under which name a change of tags is told in history and webhooks (contract section 2)."""

MARKED = {"dueBy": "dueByManual", "firstResponseDueBy": "firstResponseDueByManual"}
"""Fields that tags leave alone once a person has set them, and the marks that say so."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changes something; `id` is a user's."""

    type: ActorType
    id: int | None = None


BY_SYSTEM = Actor(ActorType.SYSTEM)
"""Nobody: the clock, or what follows from somebody's change."""

Cause = Mapping[str, object]
"""Why a field changed without being asked for, as history tells it: `{"tagId": 5, "sla": 8}`."""


class FieldChange(NamedTuple):
    """One changed field as history and webhooks tell it; history tells the cause, too, if nobody asked for it."""

    field: str
    old: Value
    new: Value
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class TicketChange:
    """The net change of one ticket.

    `values` holds the new values of changed fields alone, `tags` the new tags or None when they stay, `follows` what
    follows from the change (`modifiedAt`, `closedAt`, `customerLegitimationMessage`, marks of what a person set).
    `fields` tells every changed field, tags last as sorted lists of ids, then what is stored elsewhere: intents.
    """

    ticket: Ticket
    values: Values
    tags: Mapping[int, TagSource] | None
    follows: Mapping[str, Value] = field(default_factory=dict)
    fields: Sequence[FieldChange] = ()


def net_change(
    ticket: Ticket,
    values: Values,
    tags: Mapping[int, TagSource] | None,
    *,
    by: Actor,
    now: datetime,
    beside: Values = MappingProxyType({}),
    also: tuple[FieldChange, ...] = (),
    causes: Mapping[str, Cause] = MappingProxyType({}),
) -> TicketChange | None:
    """Compare with the ticket as read; None when nothing is different.

    `beside` is stored with a change, untold; `also` is told like fields, but stored elsewhere; `causes` are of fields
    that follow from something.
    """
    before = ticket.values
    changed = {name: value for name, value in values.items() if value != before[name]}
    new_tags = tags if tags is not None and dict(tags) != dict(ticket.tags) else None
    if not changed and new_tags is None and not also:
        return None
    told = [FieldChange(name, before[name], value, causes.get(name)) for name, value in changed.items()]
    if new_tags is not None and new_tags.keys() != ticket.tags.keys():
        told.append(FieldChange(TAGS_FIELD, sorted(ticket.tags), sorted(new_tags)))
    follows = _follows(changed, ticket, by, now, causes)
    return TicketChange(ticket, changed, new_tags, {**follows, **beside}, [*told, *also])


def _follows(
    changed: Values, ticket: Ticket, by: Actor, now: datetime, causes: Mapping[str, Cause]
) -> dict[str, Value]:
    """What a change brings with it (contract section 3)."""
    follows: dict[str, Value] = {"modifiedAt": now}
    if "status" in changed:
        if changed["status"] == Status.CLOSED:
            follows["closedAt"] = now
        elif ticket.values["status"] == Status.CLOSED:
            follows["closedAt"] = None
    level = changed.get("customerLegitimation")
    if isinstance(level, int):
        # A level that a person set explains itself to nobody else.
        follows["customerLegitimationMessage"] = None if by.type is ActorType.USER else message(level)
    if by.type is ActorType.USER:
        for name, mark in MARKED.items():
            if name in changed and name not in causes:
                follows[mark] = changed[name] is not None
    return follows


def work_action(change: TicketChange) -> str:
    """The worklog's word for what was done, the weightiest first."""
    status = change.values.get("status")
    if status is not None:
        return {Status.CLOSED: "closed", Status.PENDING: "pending", Status.OPEN: "reopened"}[Status(str(status))]
    return "assigned" if {"agentId", "assignedAgentIds"} & change.values.keys() else "written"
