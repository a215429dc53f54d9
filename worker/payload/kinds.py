"""The one table that joins a kind of field to the reader of its values (contract section 2, types)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from enum import StrEnum

from worker.domain.entities import Value
from worker.domain.fields import FIELDS, SHORT, Field, Kind
from worker.domain.words import Direction, ErrorCode, RefreshMode
from worker.payload.addresses import read_addresses, read_recipients
from worker.payload.ids import read_id, read_level, read_loose_id
from worker.payload.objects import read_object
from worker.payload.texts import read_text, read_word
from worker.payload.times import parse_time
from worker.payload.wrong import Wrong, read_list

CHOICES: Mapping[str, type[StrEnum]] = {
    **{name: spec.choices for name, spec in FIELDS.items() if spec.choices},
    "refreshMode": RefreshMode,
    "direction": Direction,
}
"""The enumeration of every field that has one."""


def _read_flag(value: object) -> bool:
    if type(value) is not bool:
        raise Wrong(ErrorCode.INVALID_TYPE, "must be true or false")
    return value


def _read_time(value: object, zone: tzinfo) -> datetime:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise Wrong(ErrorCode.INVALID_TYPE, "must be a string or a number")
    try:
        return parse_time(value, zone)
    except ValueError:
        message = "must be YYYY-MM-DD HH:MM:SS, ISO 8601 with a time, or Unix seconds"
        raise Wrong(ErrorCode.INVALID_VALUE, message) from None


def _read_text(value: object, spec: Field, _: tzinfo) -> str:
    choices = CHOICES.get(spec.name)
    return read_word(value, choices) if choices else read_text(value, spec.limit)


Reader = Callable[[object, Field, tzinfo], Value]
"""Gives the stored form of a value that is not null, or raises `Wrong`; the zone is that of times without an offset."""

READERS: Mapping[Kind, Reader] = {
    Kind.TEXT: _read_text,
    Kind.FLAG: lambda value, _, __: _read_flag(value),
    Kind.INTEGER: lambda value, _, __: read_id(value),
    Kind.LEVEL: lambda value, _, __: read_level(value),
    Kind.LOOSE_ID: lambda value, spec, _: read_loose_id(value, spec.limit or SHORT),
    Kind.TIME: lambda value, _, zone: _read_time(value, zone),
    Kind.IDS: lambda value, _, __: read_list(value, read_id),
    Kind.ADDRESSES: lambda value, _, __: read_addresses(value),
    Kind.RECIPIENTS: lambda value, _, __: read_recipients(value),
    Kind.OBJECT: lambda value, _, __: read_object(value),
}
"""The reader of every kind but `ANY`: computed fields are not checked at all."""
