"""People who work on tickets (the page's agents)."""

from __future__ import annotations

from worker.domain.definitions import Definition
from worker.payload.ids import read_id
from worker.payload.loading.errors import Place
from worker.payload.loading.shape import NOT_STORED, Key, Shape, needed, plain, read_shape, scalar, text

AGENT: Shape = {
    "id": needed(plain(read_id)),
    "firstName": Key(text()),
    "lastName": Key(text()),
    "email": Key(text()),
    "phone": Key(scalar()),
    # Nothing here needs them, so nothing here can lose them.
    "image": NOT_STORED,
    "password": NOT_STORED,
    "lastSeen": Key(scalar()),
    "type": Key(text()),
    "isSsoOnly": Key(scalar()),
    "lang": Key(text()),
    "nameAlias": Key(text()),
    "externalId": Key(scalar()),
}


def read_agent(raw: object, place: Place) -> Definition | None:
    """A person without password and image; None when not even the id can be read."""
    found = read_shape(raw, AGENT, place)
    return found if "id" in found else None
