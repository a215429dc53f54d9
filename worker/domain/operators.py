"""The operators of a condition: what `load` calls them, and when one holds for a known value (contract section 4).

Null is a value like any other: it is not equal to, not in and not like anything else, so the negating operators hold
for it; nothing is greater or less than null. A list (`to`, `tagIds`) meets an operator when one of its elements does,
and a negating one when none does.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Any

import regex

REGEX_SECONDS = 0.1  # of one search; a pattern that needs longer matches nothing
REGEX_CHARACTERS = 100_000  # of the text that a pattern sees
PATTERN_CHARACTERS = 1_000
PATTERN_COPIES = (
    100_000  # the regex library writes `a{n}` out n times, nested ones multiplied: an easy way to eat all memory
)

_DIGITS = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?")
_LIKE_TOKEN = re.compile(r"\\[%_\\]|.", re.DOTALL)


class Operator(StrEnum):
    """Operators of a condition."""

    EQUAL = "Equal"
    NOT_EQUAL = "NotEqual"
    LIKE = "Like"
    NOT_LIKE = "NotLike"
    IN = "In"
    NOT_IN = "NotIn"
    GREATER_THAN = "GreaterThan"
    GREATER_THAN_EQUAL = "GreaterThanEqual"
    LESS_THAN = "LessThan"
    LESS_THAN_EQUAL = "LessThanEqual"
    IS_NULL = "IsNull"
    IS_NOT_NULL = "IsNotNull"
    REGEX = "RegEx"


ORDERING: Mapping[Operator, Callable[[int], bool]] = {
    Operator.GREATER_THAN: lambda sign: sign > 0,
    Operator.GREATER_THAN_EQUAL: lambda sign: sign >= 0,
    Operator.LESS_THAN: lambda sign: sign < 0,
    Operator.LESS_THAN_EQUAL: lambda sign: sign <= 0,
}

_NEGATIONS = {
    Operator.NOT_EQUAL: Operator.EQUAL,
    Operator.NOT_LIKE: Operator.LIKE,
    Operator.NOT_IN: Operator.IN,
    Operator.IS_NOT_NULL: Operator.IS_NULL,
}


class UnknownOperand(Exception):  # noqa: N818 - the words of the field
    """One side of a condition cannot be known; it matches under no operator."""


MISSING = object()
"""Stands for the `value` that a condition does not have."""


def holds(operator: Operator, actual: object, expected: object, zone: tzinfo = UTC) -> bool:
    """Whether a known value meets the operator; times without a zone are read in `zone`.

    Raises `UnknownOperand` for an `expected` that the operator cannot use, for objects and for a search that takes too
    long.
    """
    if problem(operator, expected) is not None:
        raise UnknownOperand
    if operator in _NEGATIONS:
        return not holds(_NEGATIONS[operator], actual, expected, zone)
    if operator is Operator.IS_NULL:
        return actual is None
    elements = actual if isinstance(actual, list | tuple) else (actual,)
    if not all(_is_scalar(element) for element in elements):
        raise UnknownOperand
    return any(_meets(operator, element, expected, zone) for element in elements)


def problem(operator: Operator, expected: object) -> str | None:
    """What keeps an operator from using this `value`, or None when nothing does."""
    positive = _NEGATIONS.get(operator, operator)
    usable, need = _NEEDS[positive]
    return None if usable(expected) else need


def _is_scalar(value: object) -> bool:
    return value is None or isinstance(value, bool | int | float | str | datetime)


def _is_list(value: object) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(_is_scalar(item) for item in value)


def _has_order(value: object) -> bool:
    return _is_scalar(value) and value is not None and not isinstance(value, bool)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _is_pattern(value: object) -> bool:
    return isinstance(value, str) and bool(value) and compiled(value) is not None


_NEEDS: Mapping[Operator, tuple[Callable[[object], bool], str]] = {
    Operator.EQUAL: (_is_scalar, "a plain value is needed; lists belong to In and NotIn"),
    Operator.LIKE: (_is_text, "a text that is not empty is needed"),
    Operator.IN: (_is_list, "a list of plain values that is not empty is needed"),
    **dict.fromkeys(ORDERING, (_has_order, "a number, a time or a text is needed")),
    Operator.IS_NULL: (lambda _: True, ""),
    Operator.REGEX: (_is_pattern, "a valid regular expression of moderate size is needed"),
}


def _meets(operator: Operator, actual: object, expected: object, zone: tzinfo) -> bool:
    if operator is Operator.IN:
        return isinstance(expected, Sequence) and any(_equal(actual, item, zone) for item in expected)
    if operator is Operator.EQUAL:
        return _equal(actual, expected, zone)
    if operator in ORDERING:
        return _ordered(operator, actual, expected, zone)
    text = _written(actual, zone)
    if text is None:
        return False
    if operator is Operator.LIKE:
        return _like(str(expected)).fullmatch(text.casefold()) is not None
    return _found(str(expected), text)


def _equal(actual: object, expected: object, zone: tzinfo) -> bool:
    if actual is None or expected is None:
        return actual is expected
    pair = _aligned(actual, expected, zone, texts=(_text,))
    return pair is not None and pair[0] == pair[1]


def _ordered(operator: Operator, actual: object, expected: object, zone: tzinfo) -> bool:
    pair = _aligned(actual, expected, zone, texts=(_number, _instant, _text))
    if pair is None:
        return False
    return ORDERING[operator]((pair[0] > pair[1]) - (pair[0] < pair[1]))


_Conversion = Callable[[object, tzinfo], Any]


def _aligned(left: object, right: object, zone: tzinfo, texts: Sequence[_Conversion]) -> tuple[Any, Any] | None:
    """Both sides in the first form that the right one has, or None when the left one does not have it.

    `texts` are the forms that two strings are compared in.
    """
    for kind, conversions in (
        (bool, (_flag,)),
        (datetime, (_instant,)),
        (int | float, (_number, _instant)),
        (str, texts),
    ):
        if isinstance(left, kind) or isinstance(right, kind):
            for convert in conversions:
                wanted = convert(right, zone)
                if wanted is not None:
                    given = convert(left, zone)
                    return None if given is None else (given, wanted)
            return None
    return None


def _flag(value: object, _zone: tzinfo) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.strip().casefold()) if isinstance(value, str) else None


def _number(value: object, _zone: tzinfo) -> Decimal | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return Decimal(str(value)) if math.isfinite(value) else None
    return Decimal(value.strip()) if isinstance(value, str) and _DIGITS.fullmatch(value.strip()) else None


def _instant(value: object, zone: tzinfo) -> datetime | None:
    """A time as the page writes it, ISO 8601 or Unix seconds; a date alone is its midnight, digits alone are none."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        if isinstance(value, str) and "-" in value:
            value = datetime.fromisoformat(value.strip())
    except (ValueError, OverflowError, OSError):
        return None
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=zone)


