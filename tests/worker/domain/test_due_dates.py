"""When so many business hours have passed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.domain.due_dates import CLOSES, LONGEST, OPENS, WORKDAYS, due_after, hours_of
from worker.domain.entities import Tag

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("start", "hours", "expected"),
    [
        ("2026-11-23 09:00", 4, "2026-11-23 13:00"),  # a Monday
        ("2026-11-23 06:30", 1, "2026-11-23 09:00"),
        ("2026-11-23 22:18", 8, "2026-11-24 16:00"),
        ("2026-11-23 17:00", 1, "2026-11-23 18:00"),
        ("2026-11-23 17:00", 1.5, "2026-11-24 08:30"),
        ("2026-11-27 17:00", 2, "2026-11-30 09:00"),  # over a weekend
        ("2026-11-28 12:00", 10, "2026-11-30 18:00"),
        ("2026-11-23 08:00", 50, "2026-11-27 18:00"),
        ("2026-10-23 17:00", 2, "2026-10-26 09:00"),  # the clocks went back meanwhile
        ("2026-03-27 17:00", 2, "2026-03-30 09:00"),  # the clocks went forward meanwhile
    ],
)
def test_hours_count_on_workdays_while_it_is_open(start: str, hours: float, expected: str) -> None:
    due = due_after(datetime.fromisoformat(start).replace(tzinfo=BERLIN), hours, BERLIN)

    assert due == datetime.fromisoformat(expected).replace(tzinfo=BERLIN).astimezone(UTC)
    assert due.tzinfo is UTC


@given(
    start=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds
    hours=st.floats(0.1, 200),
)
def test_a_due_date_is_always_within_business_hours_and_never_early(start: datetime, hours: float) -> None:
    due = due_after(start, hours, BERLIN)

    local = due.astimezone(BERLIN)
    assert local.weekday() in WORKDAYS
    assert OPENS <= local.time() <= CLOSES
    assert due - start >= timedelta(hours=hours) - timedelta(microseconds=1)


def test_an_endless_promise_ends() -> None:
    start = datetime(2026, 11, 23, tzinfo=UTC)

    assert due_after(start, 1e300, UTC) == due_after(start, LONGEST, UTC)


def test_the_tag_that_leaves_least_time_counts_unless_it_is_switched_off() -> None:
    tags = {
        1: Tag(1, "a", sla=8),
        2: Tag(2, "b", sla=4),
        3: Tag(3, "c", sla=1, enabled=False),
        4: Tag(4, "d"),
    }

    assert hours_of([1, 2, 3, 4, 99], tags) == 4
    assert hours_of([3, 4], tags) is None
