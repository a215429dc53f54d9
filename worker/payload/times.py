"""Times on the wire: three forms in, one form out (contract section 2)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from math import floor

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_MILLISECONDS = 10**11  # as seconds this is the year 5138; such numbers are milliseconds by mistake

# Calendar date, `T` or a blank, at least hours and minutes: pinned here because what `fromisoformat` takes beyond
# this (any separator, dates alone, 24:00) differs between Python versions.
_DATE_AND_TIME = re.compile(
    r"""
    \d{4}(-?)\d\d\1\d\d
    [T\ ]
    (?:[01]\d|2[0-3])(:?)\d\d(?:\2\d\d(?:[.,]\d+)?)?
    (?:Z|[+-]\d\d(?::?\d\d(?::?\d\d)?)?)?
    """,
    re.VERBOSE | re.ASCII | re.IGNORECASE,
)


def parse_time(value: object, zone: tzinfo) -> datetime:
    """The moment that a wire value names, in UTC and cut to whole seconds.

    Accepted are `YYYY-MM-DD HH:MM:SS`, ISO 8601 with a time, and Unix seconds (a number, fractions are cut). Texts
    without an offset are read in `zone`: of a local time that happens twice the first is meant, one that is skipped is
    read with the offset before the jump.

    Raises:
        ValueError: for everything else, such as dates alone, milliseconds, digit strings, booleans, and moments that
            cannot be shown in `zone`. Its text never holds the value.
    """
    if isinstance(value, str):
        moment = _from_text(value, zone)
    elif type(value) is int or type(value) is float:
        moment = _from_seconds(value)
    else:
        raise ValueError("a time is a text or a number")
    try:
        moment.astimezone(zone)
        return moment.astimezone(UTC).replace(microsecond=0)
    except OverflowError:
        raise ValueError("the time lies outside of the years 1 to 9999") from None


def format_time(moment: datetime, zone: tzinfo) -> str:
    """The page's form of an aware moment, `YYYY-MM-DD HH:MM:SS` in `zone`.

    A local time that happens twice is given as ISO 8601 with its offset instead, so that `parse_time` always leads
    back to the same second; so is, in UTC, what `zone` has no calendar day for.
    """
    whole = moment.replace(microsecond=0)
    try:
        local = whole.astimezone(zone)
    except OverflowError:
        return whole.astimezone(UTC).isoformat()
    if local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset():
        return local.isoformat()
    return local.replace(tzinfo=None).isoformat(" ")


def _from_text(text: str, zone: tzinfo) -> datetime:
    if not _DATE_AND_TIME.fullmatch(text):
        raise ValueError("the text is no date with a time")
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        raise ValueError("the text names no moment of the calendar") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _from_seconds(seconds: float) -> datetime:
    if not -_FIRST_MILLISECONDS < seconds < _FIRST_MILLISECONDS:
        raise ValueError("the number is too large for Unix seconds")
    try:
        return _EPOCH + timedelta(seconds=floor(seconds))
    except OverflowError:
        raise ValueError("the time lies outside of the years 1 to 9999") from None
