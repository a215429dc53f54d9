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


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changes something; `id` is a user's."""

    type: ActorType
    id: int | None = None


class FieldChange(NamedTuple):
    """One changed field as history and webhooks tell it."""

    field: str
    old: Value
    new: Value


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
) -> TicketChange | None:
    """Compare with the ticket as read; None when nothing is different.

    `beside` is stored with a change, untold; `also` is told like fields, but stored elsewhere.
    """
    before = ticket.values
    changed = {name: value for name, value in values.items() if value != before[name]}
    new_tags = tags if tags is not None and dict(tags) != dict(ticket.tags) else None
    if not changed and new_tags is None and not also:
        return None
    told = [FieldChange(name, before[name], value) for name, value in changed.items()]
    if new_tags is not None and new_tags.keys() != ticket.tags.keys():
        told.append(FieldChange(TAGS_FIELD, sorted(ticket.tags), sorted(new_tags)))
    return TicketChange(ticket, changed, new_tags, {**_follows(changed, ticket, by, now), **beside}, [*told, *also])


def _follows(changed: Values, ticket: Ticket, by: Actor, now: datetime) -> dict[str, Value]:
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
        for name in ("dueBy", "firstResponseDueBy"):
            if name in changed:
                follows[f"{name}Manual"] = changed[name] is not None
    return follows


def work_action(change: TicketChange) -> str:
    """The worklog's word for what was done, the weightiest first."""
    status = change.values.get("status")
    if status is not None:
        return {Status.CLOSED: "closed", Status.PENDING: "pending", Status.OPEN: "reopened"}[Status(str(status))]
    return "assigned" if {"agentId", "assignedAgentIds"} & change.values.keys() else "written"
