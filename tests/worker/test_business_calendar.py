"""Hours and holidays of the settings become a calendar."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from config.business_time import OpenHours
from config.settings import Settings
from worker.business_calendar import business_calendar


def settings(region: str | None) -> Settings:
    return Settings(
        time_zone=ZoneInfo("Europe/Berlin"),
        business_hours=(OpenHours(0, 480, 720), OpenHours(0, 780, 1_020), OpenHours(5, 540, 780)),
        holidays=region,
    )


def test_hours_are_those_of_the_settings_by_weekday() -> None:
    calendar = business_calendar(settings(None))

    assert calendar.hours == {0: [(480, 720), (780, 1_020)], 5: [(540, 780)]}
    assert calendar.zone == ZoneInfo("Europe/Berlin")
    assert not calendar.is_holiday(date(2026, 12, 25))


@pytest.mark.parametrize(
    ("region", "day", "holiday"),
    [
        ("DE", date(2026, 10, 3), True),
        ("DE", date(2026, 11, 1), False),
        ("DE-NW", date(2026, 11, 1), True),  # All Saints' Day in some states alone
        ("DE-BE", date(2026, 11, 1), False),
        ("DE-NW", date(2027, 3, 26), True),  # Good Friday moves
        ("AT", date(2026, 10, 26), True),
        ("DE-NW", date(2026, 10, 26), False),
        ("AT", date(2026, 10, 3), False),
    ],
)
def test_holidays_are_those_of_the_region_in_every_year(region: str, day: date, holiday: bool) -> None:
    assert business_calendar(settings(region)).is_holiday(day) is holiday
