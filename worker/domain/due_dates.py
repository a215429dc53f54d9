"""When a ticket must be resolved: so many business hours after it came in (contract section 4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time, timedelta, tzinfo

from worker.domain.entities import Tag

OPENS, CLOSES = time(8), time(18)
"""Business hours of a day, in local time."""

LONGEST = 10_000
"""Business hours, some four years; a tag that leaves more is taken to leave these."""

WORKDAYS = frozenset(range(5))
"""Monday to Friday; public holidays differ from place to place and are not known here."""


def hours_of(tag_ids: Iterable[int], tags: Mapping[int, Tag]) -> float | None:
    """The fewest business hours that these tags leave; None when none says. Tags that are switched off say nothing."""
    given = (tags[tag_id].sla for tag_id in tag_ids if tag_id in tags and tags[tag_id].enabled)
    return min((hours for hours in given if hours is not None), default=None)


def due_after(start: datetime, hours: float, zone: tzinfo) -> datetime:
    """The moment, in UTC, at which this many business hours have passed since an aware `start`; `hours` is positive.

    A day's last moment counts as its own, not as the next day's first.
    """
    left = timedelta(hours=min(hours, LONGEST))
    day = start.astimezone(zone).date()
    while True:
        opens = max(start, datetime.combine(day, OPENS, zone))
        closes = datetime.combine(day, CLOSES, zone)
        # Python subtracts times of one zone by the clock on the wall; in UTC no hour is lost or counted twice.
        open_for = closes.astimezone(UTC) - opens.astimezone(UTC)
        if day.weekday() in WORKDAYS and open_for > timedelta():
            if left <= open_for:
                return opens.astimezone(UTC) + left
            left -= open_for
        day += timedelta(days=1)
