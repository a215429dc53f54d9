"""Waiting for what workers do; a server that is away is waited for, too."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from worker.cli.problems import is_service_away

T = TypeVar("T")

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0
_GROWTH = 1.3


def wait_until(
    look: Callable[[], T | None],
    done: Callable[[T | None], bool],
    seconds: float,
    show: Callable[[T | None], None] = lambda _: None,
    miss: Callable[[], None] = lambda: None,
) -> T | None:
    """Look again and again until it is done or the time is over; what was seen last.

    `show` is given what each look sees; `miss` is called after one that a server was away for.

    Raises what the last look raised because a server was away, and every other error at once.
    """
    deadline = time.monotonic() + seconds
    pause = _FIRST_PAUSE
    while True:
        away: Exception | None = None
        seen: T | None = None
        try:
            seen = look()
        except Exception as error:
            if not is_service_away(error):
                raise
            away = error
            miss()
        if away is None:
            show(seen)
            if done(seen):
                return seen
        left = deadline - time.monotonic()
        if left <= 0:
            if away is not None:
                raise away
            return seen
        time.sleep(min(pause, left))
        pause = min(pause * _GROWTH, _LONGEST_PAUSE)
