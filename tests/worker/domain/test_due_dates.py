"""When so many business hours have passed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.domain.due_dates import FURTHEST, LONGEST, BusinessCalendar, due_after

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = BusinessCalendar({day: [(480, 1_080)] for day in range(5)}, BERLIN)
SHIFTS = BusinessCalendar({0: [(480, 720), (780, 1_050)], 5: [(540, 780)]}, BERLIN)
ALWAYS = BusinessCalendar({day: [(0, 1_440)] for day in range(7)}, BERLIN)
CHRISTMAS = frozenset({date(2026, 12, 25), date(2026, 12, 26), date(2027, 1, 1)})


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


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
    due = due_after(berlin(start), hours, OFFICE)

    assert due == berlin(expected)
    assert due.tzinfo is UTC


@pytest.mark.parametrize(
    ("start", "hours", "expected"),
    [
        ("2026-11-23 11:00", 2, "2026-11-23 14:00"),  # over lunch
        ("2026-11-23 12:30", 1, "2026-11-23 14:00"),
        ("2026-11-23 17:00", 1, "2026-11-28 09:30"),  # half an hour on Saturday
        ("2026-11-28 13:00", 0.5, "2026-11-30 08:30"),
    ],
)
def test_a_day_may_have_several_hours_and_a_week_any_days(start: str, hours: float, expected: str) -> None:
    assert due_after(berlin(start), hours, SHIFTS) == berlin(expected)


@pytest.mark.parametrize("start", ["2026-03-28 20:00", "2026-10-24 20:00"])
def test_round_the_clock_an_hour_is_an_hour_when_the_clocks_change(start: str) -> None:
    assert due_after(berlin(start), 30, ALWAYS) == berlin(start).astimezone(UTC) + timedelta(hours=30)


def test_an_hour_that_the_clocks_jump_over_is_no_business_hour() -> None:
    night = BusinessCalendar({6: [(120, 180), (240, 300)]}, BERLIN)  # 02:00 to 03:00 is not there on 29 March

    assert due_after(berlin("2026-03-28 12:00"), 1, night) == berlin("2026-03-29 05:00")


def test_holidays_are_no_business_days() -> None:
    calendar = BusinessCalendar(OFFICE.hours, BERLIN, CHRISTMAS.__contains__)

    assert due_after(berlin("2026-12-24 17:00"), 2, calendar) == berlin("2026-12-28 09:00")
    assert due_after(berlin("2026-12-31 12:00"), 8, calendar) == berlin("2027-01-04 10:00")


@given(
    start=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds
    hours=st.floats(0.1, 200),
    calendar=st.sampled_from([OFFICE, SHIFTS, ALWAYS]),
)
def test_a_due_date_is_always_within_business_hours_and_never_early(
    start: datetime, hours: float, calendar: BusinessCalendar
) -> None:
    due = due_after(start, hours, calendar)

    day = due.astimezone(BERLIN).date()
    spans = [*calendar.open_on(day - timedelta(days=1)), *calendar.open_on(day)]
    assert any(opens <= due <= closes for opens, closes in spans)
    assert due - start >= timedelta(hours=hours) - timedelta(microseconds=1)


def test_an_endless_promise_ends() -> None:
    start = datetime(2026, 11, 23, tzinfo=UTC)

    assert due_after(start, 1e300, OFFICE) == due_after(start, LONGEST, OFFICE)


def test_where_hardly_any_hour_is_one_the_last_day_looked_at_counts() -> None:
    minute = BusinessCalendar({0: [(480, 481)]}, UTC)

    due = due_after(datetime(2026, 11, 23, tzinfo=UTC), 100, minute)

    assert timedelta(days=FURTHEST - 8) < due - datetime(2026, 11, 23, tzinfo=UTC) <= timedelta(days=FURTHEST)


def test_the_last_year_there_is_has_due_dates() -> None:
    assert due_after(datetime(9999, 12, 31, 12, tzinfo=UTC), 8, OFFICE).year == 9999
