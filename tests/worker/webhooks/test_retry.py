from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.webhooks.result import SendError, SendResult
from worker.webhooks.retry import LONGEST_RETRY_AFTER, Verdict, delay, read_retry_after, verdict

DELAYS = tuple(timedelta(seconds=seconds) for seconds in (5, 300, 1800))
NOW = datetime(2026, 11, 5, 10, 0, tzinfo=UTC)
_BY_ERROR = {
    SendError.INVALID_URL: Verdict.DEAD,
    SendError.FORBIDDEN_ADDRESS: Verdict.DEAD,
    SendError.UNRESOLVABLE: Verdict.RETRY,
    SendError.TIMEOUT: Verdict.RETRY,
    SendError.CONNECTION_FAILED: Verdict.RETRY,
    SendError.TLS_FAILED: Verdict.RETRY,
    SendError.INVALID_ANSWER: Verdict.RETRY,
    SendError.REDIRECT_REFUSED: Verdict.RETRY,
    SendError.HTTP_STATUS: Verdict.RETRY,
    SendError.ENDPOINT_DISABLED: Verdict.DEAD,
}


@pytest.mark.parametrize("error", SendError)
def test_every_error_has_its_verdict(error: SendError) -> None:
    assert verdict(SendResult(None, error, timedelta())) is _BY_ERROR[error]


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_a_2xx_is_delivered(status: int) -> None:
    assert verdict(SendResult(status, None, timedelta())) is Verdict.DELIVERED


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 422, 425, 429, 500, 502, 503, 504])
def test_any_other_status_is_tried_again(status: int) -> None:
    assert verdict(SendResult(status, SendError.HTTP_STATUS, timedelta())) is Verdict.RETRY


def test_a_receiver_that_is_gone_is_left_alone() -> None:
    assert verdict(SendResult(410, SendError.HTTP_STATUS, timedelta())) is Verdict.DEAD


@pytest.mark.parametrize(("attempt", "wait"), [(1, 5), (2, 300), (3, 1800)])
def test_each_attempt_has_its_delay(attempt: int, wait: int) -> None:
    assert delay(attempt, DELAYS, 0.0, None) == timedelta(seconds=wait)


def test_after_the_last_delay_attempts_are_used_up() -> None:
    assert delay(4, DELAYS, 0.0, None) is None
    assert delay(1, (), 0.0, None) is None
    assert delay(4, DELAYS, 0.0, 60.0) is None


def test_jitter_only_stretches_a_delay() -> None:
    assert delay(2, DELAYS, 0.5, None) == timedelta(seconds=337.5)


@given(st.integers(1, 3), st.floats(0, 1, exclude_max=True), st.none() | st.floats(0, 1e9))
def test_a_delay_is_never_shorter_than_planned_or_asked_for(
    attempt: int, jitter: float, retry_after: float | None
) -> None:
    wait = delay(attempt, DELAYS, jitter, retry_after)
    assert wait is not None
    assert wait >= DELAYS[attempt - 1]
    assert wait >= min(timedelta(seconds=retry_after or 0), LONGEST_RETRY_AFTER)
    assert wait <= LONGEST_RETRY_AFTER * 1.25


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("Thu, 05 Nov 2026 10:01:30 GMT", 90.0),
        ("Thu, 05 Nov 2026 11:01:30 +0100", 90.0),
        ("Thu, 05 Nov 2026 10:01:30 -0000", 90.0),
        ("Thu, 05 Nov 2026 09:00:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("1e9", None),
        ("٧", None),
        ("9" * 5000, None),
        ("Thu, 99 Nov 2026 10:01:30 GMT", None),
        ("Thu, 05 Nov 99999 10:01:30 GMT", None),
    ],
)
def test_a_receiver_may_ask_for_patience_in_seconds_or_by_date(value: str, seconds: float | None) -> None:
    assert read_retry_after(value, NOW) == seconds


@given(
    st.text(st.characters(max_codepoint=255)) | st.from_regex(r"\w{3}, \d+ Nov \d+ \d+:\d+:\d+ [+-]\d+", fullmatch=True)
)
def test_whatever_a_receiver_asks_is_no_error(value: str) -> None:
    wait = read_retry_after(value, NOW)
    assert wait is None or wait >= 0
