"""Objects with known keys: each key's reader, and what is said about a wrong object."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from math import isfinite
from typing import TypeVar

from worker.domain.fields import LINE
from worker.domain.words import ErrorCode
from worker.payload.ids import GREATEST_ID
from worker.payload.loading.errors import LoadErrorCode, Place
from worker.payload.names import LONGEST_NAME, shown_name
from worker.payload.objects import read_object
from worker.payload.texts import read_text, read_word
from worker.payload.wrong import LONGEST_LIST, Wrong, read_list

T = TypeVar("T")

Reader = Callable[[object, Place], object]
"""Gives the stored form of a value that is not null; what is wrong it raises as `Wrong` or reports to the place."""


@dataclass(frozen=True, slots=True)
class Key:
    """What one key of an object holds. Without a reader it is accepted, not even looked at, and not stored."""

    read: Reader | None
    required: bool = False
    nullable: bool = True


Shape = Mapping[str, Key]

NOT_STORED = Key(None)


def needed(read: Reader) -> Key:
    """A key that every object has, and never as null."""
    return Key(read, required=True, nullable=False)


def plain(read: Callable[[object], object]) -> Reader:
    """A reader that needs no place: all it says is in what it raises."""
    return lambda value, _: read(value)


def read_shape(raw: object, shape: Shape, place: Place) -> dict[str, object]:
    """The values of an object by its keys; what is wrong is reported, and missing in the answer."""
    if not isinstance(raw, dict):
        place.report(ErrorCode.NOT_AN_OBJECT, "must be an object")
        return {}
    found: dict[str, object] = {}
    for name, value in raw.items():
        key = shape.get(name)
        if key is None:
            place.key(shown_name(str(name))).report(ErrorCode.UNKNOWN_FIELD, _unknown(str(name), shape))
        elif key.read is None:
            continue
        elif value is not None:
            inside = place.key(name)
            try:
                found[name] = key.read(value, inside)
            except Wrong as wrong:
                inside.take(wrong)
        elif key.nullable:
            found[name] = None
        else:
            place.key(name).report(ErrorCode.NULL_NOT_ALLOWED, "must not be null")
    for name, key in shape.items():
        if key.required and name not in raw:
            code = ErrorCode.MISSING_ID if name == "id" else LoadErrorCode.MISSING_FIELD
            place.key(name).report(code, "is required")
    return found


def shaped(shape: Shape) -> Reader:
    """A reader of objects of this shape."""
    return lambda value, place: read_shape(value, shape, place)


def list_of(shape: Shape, most: int = LONGEST_LIST) -> Reader:
    """A reader of lists of objects of this shape."""

    def read(value: object, place: Place) -> list[dict[str, object]]:
        entries = read_entries(value, most)
        return [read_shape(entry, shape, place.entry(index)) for index, entry in enumerate(entries)]

    return read


def read_entries(value: object, most: int = LONGEST_LIST) -> list[object]:
    """A list that is not too long, its entries unread.

    Raises:
        Wrong: `invalid_type`, `too_long`.
    """
    if not isinstance(value, list):
        raise Wrong(ErrorCode.INVALID_TYPE, "must be a list")
    if len(value) > most:
        raise Wrong(ErrorCode.TOO_LONG, f"must have at most {most} entries")
    return value


def several(read: Callable[[object], T]) -> Reader:
    """A reader of lists of plain values."""
    return lambda value, _: read_list(value, read)


def text(limit: int = LINE) -> Reader:
    """A reader of texts."""
    return lambda value, _: read_text(value, limit)


def named(limit: int) -> Reader:
    """A reader of texts with something in them."""

    def read(value: object, _: Place) -> str:
        found = read_text(value, limit)
        if not found.strip():
            raise Wrong(ErrorCode.INVALID_VALUE, "must not be empty")
        return found

    return read


def word(choices: type[StrEnum]) -> Reader:
    """A reader of the words of an enumeration."""
    return lambda value, _: read_word(value, choices)


def scalar(limit: int = LINE) -> Reader:
    """A reader of texts, numbers and booleans, where the page gives an example and no type."""

    def read(value: object, _: Place) -> object:
        return read_text(value, limit) if isinstance(value, str) else _read_bare(value)

    return read


def _read_bare(value: object) -> bool | int | float:
    return value if isinstance(value, bool) else read_number(value)


def read_flag(value: object) -> bool:
    """True or false.

    Raises:
        Wrong: `invalid_type`.
    """
    if not isinstance(value, bool):
        raise Wrong(ErrorCode.INVALID_TYPE, "must be true or false")
    return value


def read_number(value: object) -> int | float:
    """A finite number.

    Raises:
        Wrong: `invalid_type`, `invalid_value`.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Wrong(ErrorCode.INVALID_TYPE, "must be a number")
    if abs(value) > GREATEST_ID or not isfinite(value):
        raise Wrong(ErrorCode.INVALID_VALUE, "must be a finite number of moderate size")
    return value


def _unknown(name: str, shape: Shape) -> str:
    near = get_close_matches(name[:LONGEST_NAME], shape, n=1)
    return f"is not known here; the nearest name is {near[0]}" if near else f"is not known here; {', '.join(shape)} are"


ANY_OBJECT = plain(read_object)
OBJECTS = several(read_object)
FLAG = plain(read_flag)
NUMBER = plain(read_number)
