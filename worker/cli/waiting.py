"""Waiting for what workers do, with progress bars on a terminal; a server that is away is waited for, too."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from worker.cli.problems import is_service_away
from worker.storage.inspection import Progress

T = TypeVar("T")

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0
_GROWTH = 1.3


def wait_until(
    look: Callable[[], T | None],
    done: Callable[[T | None], bool],
    seconds: float,
    show: Callable[[T | None], None] = lambda _: None,
) -> T | None:
    """Look again and again until it is done or the time is over; what was seen last.

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


@contextmanager
def shown_progress(*, quiet: bool) -> Iterator[Callable[[Progress | None], None]]:
    """Bars on stderr for items, refreshes and webhooks, when that is a terminal; gives what to call with news."""
    console = Console(stderr=True, quiet=quiet)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Bars(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as bars:
        waiting = bars.add_task("waiting for a worker", total=None)
        tasks = {name: bars.add_task(name, visible=False) for name in ("items", "refreshes", "webhooks")}

        def show(progress: Progress | None) -> None:
            if progress is None:
                return
            bars.update(waiting, visible=False)
            counts = {
                "items": (progress.applied, progress.received),
                "refreshes": (progress.refreshes_ended, progress.refreshes),
                "webhooks": (progress.webhooks_ended, progress.webhooks),
            }
            for name, (ended, total) in counts.items():
                bars.update(tasks[name], completed=ended, total=total, visible=total > 0)

        yield show
