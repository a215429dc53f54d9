"""When a ticket must be answered or resolved: so many business hours after it came in (contract section 4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

LONGEST = 10_000
"""Business hours, some four years of five days; a tag that leaves more is taken to leave these."""

FURTHEST = 3_660
"""Days that are looked ahead; where so few hours are business hours that more were needed, the last day counts."""

Hours = tuple[int, int]
"""From when to when, in minutes from midnight on the clock on the wall; the second is the greater one."""


@dataclass(frozen=True, slots=True)
class BusinessCalendar:
    """When work is done: hours by weekday (0 is Monday) in order, without overlap, less holidays, in a zone."""

    hours: Mapping[int, Sequence[Hours]]
    zone: tzinfo
    is_holiday: Callable[[date], bool] = lambda _: False

    def open_on(self, day: date) -> list[tuple[datetime, datetime]]:
        """When work is done on a day, from moment to moment in UTC. None of it where a clock jumps over it."""
        if self.is_holiday(day):
            return []
        midnight = datetime.combine(day, time(), self.zone)
        # Hours are added by the clock on the wall, and lengths taken in UTC: no hour is lost or counted twice.
        return [
            (
                (midnight + timedelta(minutes=opens)).astimezone(UTC),
                (midnight + timedelta(minutes=closes)).astimezone(UTC),
            )
            for opens, closes in self.hours.get(day.weekday(), ())
        ]


def due_after(start: datetime, hours: float, calendar: BusinessCalendar) -> datetime:
    """The moment, in UTC, at which this many business hours have passed since an aware `start`; `hours` is positive.

    A day's last moment counts as its own, not as the next day's first.
    """
    left = timedelta(hours=min(hours, LONGEST))
    first = start.astimezone(calendar.zone).date()
    last = start.astimezone(UTC)
    days = min(FURTHEST, (date.max - first).days)  # what is due after the last year there is, is due at its end
    for day in (first + timedelta(days=ahead) for ahead in range(days)):
        for opens, closes in calendar.open_on(day):
            begin = max(last, opens)
            if left <= closes - begin:
                return begin + left
            if begin < closes:
                left -= closes - begin
                last = closes
    return last
