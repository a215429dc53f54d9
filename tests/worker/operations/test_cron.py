"""What cron lines mean, and that beat fires at these very minutes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from celery import Celery

from worker.operations.cron import Cron, read_cron
from worker.payload.wrong import Wrong

BERLIN = ZoneInfo("Europe/Berlin")
FAR_PAST = datetime(2020, 1, 1, tzinfo=UTC)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def latest(line: str, until: str, zone: ZoneInfo = BERLIN, after: datetime = FAR_PAST) -> datetime | None:
    return read_cron(line).latest(zone, after=after, until=utc(until))


@pytest.mark.parametrize(
    ("line", "until", "expected"),
    [
        ("* * * * *", "2026-11-23T12:34:56", "2026-11-23T12:34"),
        ("*/15 * * * *", "2026-11-23T12:34:56", "2026-11-23T12:30"),
        ("0 4 * * *", "2026-11-23T03:00:00", "2026-11-23T03:00"),
        ("0 4 * * *", "2026-11-23T02:59:59", "2026-11-22T03:00"),
        ("0 4 * * *", "2026-07-23T02:00:00", "2026-07-23T02:00"),
        ("30 6 * * mon-fri", "2026-11-22T12:00:00", "2026-11-20T05:30"),
        ("30 6 * * 1-5", "2026-11-22T12:00:00", "2026-11-20T05:30"),
        ("0 0 1 * *", "2026-11-22T12:00:00", "2026-10-31T23:00"),
        ("0 0 1 jan *", "2026-11-22T12:00:00", "2025-12-31T23:00"),
        ("0 8,17 * * SUN", "2026-11-22T12:00:00", "2026-11-22T07:00"),
        ("0 12 29 2 *", "2026-11-22T12:00:00", "2024-02-29T11:00"),
        ("10-50/20 23 * * *", "2026-11-22T12:00:00", "2026-11-21T22:50"),
    ],
)
def test_the_latest_planned_minute_is_found(line: str, until: str, expected: str) -> None:
    assert latest(line, until) == utc(expected)


def test_there_is_no_planned_minute_before_the_beginning() -> None:
    line = "0 4 * * *"
    assert latest(line, "2026-11-23T12:00:00", after=utc("2026-11-23T03:00")) is None
    assert latest(line, "2026-11-23T12:00:00", after=utc("2026-11-23T02:59")) == utc("2026-11-23T03:00")
    assert latest(line, "2026-11-23T12:00:00", after=utc("2026-11-24T12:00")) is None


def test_the_next_planned_minute_comes_after_the_moment() -> None:
    cron = read_cron("0 4 * * *")
    assert cron.next(BERLIN, after=utc("2026-11-23T03:00")) == utc("2026-11-24T03:00")
    assert cron.next(BERLIN, after=utc("2026-11-23T02:59:59")) == utc("2026-11-23T03:00")


def test_the_next_leap_day_is_found_across_a_century_without_one() -> None:
    assert read_cron("0 0 29 2 *").next(BERLIN, after=utc("2096-03-01")) == utc("2104-02-28T23:00")


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("60 * * * *", "minute"),
        ("-1 * * * *", "minute"),
        ("*/0 * * * *", "minute"),
        ("*/5-7 * * * *", "minute"),
        ("1-5/2/3 * * * *", "minute"),
        ("jan * * * *", "minute"),
        ("1,,2 * * * *", "minute"),
        ("١ * * * *", "minute"),
        ("0 24 * * *", "hour"),
        ("0 0 0 * *", "day of month"),
        ("0 0 32 * *", "day of month"),
        ("0 0 * 13 *", "month"),
        ("0 0 * mon *", "month"),
        ("0 0 * * 7", "day of week"),
        ("0 0 * * monday", "day of week"),
        ("0 0 * * jan", "day of week"),
        ("0 0 30 2 *", "day"),
        ("0 0 31 4,6 *", "day"),
        ("* * * *", "five fields"),
        ("* * * * * *", "five fields"),
        ("@daily", "five fields"),
        ("", "five fields"),
    ],
)
def test_a_line_that_cannot_be_meant_is_refused_with_the_field(line: str, field: str) -> None:
    with pytest.raises(Wrong, match=field) as caught:
        read_cron(line)
    assert caught.value.code == "invalid_value"


@pytest.mark.parametrize(("line", "code"), [(None, "invalid_type"), (5, "invalid_type"), ("0 " * 200, "too_long")])
def test_what_is_no_line_is_refused(line: object, code: str) -> None:
    with pytest.raises(Wrong) as caught:
        read_cron(line)
    assert caught.value.code == code


def test_blanks_and_capitals_do_not_make_another_line() -> None:
    assert read_cron(" 0  4 * * MON-Fri\t").line == "0 4 * * mon-fri"


class Beat:
    """Celery's own decision about a line, in a zone, on a clock that the test turns."""

    def __init__(self, cron: Cron, start: datetime) -> None:
        self.now = self.last = start
        self.schedule = cron.beat
        self.schedule.app = Celery(set_as_current=False)
        self.schedule.app.conf.timezone = str(BERLIN)
        self.schedule.nowfun = lambda: self.now

    def fires(self, minutes: int) -> list[datetime]:
        fired = []
        for _ in range(minutes):
            if self.schedule.is_due(self.last)[0]:
                fired.append(self.now)
                self.last = self.now
            self.now += timedelta(minutes=1)
        return fired


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25", "2026-11-23"], ids=["spring", "autumn", "usual"])
@pytest.mark.parametrize("line", ["30 2 * * *", "0 3 * * *", "*/30 * * * *", "15 1-4 * * *", "0 2 * * sun"])
def test_beat_fires_at_the_planned_minutes_also_when_clocks_change(line: str, day: str) -> None:
    start = utc(f"{day}T00:00") - timedelta(hours=2, minutes=1)
    minutes = 60 * 8
    cron = read_cron(line)
    planned = []
    slot = cron.next(BERLIN, after=start)
    while slot is not None and slot < start + timedelta(minutes=minutes):
        planned.append(slot)
        slot = cron.next(BERLIN, after=slot)
    assert Beat(cron, start).fires(minutes) == planned