def _text(value: object, zone: tzinfo) -> str | None:
    written = _written(value, zone)
    return None if written is None else written.casefold()


def _written(value: object, zone: tzinfo) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).casefold()
    if isinstance(value, datetime):
        local = value.astimezone(zone) if value.tzinfo else value
        return local.replace(tzinfo=None).isoformat(" ", "seconds")
    return unicodedata.normalize("NFC", str(value))


@lru_cache(maxsize=1_024)
def _like(pattern: str) -> re.Pattern[str]:
    r"""SQL's pattern: `%` any text, `_` any sign, `\` before them the sign itself; without `%` and `_`: contains."""
    pieces = _LIKE_TOKEN.findall(unicodedata.normalize("NFC", pattern).casefold())
    if not {"%", "_"} & set(pieces):
        pieces = ["%", *pieces, "%"]
    segments = [""]
    for piece in pieces:
        if piece == "%":
            segments.append("")
        else:
            segments[-1] += "." if piece == "_" else re.escape(piece[-1])
    head, *rest = segments
    # Atomic groups: the first place that fits is good enough, and no pattern can backtrack.
    middle = "".join(f"(?>.*?{segment})" for segment in rest[:-1] if segment)
    tail = f".*{rest[-1]}" if rest else ""
    return re.compile(head + middle + tail, re.DOTALL)


@lru_cache(maxsize=1_024)
def compiled(pattern: str) -> regex.Pattern[str] | None:
    """A regular expression that ignores case, or None for one that is not valid or too large."""
    copies = math.prod(max(1, int(count)) for count in re.findall(r"\{(\d+)", pattern))
    if len(pattern) > PATTERN_CHARACTERS or copies > PATTERN_COPIES:
        return None
    try:
        return regex.compile(pattern, regex.IGNORECASE)
    except (regex.error, ValueError, OverflowError, RecursionError, KeyError):
        return None


def _found(pattern: str, text: str) -> bool:
    expression = compiled(pattern)
    if expression is None:
        raise UnknownOperand
    try:
        return expression.search(text, endpos=REGEX_CHARACTERS, timeout=REGEX_SECONDS) is not None
    except (TimeoutError, MemoryError) as error:
        raise UnknownOperand from error
