"""What day a matched form of date_forms means, given today and the words before it; None when it is none after all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import regex

from worker.ai.embedded.calendar import (
    last_of_month,
    month_number,
    on_weekday,
    plus_months,
    small_number,
    valid,
    weekday_number,
)

_BACKWARD_GRACE = timedelta(days=31)  # how far back `zum 1. Mai` may lie before it means the next year's

_FORWARD_CUE = regex.compile(
    r"(?i)\b(?:zum|ab(?: dem)?|bis(?: zum| spätestens)?|per|spätestens|frühestens|from|by|until|till|effective"
    r"|as of|starting|to the|due|for)\s*(?:the\s)?$"
)
_BACKWARD_CUE = regex.compile(
    r"(?i)(?:\b(?:seit(?: dem)?|vom|since|dated|letzten|vergangenen|last)|\bstand (?:am|vom)|\b(?:abgelesen"
    r"|ablesung|eingezogen|ausgezogen|gelesen|notiert"
    r"|(?:read|took|taken|noted|checked)(?: it| them| this)?)\W+(?:am|on|vom)?)\s*(?:the\s)?$"
)
_BACKWARD_AFTER = regex.compile(r"(?i)\W{0,2}(?:\w+\s){0,2}(?:abgelesen|ausgezogen|eingezogen|überwiesen|bezahlt)\b")
Reader = Callable[[regex.Match[str], date, str], date | None]
"""What makes a date of a match, given today and the text before it; None when it is none after all."""


def numeric(match: regex.Match[str], _today: date, _before: str) -> date | None:
    """`5.11.2026`, `5.11.26`, `5/11/2026`; with slashes also the American order where only that is possible."""
    first, second, year = int(match["a"]), int(match["b"]), _full_year(match["y"])
    return valid(year, second, first) or (valid(year, first, second) if match["sep"] == "/" else None)


def iso(match: regex.Match[str], _today: date, _before: str) -> date | None:
    """`2026-11-05`."""
    return valid(int(match["y"]), int(match["m"]), int(match["d"]))


def short(match: regex.Match[str], today: date, before: str) -> date | None:
    """`5.11.`, and `5.11` behind a preposition."""
    return _near(int(match["b"]), int(match["a"]), today, before)


def named(match: regex.Match[str], today: date, before: str) -> date | None:
    """`5. November`, `November 5th, 2026`."""
    month = month_number(match["month"])
    if match["y"]:
        return valid(_full_year(match["y"]), month, int(match["d"]))
    return _near(month, int(match["d"]), today, before)


def month_part(match: regex.Match[str], today: date, before: str) -> date | None:
    """`Ende Mai`, `Anfang Juni 2026`, `mid July`."""
    month = month_number(match["month"])
    part = match["part"].lower()
    day = 1 if part in {"anfang", "beginning", "start", "early"} else 15 if part in {"mitte", "mid", "middle"} else 28
    value = (
        valid(_full_year(match["y"]), month, day)
        if match["y"]
        else _near(month, day, today, before if _BACKWARD_CUE.search(before) else "zum ")
    )
    return last_of_month(value) if value is not None and day == 28 else value  # noqa: PLR2004 - stands for the end


def month(match: regex.Match[str], today: date, before: str) -> date | None:
    """`ab Mai`, `from June 2026`: the first of the month."""
    month = month_number(match["month"])
    return valid(_full_year(match["y"]), month, 1) if match["y"] else _near(month, 1, today, before)


def _near(month: int, day: int, today: date, before: str) -> date | None:
    """The year that a date without one most likely means, told by the word before it."""
    years = [value for year in range(today.year - 4, today.year + 9) if (value := valid(year, month, day)) is not None]
    if _BACKWARD_CUE.search(before):
        return max((value for value in years if value <= today), default=None)
    if _FORWARD_CUE.search(before):
        return min((value for value in years if value >= today - _BACKWARD_GRACE), default=None)
    return min(years, key=lambda value: abs(value - today), default=None)


def _full_year(written: str) -> int:
    year = int(written)
    century_turn = 70  # 26 is 2026, 85 is 1985
    return year if len(written) == 4 else year + (2000 if year < century_turn else 1900)  # noqa: PLR2004


def weekday(match: regex.Match[str], today: date, before: str) -> date | None:
    """`nächsten Donnerstag`, `on Friday`, `abgelesen am Montag`: the nearest that way, never today."""
    which = match["which"].lower()
    day = weekday_number(match["day"])
    over = _BACKWARD_CUE.search(before) or _BACKWARD_AFTER.match(match.string, match.end())
    if which.startswith(("letzt", "vergangen", "vorig", "last", "past")) or over:
        return on_weekday(today, day, after=False)
    upcoming = on_weekday(today, day, after=True)
    if which.startswith("übernächst"):
        return upcoming + timedelta(days=7)
    return upcoming


def weekday_of_week(match: regex.Match[str], today: date, _before: str) -> date | None:
    """`Donnerstag nächster Woche`."""
    monday = today - timedelta(days=today.weekday())
    weeks = 0 if match["week"].lower().startswith(("diese", "this")) else 1
    return monday + timedelta(days=7 * weeks + weekday_number(match["day"]))


def distance(match: regex.Match[str], today: date, _before: str) -> date | None:
    """`in zwei Wochen`, `vor 3 Tagen`, `two months ago`."""
    count = small_number(match["n"])
    unit, backward = match["unit"].lower(), match["way"].lower().startswith("vor") or bool(match["ago"])
    if count is None or (match["way"].strip() == "" and not match["ago"]):
        return None
    count = -count if backward else count
    if unit.startswith(("tag", "day")):
        return today + timedelta(days=count)
    if unit.startswith(("woche", "week")):
        return today + timedelta(weeks=count)
    return plus_months(today, count * (12 if unit.startswith(("jahr", "year")) else 1))


def day_of_month(match: regex.Match[str], today: date, before: str) -> date | None:
    """`zum 15.`, `am 3. des Monats`, `by the 12th`: the next one that comes, or of this month."""
    day = int(match["d"])
    if (match["next"] or "").strip():
        return valid(*plus_months(today.replace(day=1), 1).timetuple()[:2], day)
    here = valid(today.year, today.month, day)
    if here is not None and (here >= today or _BACKWARD_CUE.search(before)):
        return here
    return valid(*plus_months(today.replace(day=1), 1).timetuple()[:2], day)


def in_days(days: int) -> Reader:
    """What a fixed word such as `morgen` means."""
    return lambda _match, today, _before: today + timedelta(days=days)


def end_of(unit: str, *, ahead: int = 0) -> Reader:
    """The end of the month, the quarter or the year; `ahead` of them later."""

    def read(_match: regex.Match[str], today: date, _before: str) -> date:
        if unit == "year":
            return date(today.year + ahead, 12, 31)
        quarter_end = plus_months(today.replace(day=1), (2 - (today.month - 1) % 3))
        return last_of_month(quarter_end if unit == "quarter" else plus_months(today.replace(day=1), ahead))

    return read


def first_of_next(unit: str, _match: regex.Match[str], today: date, _before: str) -> date:
    """`nächsten Monat`, `next year`: its first day."""
    return date(today.year + 1, 1, 1) if unit == "year" else plus_months(today.replace(day=1), 1)
