"""When a failed task is tried again: two pure functions, one of the error and one of the attempt."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import kombu.exceptions
import redis.exceptions
import sqlalchemy.exc
from billiard.exceptions import SoftTimeLimitExceeded

from worker.domain.failures import Permanent, Transient

JITTER = 0.5
"""Of a delay: how far two that failed together are spread."""

LAST_RESORT = timedelta(seconds=1)
"""The wait of a task that is retried for ever when no delays are set."""

# The reason of an error that is not one of ours. The first class that fits counts.
PASSING: dict[tuple[type[BaseException], ...], str] = {
    (
        sqlalchemy.exc.OperationalError,
        sqlalchemy.exc.InterfaceError,
        sqlalchemy.exc.TimeoutError,
    ): "database_unavailable",
    (
        redis.exceptions.ConnectionError,
        redis.exceptions.TimeoutError,
        kombu.exceptions.OperationalError,
    ): "broker_unavailable",
    (SoftTimeLimitExceeded,): "time_limit_exceeded",
}

LASTING: dict[type[BaseException], str] = {
    MemoryError: "out_of_memory",
    RecursionError: "nested_too_deeply",
    SystemExit: "exit_refused",
    KeyboardInterrupt: "exit_refused",
}


def failure_of(error: BaseException) -> Transient | Permanent:
    """What an error means, in static words: its own text and what led to it may hold a customer's data."""
    if isinstance(error, Transient):
        return Transient(error.reason, error.retry_after)
    if isinstance(error, Permanent):
        return Permanent(error.reason)
    if isinstance(error, sqlalchemy.exc.DBAPIError) and error.connection_invalidated:
        return Transient("database_unavailable")
    for kinds, reason in PASSING.items():
        if isinstance(error, kinds):
            return Transient(reason)
    for kind, reason in LASTING.items():
        if isinstance(error, kind):
            return Permanent(reason)
    return Permanent(f"unexpected_error: {type(error).__name__}")


def retry_delay(
    attempt: int, delays: Sequence[timedelta], jitter: float, *, longest: timedelta, endless: bool = False
) -> timedelta | None:
    """How long to wait after failed attempt number `attempt`, the first being 0; None: not again.

    `jitter` from 0 to 1 spreads the delay from three quarters to five quarters. `endless` stays with the last delay.
    """
    if attempt >= len(delays) and not endless:
        return None
    delay = delays[min(attempt, len(delays) - 1)] if delays else LAST_RESORT
    return min(delay * (1 - JITTER / 2 + JITTER * jitter), longest)
