"""Garbage in cycles goes when a task has ended, if there is much of it."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from worker.collector import MANY, collect_between_tasks


class Knot:
    """A cycle of one."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture
def never_by_itself() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def tied(many: int) -> weakref.ref[Knot]:
    """So many cycles that nobody holds, and a look at one of them."""
    return weakref.ref([Knot() for _ in range(many)][-1])


@pytest.mark.usefixtures("never_by_itself")
def test_much_garbage_is_collected_between_tasks() -> None:
    one = tied(MANY)
    collect_between_tasks()
    assert one() is None


@pytest.mark.usefixtures("never_by_itself")
def test_a_little_is_left_for_later() -> None:
    one = tied(100)
    collect_between_tasks()
    assert one() is not None
