"""Tags, as on the page."""

from __future__ import annotations

from worker.domain.definitions import DO_NOT_CHANGE, Definition, tag_of
from worker.domain.fields import SHORT
from worker.domain.words import Channel, ErrorCode, Priority
from worker.payload.ids import read_id
from worker.payload.loading.detection import DETECTION, check_detection
from worker.payload.loading.errors import Place
from worker.payload.loading.shape import (
    ANY_OBJECT,
    FLAG,
    Key,
    Shape,
    named,
    needed,
    plain,
    read_number,
    read_shape,
    scalar,
    several,
    text,
)
from worker.payload.texts import read_text, read_word
from worker.payload.wrong import Wrong


def _read_priority(value: object) -> str:
    if value == DO_NOT_CHANGE:
        return DO_NOT_CHANGE
    return read_word(value, Priority)


def _read_hours(value: object) -> float:
    hours = read_number(value)
    if hours <= 0:
        raise Wrong(ErrorCode.INVALID_VALUE, "must be more than 0")
    return hours


TAG: Shape = {
    "id": needed(plain(read_id)),
    "name": needed(named(SHORT)),
    "fullName": Key(text()),
    "parent": Key(plain(read_id)),
    "reference": Key(text(SHORT)),
    "type": Key(text(SHORT)),
    "visibility": Key(text(SHORT)),
    "color": Key(text(SHORT)),
    "properties": Key(several(lambda value: read_text(value, SHORT))),
    "complexity": Key(text(SHORT)),
    "sla": Key(plain(_read_hours)),
    "firstResponseSla": Key(plain(_read_hours)),
    "priority": Key(plain(_read_priority)),
    "channels": Key(several(lambda value: read_word(value, Channel))),
    "subchannels": Key(several(read_id)),
    "routingRelevance": Key(FLAG),
    "detectionDetails": DETECTION,
    "assignment": Key(several(lambda value: read_text(value, SHORT))),
    "testCase": Key(ANY_OBJECT),
    "modifiedBy": Key(text()),
    "modifiedAt": Key(scalar()),
}


def read_tag(raw: object, place: Place) -> Definition | None:
    """A tag's definition; None when not even its id can be read."""
    before = place.errors.count
    found = read_shape(raw, TAG, place)
    if place.errors.count == before:
        tag = tag_of(found)
        check_detection(tag.detection, place, limited=bool(tag.channels or tag.subchannels))
    return found if "id" in found else None
