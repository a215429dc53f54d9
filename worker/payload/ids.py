"""Ids and levels: positive integers, and the strings that name customers and contracts."""

from __future__ import annotations

from worker.domain.words import ErrorCode
from worker.payload.texts import read_text
from worker.payload.wrong import Wrong

GREATEST_ID = 2**63 - 1
GREATEST_LEVEL = 2**31 - 1
_MOST_DIGITS = 32  # of an id sent as a string, leading zeros and all


def read_id(value: object) -> int:
    """A positive 64-bit integer, or a string of ASCII digits that says one.

    Raises:
        Wrong: `invalid_value` when out of range; `null_not_allowed`; `invalid_type` for everything else that is no
            such integer, `1.0`, `true` and `"abc"` among it.
    """
    if type(value) is int:
        number = value
    elif isinstance(value, str) and value.isascii() and value.isdigit():
        number = int(value) if len(value) <= _MOST_DIGITS else 0
    elif value is None:
        raise Wrong(ErrorCode.NULL_NOT_ALLOWED, "must not be null")
    else:
        raise Wrong(ErrorCode.INVALID_TYPE, "must be a positive integer, or a string of its digits")
    if 0 < number <= GREATEST_ID:
        return number
    raise Wrong(ErrorCode.INVALID_VALUE, f"must be from 1 to {GREATEST_ID}")


def read_loose_id(value: object, limit: int) -> str:
    """A string that is not empty; an integer becomes one.

    Raises:
        Wrong: `invalid_type`, `invalid_value`, `too_long`.
    """
    if type(value) is int:
        if abs(value) >= 10**limit:  # asked before it is written: Python writes no integers of any length
            raise Wrong(ErrorCode.TOO_LONG, f"must have at most {limit} digits")
        return str(value)
    if not isinstance(value, str):
        raise Wrong(ErrorCode.INVALID_TYPE, "must be a string or an integer")
    if not value:
        raise Wrong(ErrorCode.INVALID_VALUE, "must not be empty")
    return read_text(value, limit)


def read_level(value: object) -> int:
    """An integer from 0 upward; a level is no id, so its digits as a string are refused.

    Raises:
        Wrong: `invalid_type`, `invalid_value`.
    """
    if type(value) is not int:
        raise Wrong(ErrorCode.INVALID_TYPE, "must be an integer")
    if not 0 <= value <= GREATEST_LEVEL:
        raise Wrong(ErrorCode.INVALID_VALUE, f"must be from 0 to {GREATEST_LEVEL}")
    return value
