"""Work that waits for others, many at once: each in a thread, until all are done or one fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")


def side_by_side(work: Callable[[T], None], things: Sequence[T], at_once: int) -> None:
    """Work on all things, on so many at once; with 1, or on a single one, in the caller's own thread.

    Lines that are logged there say what lines of the caller say. When one fails, or the caller is interrupted, what
    was not begun is left, and what is under way goes on without anybody waiting for it.
    """
    if at_once == 1 or len(things) <= 1:
        for thing in things:
            work(thing)
        return
    pool = ThreadPoolExecutor(at_once, thread_name_prefix="refresh")
    try:
        ended, _ = wait([pool.submit(copy_context().run, work, thing) for thing in things], None, FIRST_EXCEPTION)
        for one in ended:
            one.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
