"""How the text of a setting becomes business hours, and a region with its holidays."""

from __future__ import annotations

import re
from typing import Annotated, NamedTuple

from pydantic import BeforeValidator, Field, PlainSerializer

from config.values import Allowed, as_list


class OpenHours(NamedTuple):
    """A time of a weekday (0 is Monday) at which work is done, in minutes from midnight on the clock on the wall."""

    weekday: int
    opens: int
    closes: int

    def __str__(self) -> str:
        """As it is written in a setting."""
        return f"{_WEEKDAYS[self.weekday]} {_clock(self.opens)}-{_clock(self.closes)}"


_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = "|".join(_WEEKDAYS)
_OPEN_HOURS = re.compile(rf"({_DAY})(?:-({_DAY}))?\s+(\d\d?):([0-5]\d)\s*-\s*(\d\d?):([0-5]\d)")
_MIDNIGHT = 24 * 60


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _business_hours(value: object) -> object:
    """Parts such as `mon-fri 08:00-18:00`, a day each, in order; what overlaps or touches becomes one."""
    parts = as_list(value)
    if not isinstance(value, str) or not isinstance(parts, list):
        return value
    merged: list[OpenHours] = []
    for part in sorted(one for text in parts for one in _open_hours(str(text).lower())):
        last = merged[-1] if merged else None
        if last and last.weekday == part.weekday and part.opens <= last.closes:
            merged[-1] = last._replace(closes=max(last.closes, part.closes))
        else:
            merged.append(part)
    return tuple(merged)


def _open_hours(text: str) -> list[OpenHours]:
    found = _OPEN_HOURS.fullmatch(text)
    if not found:
        raise ValueError("neither days nor hours")
    first, last = (_WEEKDAYS.index(day) for day in (found[1], found[2] or found[1]))
    opens, closes = (int(found[at]) * 60 + int(found[at + 1]) for at in (3, 5))
    if not opens < closes <= _MIDNIGHT:
        raise ValueError("never open")
    return [OpenHours((first + day) % 7, opens, closes) for day in range((last - first) % 7 + 1)]


_REGION = re.compile(r"([A-Z]{2})(?:-([A-Z0-9]{1,3}))?")


def _region(value: object) -> object:
    """A country or one of its states whose holidays are known; none for an empty text."""
    if not isinstance(value, str):
        return value
    text = value.strip().upper()
    if not text:
        return None
    from holidays import list_supported_countries  # noqa: PLC0415 - a tenth of a second that few need

    found = _REGION.fullmatch(text)
    known = list_supported_countries(include_aliases=False)
    if not found or found[1] not in known or (found[2] and found[2] not in known[found[1]]):
        raise ValueError("not a region whose holidays are known")
    return text


BusinessHours = Annotated[
    tuple[Annotated[OpenHours, PlainSerializer(str, when_used="json")], ...],
    BeforeValidator(_business_hours),
    Field(min_length=1),
    Allowed(
        "days and hours, comma-separated or a JSON list (`mon-fri 08:00-12:00,mon-thu 13:00-17:30`); what goes on over"
        " midnight is two parts"
    ),
]
Region = Annotated[
    str | None,
    BeforeValidator(_region),
    Allowed("a country or a state of one, by ISO 3166 (`AT`, `DE-NW`); empty for none"),
]
