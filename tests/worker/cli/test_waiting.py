"""Waiting for workers: until it is done or the time is over, whatever is away meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from redis.exceptions import ConnectionError as RedisAway

from worker.cli.waiting import wait_until
from worker.operations.inspection.unknown import Unknown


def looks(*seen: int | Exception) -> Callable[[], int]:
    """Gives one after the other, the last one again and again."""
    left: Iterator[int | Exception] = iter(seen[:-1])

    def look() -> int:
        now = next(left, seen[-1])
        if isinstance(now, Exception):
            raise now
        return now

    return look


def test_what_is_done_ends_the_waiting() -> None:
    assert wait_until(looks(1, 2, 3), lambda seen: seen == 3, seconds=10) == 3


def test_the_last_thing_seen_is_given_when_the_time_is_over() -> None:
    assert wait_until(looks(1), lambda seen: seen == 3, seconds=0.1) == 1


def test_no_time_at_all_is_one_look() -> None:
    assert wait_until(looks(1, 2), lambda _: False, seconds=0) == 1


def test_a_server_that_comes_back_is_waited_for() -> None:
    assert wait_until(looks(1, RedisAway(), 3), lambda seen: seen == 3, seconds=10) == 3


def test_a_server_that_stays_away_is_told_of_in_the_end() -> None:
    with pytest.raises(RedisAway):
        wait_until(looks(1, RedisAway()), lambda seen: seen == 3, seconds=0.1)


def test_other_errors_end_the_waiting_at_once() -> None:
    with pytest.raises(Unknown):
        wait_until(looks(Unknown("batch_not_found", "gone"), 3), lambda seen: seen == 3, seconds=10)


def test_everything_seen_is_shown() -> None:
    shown: list[int | None] = []

    wait_until(looks(1, 2, 3), lambda seen: seen == 3, seconds=10, show=shown.append)

    assert shown == [1, 2, 3]


def test_every_look_that_found_no_server_is_told() -> None:
    missed: list[bool] = []

    wait_until(looks(1, RedisAway(), RedisAway(), 3), lambda seen: seen == 3, 10, miss=lambda: missed.append(True))

    assert missed == [True, True]
