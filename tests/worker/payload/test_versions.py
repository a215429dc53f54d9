from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.domain.fields import FIELDS
from worker.domain.words import ErrorCode, RefreshMode
from worker.payload.item import Item, Rules, parse_item
from worker.payload.times import format_time
from worker.payload.versions import LastSeen

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def read(**raw: Any) -> Item:  # noqa: ANN401 - any JSON
    return parse_item({"id": 1} | raw, Rules(BERLIN))


def last_seen(value: object) -> LastSeen:
    item = read(ifModifiedAt=value)
    assert item.errors == ()
    assert item.last_seen is not None
    return item.last_seen


@pytest.mark.parametrize(
    "value", ["2026-11-23 13:00:00", "2026-11-23T12:00:00Z", "2026-11-23T12:00:00.000Z", 1795435200, 1795435200.0]
)
def test_the_pages_whole_seconds_know_every_moment_of_their_second(value: object) -> None:
    seen = last_seen(value)

    assert not seen.is_stale(NOON.replace(microsecond=999_999))
    assert seen.is_stale(NOON + timedelta(seconds=1))


@pytest.mark.parametrize(
    ("value", "known", "unknown"),
    [
        ("2026-11-23T12:00:00.5Z", 599_999, 600_000),
        ("2026-11-23T12:00:00,123Z", 123_999, 124_000),
        ("2026-11-23T12:00:00.123456Z", 123_456, 123_457),
        ("2026-11-23T12:00:00.123456789Z", 123_456, 123_457),
        (1795435200.25, 259_999, 260_000),
    ],
)
def test_a_fraction_is_compared_down_to_its_last_digit(value: object, known: int, unknown: int) -> None:
    seen = last_seen(value)

    assert not seen.is_stale(NOON.replace(microsecond=known))
    assert seen.is_stale(NOON.replace(microsecond=unknown))


def test_null_knows_a_ticket_that_was_never_modified_and_no_other() -> None:
    assert not last_seen(None).is_stale(None)
    assert last_seen(None).is_stale(datetime(1970, 1, 1, tzinfo=UTC))


def test_a_ticket_that_was_never_modified_has_not_changed_since_any_time() -> None:
    assert not last_seen("2000-01-01 00:00:00").is_stale(None)


@given(st.datetimes(datetime(1971, 1, 1), datetime(2900, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - made aware
def test_what_the_page_shows_is_never_stale_by_itself(modified_at: datetime) -> None:
    assert not last_seen(format_time(modified_at, BERLIN)).is_stale(modified_at)
    assert not last_seen(modified_at.isoformat()).is_stale(modified_at)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("yesterday", ErrorCode.INVALID_VALUE),
        ("2026-11-23", ErrorCode.INVALID_VALUE),
        (1795435200000, ErrorCode.INVALID_VALUE),
        (True, ErrorCode.INVALID_TYPE),
        ([], ErrorCode.INVALID_TYPE),
    ],
)
@pytest.mark.parametrize("control", [{}, {"refreshMode": "full"}])
def test_what_is_no_time_rejects_any_item(value: object, code: ErrorCode, control: dict[str, object]) -> None:
    item = read(ifModifiedAt=value, **control)

    assert [(error.code, error.field) for error in item.errors] == [(code, "ifModifiedAt")]


def test_an_item_without_it_checks_no_version() -> None:
    assert read(status="open").last_seen is None


def test_it_is_neither_saved_nor_ignored_nor_one_of_the_fields() -> None:
    item = read(ifModifiedAt=None, status="open")

    assert (item.values, item.ignored) == ({"status": "open"}, ())
    assert "ifModifiedAt" not in FIELDS


def test_a_refresh_may_carry_it() -> None:
    item = read(ifModifiedAt="2026-11-23 13:00:00", refreshMode="tags")

    assert (item.refresh, item.ignored, item.errors) == (RefreshMode.TAGS, (), ())
    assert item.last_seen == LastSeen(NOON, 1_000_000)
