from __future__ import annotations

from datetime import timedelta

import kombu.exceptions
import pytest
import redis.exceptions
import sqlalchemy.exc
from billiard.exceptions import SoftTimeLimitExceeded
from hypothesis import given
from hypothesis import strategies as st

from worker.domain.failures import Permanent, Transient
from worker.retry import failure_of, retry_delay

DELAYS = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 120))
LONGEST = timedelta(minutes=12)


def test_the_delays_grow_with_each_attempt() -> None:
    delays = [retry_delay(attempt, DELAYS, 0.5, longest=LONGEST) for attempt in range(3)]
    assert delays == list(DELAYS)


@given(st.floats(0, 1))
def test_jitter_spreads_a_delay_by_a_quarter_to_either_side(jitter: float) -> None:
    delay = retry_delay(1, DELAYS, jitter, longest=LONGEST)
    assert delay is not None
    assert timedelta(seconds=22.5) <= delay <= timedelta(seconds=37.5)


def test_after_the_last_delay_there_is_no_further_attempt() -> None:
    assert retry_delay(3, DELAYS, 0.5, longest=LONGEST) is None


def test_an_endless_retry_stays_with_the_last_delay() -> None:
    assert retry_delay(1000, DELAYS, 0.5, longest=LONGEST, endless=True) == DELAYS[-1]


def test_an_endless_retry_needs_no_delays_to_go_on() -> None:
    assert retry_delay(7, (), 0.5, longest=LONGEST, endless=True) == timedelta(seconds=1)


def test_no_wait_is_longer_than_the_broker_lets_a_message_wait() -> None:
    assert retry_delay(2, DELAYS, 1, longest=timedelta(seconds=3)) == timedelta(seconds=3)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (sqlalchemy.exc.OperationalError("", {}, Exception()), "database_unavailable"),
        (sqlalchemy.exc.InterfaceError("", {}, Exception()), "database_unavailable"),
        (sqlalchemy.exc.TimeoutError(), "database_unavailable"),
        (sqlalchemy.exc.DBAPIError("", {}, Exception(), connection_invalidated=True), "database_unavailable"),
        (redis.exceptions.ConnectionError(), "broker_unavailable"),
        (redis.exceptions.TimeoutError(), "broker_unavailable"),
        (kombu.exceptions.OperationalError(), "broker_unavailable"),
        (SoftTimeLimitExceeded(), "time_limit_exceeded"),
    ],
)
def test_a_server_that_is_away_may_come_back(error: BaseException, reason: str) -> None:
    failure = failure_of(error)
    assert isinstance(failure, Transient)
    assert failure.reason == reason


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError(), "out_of_memory"),
        (RecursionError(), "nested_too_deeply"),
        (SystemExit(1), "exit_refused"),
        (KeyboardInterrupt(), "exit_refused"),
        (KeyError("x"), "unexpected_error: KeyError"),
        (sqlalchemy.exc.IntegrityError("", {}, Exception()), "unexpected_error: IntegrityError"),
    ],
)
def test_what_will_not_pass_is_not_tried_again(error: BaseException, reason: str) -> None:
    failure = failure_of(error)
    assert isinstance(failure, Permanent)
    assert failure.reason == reason


@pytest.mark.parametrize("failure", [Transient("engine_busy", 7.0), Permanent("refused")])
def test_a_failure_keeps_its_reason_and_loses_what_led_to_it(failure: Transient | Permanent) -> None:
    try:
        raise failure from ValueError("a customer's words")
    except (Transient, Permanent) as raised:
        found = failure_of(raised)
    assert (type(found), found.reason) == (type(failure), failure.reason)
    assert found.__cause__ is found.__context__ is None
    assert getattr(found, "retry_after", None) == getattr(failure, "retry_after", None)


@given(st.text(min_size=5))
def test_nothing_of_an_errors_text_is_in_its_reason(text: str) -> None:
    secret = f"<{text}>"
    for error in (
        ValueError(secret),
        MemoryError(secret),
        sqlalchemy.exc.OperationalError(secret, {}, Exception(secret)),
    ):
        assert secret not in str(failure_of(error))
