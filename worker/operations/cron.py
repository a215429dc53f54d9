"""Cron lines: checked strictly, and what moments they name in a time zone.

Celery's reading of a line decides when beat fires, so the same reading is used here. What it would take in silence and
read otherwise than meant is refused before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from celery.schedules import ParseException, crontab

from worker.domain.words import ErrorCode
from worker.payload.wrong import Wrong

LONGEST_LINE = 255
YEARS_AHEAD = 9
"""How far ahead a line is looked at: the 29th of February stays away for eight years at most."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Field:
    """One field of a line: its numbers, and the names that some of them have."""

    name: str
    least: int
    greatest: int
    words: str = ""

    def allows(self, text: str) -> bool:
        """Whether a text says such numbers: Celery alone would ignore what follows a step, or take `jan` for 1."""
        value = rf"(?:\d{{1,2}}{self.words and f'|{self.words}'})"
        part = rf"(?:\*(?:/\d{{1,2}})?|{value}(?:-{value}(?:/\d{{1,2}})?)?)"
        if not re.fullmatch(rf"{part}(?:,{part})*", text, re.ASCII):
            return False
        try:
            return bool(crontab._expand_cronspec(text, self.greatest - self.least + 1, self.least))  # noqa: SLF001 - the constructor does not say which field is wrong
        except (ValueError, ParseException):
            return False


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31),
    _Field("month", 1, 12, "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"),
    _Field("day of week", 0, 6, "sun|mon|tue|wed|thu|fri|sat"),
)


@dataclass(frozen=True, slots=True)
class Cron:
    """A valid cron line. A day counts only if day of month, month and day of week all name it."""

    line: str
    beat: crontab  # as beat knows it; the time zone is the application's

    def latest(self, zone: tzinfo, *, after: datetime, until: datetime) -> datetime | None:
        """The last planned minute in UTC, later than `after` and not later than `until`."""
        last = until.astimezone(zone).date()
        days = (last - _DAY * back for back in range((until - after).days + 3))
        slots = (slot for day in days for slot in reversed(self._slots(day, zone)))
        return next((slot for slot in slots if after < slot <= until), None)

    def next(self, zone: tzinfo, *, after: datetime) -> datetime | None:
        """The first planned minute in UTC later than `after`; None when there is none for years."""
        first = after.astimezone(zone).date()
        days = (first + _DAY * ahead for ahead in range(YEARS_AHEAD * 366))
        return next((slot for day in days for slot in self._slots(day, zone) if slot > after), None)

    def _slots(self, day: date, zone: tzinfo) -> list[datetime]:
        """The planned minutes of a local day, in order.

        Of a time that happens twice the first is meant, and one that is skipped is read with the offset before the
        jump, as beat does.
        """
        if not self._names(day):
            return []
        return sorted({time.astimezone(UTC) for time in self._times(day, zone)})

    def _names(self, day: date) -> bool:
        line = self.beat
        weekday = day.isoweekday() % 7
        return day.day in line.day_of_month and day.month in line.month_of_year and weekday in line.day_of_week

    def _times(self, day: date, zone: tzinfo) -> Iterator[datetime]:
        for hour in self.beat.hour:
            for minute in self.beat.minute:
                yield datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)


def read_cron(value: object) -> Cron:
    """A cron line: five fields with blanks between them.

    Raises:
        Wrong: `invalid_type`, `too_long`, `invalid_value` naming the field.
    """
    if not isinstance(value, str):
        raise Wrong(ErrorCode.INVALID_TYPE, "must be a string")
    if len(value) > LONGEST_LINE:
        raise Wrong(ErrorCode.TOO_LONG, f"must have at most {LONGEST_LINE} characters")
    texts = value.lower().split()
    if len(texts) != len(_FIELDS):
        names = ", ".join(field.name for field in _FIELDS)
        raise Wrong(ErrorCode.INVALID_VALUE, f"must have five fields: {names}")
    for field, text in zip(_FIELDS, texts, strict=True):
        if not field.allows(text):
            words = f" or {field.words.replace('|', ', ')}" if field.words else ""
            numbers = f"{field.least} to {field.greatest}{words}"
            raise Wrong(ErrorCode.INVALID_VALUE, f"the {field.name} must be {numbers}: *, */n, n, n-m, n-m/n or a list")
    minute, hour, day_of_month, month, day_of_week = texts
    try:
        return Cron(" ".join(texts), crontab(minute, hour, day_of_week, day_of_month, month))
    except ValueError:
        raise Wrong(ErrorCode.INVALID_VALUE, "names a day that no month has") from None
