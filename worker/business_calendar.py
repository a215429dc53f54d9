"""The business calendar of the settings, with the public holidays of their region."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache
from zoneinfo import ZoneInfo

from config.business_time import OpenHours
from config.settings import Settings
from worker.domain.due_dates import BusinessCalendar, Hours


def business_calendar(settings: Settings) -> BusinessCalendar:
    """When work is done."""
    return _calendar(settings.business_hours, settings.time_zone, settings.holidays)


@cache
def _calendar(open_hours: Sequence[OpenHours], zone: ZoneInfo, region: str | None) -> BusinessCalendar:
    hours: dict[int, list[Hours]] = {}
    for one in open_hours:
        hours.setdefault(one.weekday, []).append((one.opens, one.closes))
    if region is None:
        return BusinessCalendar(hours, zone)
    return BusinessCalendar(hours, zone, lambda day: day in _holidays(region, day.year))


@cache
def _holidays(region: str, year: int) -> frozenset[date]:
    # An object a year: the library's own grows while it is asked, and threads would meet in it.
    from holidays import country_holidays  # noqa: PLC0415 - a tenth of a second that is paid where a region is set

    country, _, state = region.partition("-")
    return frozenset(country_holidays(country, subdiv=state or None, years=year, expand=False))
