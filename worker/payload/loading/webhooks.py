"""Webhook endpoints: who wants to be told what."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from worker.domain.changes import TAGS_FIELD
from worker.domain.definitions import Definition
from worker.domain.fields import LINE, WRITABLE
from worker.domain.words import Channel, ErrorCode
from worker.payload.ids import read_id, read_loose_id
from worker.payload.loading.errors import Place
from worker.payload.loading.shape import FLAG, Key, Reader, Shape, needed, plain, read_shape, several
from worker.payload.texts import read_text, read_word
from worker.payload.wrong import Wrong, read_list

LONGEST_ID = 36
"""Characters of an endpoint's id."""

MOST_SECRETS = 2
"""Secrets that sign at once: the present one, and the one before it while receivers change."""

TOLD = frozenset({*WRITABLE, "ccEmails", "bccEmails", TAGS_FIELD, "intents"})
"""Names that the changes of an event may have, and endpoints ask for."""


class WebhookEvent(StrEnum):
    """What an endpoint may ask to be told."""

    TICKET_UPDATED = "ticketUpdated"
    TICKET_REFRESHED = "ticketRefreshed"
    TICKET_OVERDUE = "ticketOverdue"
    INTENT_EXECUTED = "intentExecuted"


Check = Callable[[str], object]
"""Raises ValueError, with a message that never holds the text, for one that is of no use."""


def webhook_shape(check_url: Check, check_secret: Check) -> Shape:
    """The shape of an endpoint; what makes a URL and a secret good is handed in."""
    return {
        "id": needed(plain(lambda value: read_loose_id(value, LONGEST_ID))),
        "url": needed(_checked(check_url)),
        "secret": needed(_secrets(check_secret)),
        "events": Key(several(lambda value: read_word(value, WebhookEvent)), nullable=False),
        "fields": Key(several(_field)),
        "channels": Key(several(lambda value: read_word(value, Channel))),
        "subchannels": Key(several(read_id)),
        "digest": Key(FLAG, nullable=False),
        "enabled": Key(FLAG, nullable=False),
    }


def read_webhook(raw: object, place: Place, shape: Shape) -> Definition | None:
    """An endpoint with every default; None when not even its id can be read."""
    found = read_shape(raw, shape, place)
    events = found.get("events", [WebhookEvent.TICKET_UPDATED.value])
    if not events:
        place.key("events").report(ErrorCode.INVALID_VALUE, "must name at least one event; `enabled` switches off")
    if "id" not in found:
        return None
    limits = {name: found.get(name) or [] for name in ("fields", "channels", "subchannels")}
    return {"enabled": True, "digest": False, **found, "events": events, **limits}


def _checked(check: Check) -> Reader:
    def read(value: object, _: Place) -> str:
        found = read_text(value, LINE * 2)
        try:
            check(found)
        except ValueError as error:
            raise Wrong(ErrorCode.INVALID_VALUE, str(error)) from None
        return found

    return read


def _secrets(check: Check) -> Reader:
    """A reader of one secret, or of a list of the present one and the one before it; a list either way."""
    one = _checked(check)

    def read(value: object, place: Place) -> object:
        if not isinstance(value, list):
            return [one(value, place)]
        if not 1 <= len(value) <= MOST_SECRETS:
            raise Wrong(ErrorCode.INVALID_VALUE, "must be one secret, or a list of the present one and the one before")
        return read_list(value, lambda entry: one(entry, place))

    return read


def _field(value: object) -> str:
    name = read_text(value, LINE)
    if name not in TOLD:
        raise Wrong(ErrorCode.UNKNOWN_FIELD, "is no field that the changes of an event name")
    return name
