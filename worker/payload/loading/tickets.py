"""Tickets, as on the page: what a patch may set, and what is computed later but given here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from worker.domain.entities import Value
from worker.domain.fields import LONG, WRITABLE, Field, Kind, Role
from worker.domain.legitimation import EXPLAINED_LEVELS
from worker.domain.words import (
    AiSupportLevel,
    Channel,
    Direction,
    ErrorCode,
    Interface,
    Priority,
    Status,
    TagSource,
)
from worker.payload.addresses import read_addresses
from worker.payload.ids import read_id
from worker.payload.item import Item, Rules, parse_item
from worker.payload.kinds import READERS
from worker.payload.loading.errors import LoadErrorCode, Place
from worker.payload.loading.intents import LoadedIntent, read_intents
from worker.payload.loading.shape import (
    ANY_OBJECT,
    NOT_STORED,
    OBJECTS,
    Key,
    Shape,
    list_of,
    needed,
    plain,
    read_shape,
    shaped,
    text,
    word,
)
from worker.payload.objects import read_object

_ASKED = frozenset("addTagIds removeTagIds refreshMode refresh refreshTags".split())
"""What a patch asks for; the page's object has them, a ticket at rest does not."""


_TIME = Field("createdAt", Role.COMPUTED, Kind.TIME)
_REPLY: Shape = {"to": NOT_STORED, "cc": Key(plain(read_addresses)), "bcc": Key(plain(read_addresses))}
_TAG_SOURCE: Shape = {"id": needed(plain(read_id)), "source": needed(word(TagSource))}

DEFAULTS: Mapping[str, Value] = {
    **{name: None for name, field in WRITABLE.items() if field.nullable},
    "status": Status.OPEN.value,
    "priority": Priority.MEDIUM.value,
    "channel": Channel.EMAIL.value,
    "direction": Direction.IN.value,
    "interface": Interface.INTERNAL.value,
    "aiSupportLevel": AiSupportLevel.UNPROCESSED.value,
    "subject": "",
    "summary": "",
    "to": (),
    "ccEmails": (),
    "bccEmails": (),
    "assignedAgentIds": (),
    "customerLegitimation": 0,
    "customerLegitimationMessage": None,
    "customerEvidence": None,
    "isEscalated": False,
    "isCustomerActive": False,
    "modifiedAt": None,
    "closedAt": None,
    "dueByManual": False,
    "firstResponseDueByManual": False,
    "attachments": None,
    "template": None,
    "rawData": None,
    "workitem": None,
}
"""What a ticket has that its file does not say, by the page's names; `createdAt` is the time of loading."""


@dataclass(frozen=True, slots=True)
class LoadedTicket:
    """A ticket of a file. `values` has every stored value by the page's names.

    `tag_ids` are as given, so that a position in them is that of a path; `intents` is None when they were not given.
    """

    id: int
    values: Mapping[str, Value]
    tags: Mapping[int, TagSource]
    tag_ids: tuple[int, ...]
    intents: tuple[LoadedIntent, ...] | None


def ticket_shape(zone: ZoneInfo) -> Shape:
    """The shape of what a patch computes and a load takes; times without an offset are read in `zone`."""

    def read_time(value: object, _: Place) -> Value:
        return READERS[Kind.TIME](value, _TIME, zone)

    return {
        "createdAt": Key(read_time, nullable=False),
        "modifiedAt": Key(read_time),
        "closedAt": Key(read_time),
        "customerLegitimationMessage": Key(text()),
        "attachments": Key(OBJECTS),
        "template": Key(text(LONG)),
        "rawData": Key(_read_raw_data),
        "workitem": Key(ANY_OBJECT),
        "replyRecipients": Key(shaped(_REPLY)),
        "tagSources": Key(list_of(_TAG_SOURCE)),
        "intents": Key(read_intents),
    }


def read_ticket(raw: object, place: Place, shape: Shape, zone: ZoneInfo, now: datetime) -> LoadedTicket | None:
    """A ticket with every default; None when not even its id can be read."""
    given = raw if isinstance(raw, dict) else {}
    item = parse_item(_patch_of(raw), Rules(zone))
    for error in item.errors:
        at = place.key(error.field) if error.field else place
        at.report(error.code, error.message)
    more = read_shape({name: given[name] for name in shape if name in given}, shape, place)
    if item.ticket_id is None:
        return None
    sources = cast("list[dict[str, Any]] | None", more.pop("tagSources", None)) or []
    intents = cast("list[LoadedIntent] | None", more.pop("intents", None))
    return LoadedTicket(
        id=item.ticket_id,
        values=_values(item, more, now),
        tags=_tags(item.tag_ids, sources, place),
        tag_ids=item.tag_ids or (),
        intents=None if intents is None else tuple(intents),
    )


def _patch_of(raw: object) -> object:
    """What of a ticket is checked as a patch of it would be. An unknown sender may be null here, on every channel."""
    if not isinstance(raw, dict):
        return raw
    return {name: value for name, value in raw.items() if name not in _ASKED and not (name == "from" and value is None)}


def _values(item: Item, more: dict[str, object], now: datetime) -> dict[str, Value]:
    reply = cast("dict[str, list[str]] | None", more.pop("replyRecipients", None)) or {}
    # The flat lists are what is stored; the object is made of them when a ticket is shown.
    copies: dict[str, Value] = {"ccEmails": reply.get("cc") or (), "bccEmails": reply.get("bcc") or ()}
    direction = {} if item.direction is None else {"direction": item.direction}
    values = {**DEFAULTS, "createdAt": now, **copies, **item.values, **direction, **cast("dict[str, Value]", more)}
    if values["customerLegitimation"] not in EXPLAINED_LEVELS:
        values["customerLegitimationMessage"] = None
    return values


def _tags(tag_ids: tuple[int, ...] | None, sources: list[dict[str, Any]], place: Place) -> dict[int, TagSource]:
    """The tags with their sources; without `tagIds` those of `tagSources` are all."""
    tags = {} if tag_ids is None else dict.fromkeys(tag_ids, TagSource.MANUAL)
    named: set[int] = set()
    for index, entry in enumerate(sources):
        if entry.keys() != _TAG_SOURCE.keys():
            continue  # reported where it was read
        at = place.key("tagSources").entry(index).key("id")
        if entry["id"] in named:
            at.report(LoadErrorCode.CONTRADICTION, "an earlier entry is about this tag, too")
        elif tag_ids is not None and entry["id"] not in tags:
            at.report(LoadErrorCode.CONTRADICTION, "is not one of the tagIds")
        named.add(entry["id"])
        tags[entry["id"]] = TagSource(entry["source"])
    return tags


def _read_raw_data(value: object, place: Place) -> dict[str, object]:
    found = read_object(value)
    headers = found.get("headers", {})
    if not isinstance(headers, dict):
        place.key("headers").report(ErrorCode.INVALID_TYPE, "must be an object of header names")
    elif not all(isinstance(one, str) or _is_list_of_texts(one) for one in headers.values()):
        place.key("headers").report(ErrorCode.INVALID_TYPE, "must hold a text or a list of texts for each header")
    return found


def _is_list_of_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)
