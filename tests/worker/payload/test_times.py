from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.payload.times import format_time, parse_time

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [ZoneInfo(name) for name in ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia")]


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]  # year, month, day, hour and so on


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2022-12-15 22:18:06", at(2022, 12, 15, 21, 18, 6)),
        ("2022-07-15 22:18:06", at(2022, 7, 15, 20, 18, 6)),
        ("2022-12-15T22:18:06", at(2022, 12, 15, 21, 18, 6)),
        ("2022-12-15T22:18", at(2022, 12, 15, 21, 18)),
        ("2023-11-07T05:31:56Z", at(2023, 11, 7, 5, 31, 56)),
        ("2023-11-07t05:31:56z", at(2023, 11, 7, 5, 31, 56)),
        ("2023-11-07T05:31:56.999999Z", at(2023, 11, 7, 5, 31, 56)),
        ("2023-11-07T05:31:56,5-0330", at(2023, 11, 7, 9, 1, 56)),
        ("2023-11-07 05:31:56+01:00", at(2023, 11, 7, 4, 31, 56)),
        ("20231107T053156Z", at(2023, 11, 7, 5, 31, 56)),
        (0, at(1970, 1, 1)),
        (-1, at(1969, 12, 31, 23, 59, 59)),
        (1_661_126_400, at(2022, 8, 22)),
        (1_661_126_400.9, at(2022, 8, 22)),
        ("9999-12-31T22:59:59Z", at(9999, 12, 31, 22, 59, 59)),
    ],
)
def test_three_forms_of_time_are_read(value: object, moment: datetime) -> None:
    assert parse_time(value, BERLIN) == moment


@pytest.mark.parametrize(
    "value",
    [
        "2022-12-15",
        "20221215",
        "22:18:06",
        "1661126400",
        "1661126400000",
        "",
        "now",
        "2022-12-15 22:18:06 ",
        "2022-12-15 22:18:06\n",
        "2022-12-15x22:18:06",
        "2022-02-30 10:00:00",
        "2022-12-15 24:00:00",
        "2022-12-15 22:18:60",
        "2022-12-15T22:18:06+24:00",
        "0000-01-01 00:00:00",
        "２０２２-12-15 22:18:06",
        10**11,
        1_661_126_400_000,
        -(10**11),
        10**400,
        float("nan"),
        float("inf"),
        1e300,
        True,
        False,
        None,
        [],
        {},
    ],
)
def test_everything_else_is_no_time(value: object) -> None:
    with pytest.raises(ValueError, match=r"time|text|number"):
        parse_time(value, BERLIN)


@pytest.mark.parametrize(
    ("value", "zone"),
    [
        ("0001-01-01 00:00:00", "Europe/Berlin"),
        ("0001-01-01T00:00:00Z", "America/New_York"),
        ("9999-12-31T23:59:59-05:00", "UTC"),
        ("9999-12-31T23:59:59Z", "Europe/Berlin"),
        (-62_135_596_801, "UTC"),
    ],
)
def test_a_moment_that_cannot_be_shown_in_the_zone_is_refused(value: object, zone: str) -> None:
    with pytest.raises(ValueError, match="years 1 to 9999"):
        parse_time(value, ZoneInfo(zone))


def test_the_first_of_two_equal_local_times_is_meant() -> None:
    assert parse_time("2024-10-27 02:30:00", BERLIN) == at(2024, 10, 27, 0, 30)


def test_a_skipped_local_time_is_read_with_the_offset_before_the_jump() -> None:
    assert parse_time("2024-03-31 02:30:00", BERLIN) == at(2024, 3, 31, 1, 30)


def test_a_time_is_shown_in_the_form_of_the_page_in_the_zone() -> None:
    assert format_time(at(2022, 12, 15, 21, 18, 6).replace(microsecond=7), BERLIN) == "2022-12-15 22:18:06"


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        (at(2024, 10, 27, 0, 30), "2024-10-27T02:30:00+02:00"),
        (at(2024, 10, 27, 1, 30), "2024-10-27T02:30:00+01:00"),
        (at(2024, 10, 27, 2, 30), "2024-10-27 03:30:00"),
    ],
)
def test_a_local_time_that_happens_twice_is_shown_with_its_offset(moment: datetime, shown: str) -> None:
    assert format_time(moment, BERLIN) == shown


def test_what_the_zone_has_no_day_for_is_shown_in_utc() -> None:
    assert format_time(at(9999, 12, 31, 23, 30), BERLIN) == "9999-12-31T23:30:00+00:00"


@given(
    st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29), timezones=st.just(UTC)),  # noqa: DTZ001
    st.sampled_from(ZONES),
)
def test_a_shown_time_is_read_back_as_the_same_second(moment: datetime, zone: ZoneInfo) -> None:
    assert parse_time(format_time(moment, zone), zone) == moment.replace(microsecond=0)


@given(st.sampled_from(ZONES), st.integers(-3 * 3600, 3 * 3600), st.integers(1970, 2040))
def test_times_around_the_ends_of_summer_are_read_back_as_the_same_second(
    zone: ZoneInfo, seconds: int, year: int
) -> None:
    for month, day in [(10, 25), (10, 31), (11, 1), (11, 7), (4, 1), (4, 7)]:
        moment = at(year, month, day, 3) + timedelta(seconds=seconds)
        assert parse_time(format_time(moment, zone), zone) == moment


@given(st.text() | st.integers() | st.floats() | st.booleans() | st.none())
def test_a_value_is_a_time_in_whole_seconds_of_utc_or_no_time(value: object) -> None:
    try:
        moment = parse_time(value, BERLIN)
    except ValueError as error:
        moment = None
        said = str(error)
    if moment is None:
        assert not (isinstance(value, str) and len(value) >= 6 and value in said)
    else:
        assert moment.utcoffset() == timedelta(0)
        assert moment.microsecond == 0
