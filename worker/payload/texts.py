"""Texts: free ones up to a length, and words of an enumeration."""

from __future__ import annotations

from enum import StrEnum
from functools import cache

from worker.domain.words import ErrorCode
from worker.payload.wrong import Wrong


def is_storable(text: str) -> bool:
    """Whether every database can keep a text: no NUL, and no half of a surrogate pair."""
    if "\0" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def read_text(value: object, limit: int | None) -> str:
    """A storable string of at most `limit` characters.

    Raises:
        Wrong: `null_not_allowed`, `invalid_type`, `too_long`, `invalid_value`.
    """
    if value is None:
        raise Wrong(ErrorCode.NULL_NOT_ALLOWED, "must not be null")
    if not isinstance(value, str):
        raise Wrong(ErrorCode.INVALID_TYPE, "must be a string")
    if limit is not None and len(value) > limit:
        raise Wrong(ErrorCode.TOO_LONG, f"must have at most {limit} characters")
    if not is_storable(value):
        raise Wrong(ErrorCode.INVALID_VALUE, "must not hold NUL characters or lone surrogates")
    return value


def read_word(value: object, choices: type[StrEnum]) -> str:
    """A word of an enumeration, as it was sent.

    Raises:
        Wrong: `invalid_type`, `invalid_value`.
    """
    if not isinstance(value, str):
        raise Wrong(ErrorCode.INVALID_TYPE, "must be a string")
    if value not in _words(choices):
        raise Wrong(ErrorCode.INVALID_VALUE, f"must be one of {', '.join(choices)}")
    return value


@cache
def _words(choices: type[StrEnum]) -> frozenset[str]:
    return frozenset(choices)
