"""Months, weekdays and number words in German and English, and the arithmetic of dates."""

from __future__ import annotations

import calendar
from datetime import date, timedelta

_MONTHS = (
    "januar|january|jänner|jan",
    "februar|february|feb",
    "märz|maerz|march|mär|mrz|mar",
    "april|apr",
    "mai|may",
    "juni|june|jun",
    "juli|july|jul",
    "august|aug",
    "september|sept|sep",
    "oktober|october|okt|oct",
    "november|nov",
    "dezember|december|dez|dec",
)
_WEEKDAYS = (
    "montag|monday",
    "dienstag|tuesday",
    "mittwoch|wednesday",
    "donnerstag|thursday",
    "freitag|friday",
    "samstag|sonnabend|saturday",
    "sonntag|sunday",
)
_NUMBER_WORDS = (
    ("a", "one", "ein", "eine", "einem", "einen", "einer"),
    ("zwei", "two", "couple of"),
    ("drei", "three"),
    ("vier", "four"),
    ("fünf", "five"),
    ("sechs", "six"),
    ("sieben", "seven"),
    ("acht", "eight"),
    ("neun", "nine"),
    ("zehn", "ten"),
    ("elf", "eleven"),
    ("zwölf", "twelve"),
)

MONTH_PATTERN = "|".join(_MONTHS)
WEEKDAY_PATTERN = "|".join(_WEEKDAYS)

_MONTH_OF = {name: number for number, names in enumerate(_MONTHS, start=1) for name in names.split("|")}
_WEEKDAY_OF = {name: number for number, names in enumerate(_WEEKDAYS) for name in names.split("|")}
_NUMBER_OF = {word: number for number, words in enumerate(_NUMBER_WORDS, start=1) for word in words}


def valid(year: int, month: int, day: int) -> date | None:
    """The date, or None when the calendar has none such."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def month_number(name: str) -> int:
    """1 to 12 for a month's name or its short form."""
    return _MONTH_OF[name.lower().rstrip(".")]


def weekday_number(name: str) -> int:
    """0 for Monday to 6 for Sunday."""
    return _WEEKDAY_OF[name.lower()]


def small_number(written: str) -> int | None:
    """The value of digits or of a number word up to twelve."""
    return int(written) if written.isdecimal() else _NUMBER_OF.get(written.lower())


def on_weekday(today: date, weekday: int, *, after: bool) -> date:
    """The next such weekday after today, or the last one before it; never today itself."""
    ahead = (weekday - today.weekday() - 1) % 7 + 1
    return today + timedelta(days=ahead if after else ahead - (7 if ahead < 7 else 14))  # noqa: PLR2004


def plus_months(day: date, months: int) -> date:
    """The same day some months later; the last of the month where it has no such day."""
    month = day.year * 12 + day.month - 1 + months
    year, month = month // 12, month % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def last_of_month(day: date) -> date:
    """The last day of the date's month."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])
