"""What follows from an attempt: pure decisions, after the Standard Webhooks specification."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus

from worker.webhooks.result import SendError, SendResult


class Verdict(StrEnum):
    """What becomes of a delivery after an attempt."""

    DELIVERED = "delivered"
    RETRY = "retry"
    DEAD = "dead"


# A receiver may ask for patience, not for ever.
LONGEST_RETRY_AFTER = timedelta(days=1)
# How long an endpoint that gives no answer is left alone: half as long as it has been failing, within these.
SHORTEST_REST, LONGEST_REST = timedelta(seconds=5), timedelta(minutes=5)
# Up to this part later, so that what failed together does not come again together.
SPREAD = 0.25

_DEAD_ERRORS = frozenset({SendError.FORBIDDEN_ADDRESS, SendError.INVALID_URL, SendError.ENDPOINT_DISABLED})
# 410 Gone is how a receiver says that it wants no more of this.
_DEAD_STATUSES = frozenset({HTTPStatus.GONE})
_SECONDS = re.compile(r"[0-9]{1,9}")


def verdict(result: SendResult) -> Verdict:
    """A 2xx is delivered; a 410, a forbidden address and an impossible URL are dead; all else is tried again."""
    if result.error is None:
        return Verdict.DELIVERED
    if result.error in _DEAD_ERRORS or result.status in _DEAD_STATUSES:
        return Verdict.DEAD
    return Verdict.RETRY


def delay(
    attempt: int, delays: Sequence[timedelta], jitter: float, retry_after: float | None = None
) -> timedelta | None:
    """How long to wait before the next attempt; None when all are used up.

    Args:
        attempt: How many attempts were made, from 1.
        delays: The wait after each attempt; their number is the number of retries.
        jitter: From 0 to below 1, drawn anew each time; stretches the wait by up to `SPREAD`.
        retry_after: Seconds that the receiver asked for; never less than these, up to `LONGEST_RETRY_AFTER`.
    """
    if attempt > len(delays):
        return None
    asked = min(timedelta(seconds=retry_after or 0.0), LONGEST_RETRY_AFTER)
    return max(delays[attempt - 1], asked) * (1 + SPREAD * jitter)


def longest(waits: Iterable[timedelta]) -> timedelta:
    """The longest that anything is put off, by these waits or because a receiver asks for it."""
    return max(LONGEST_RETRY_AFTER, *waits) * (1 + SPREAD)


def rest(result: SendResult, failing_for: timedelta) -> timedelta | None:
    """How long an endpoint is left alone after a failed attempt; None when only the one delivery has to wait.

    One that asks for patience gets it, up to `LONGEST_RETRY_AFTER`; one that gives no answer is tried ever more rarely.
    """
    if result.retry_after is not None:
        return min(timedelta(seconds=result.retry_after), LONGEST_RETRY_AFTER)
    if result.status is None:
        return min(max(failing_for / 2, SHORTEST_REST), LONGEST_REST)
    return None


def read_retry_after(value: str, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for, as a number or an HTTP date; None when it can't be read."""
    text = value.strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())
