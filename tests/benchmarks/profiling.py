"""Where the time of a batch goes, as the program spends it."""

from __future__ import annotations

import pstats
import signal
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from cProfile import Profile
from datetime import UTC, datetime
from types import FrameType

from rich.console import Console
from rich.table import Table

from tests.benchmarks.data import Case
from tests.benchmarks.databases import Kind
from tests.benchmarks.ours import opened

SIZE = 10_000
_INTERVAL = 0.001
_FUNCTIONS = 30

PHASES: Mapping[str, str] = {
    "read_batch": "read: JSON to items",
    "check": "check: values and size",
    "batch_digest": "accept: digest",
    "accept": "accept: the rest",
    "chunk_items": "load the chunk",
    "parse_items": "parse: validate items",
    "lock_tickets": "lock and read tickets",
    "tags_by_id": "look up tags",
    "settle": "decide: compare, net change",
    "save_changes": "prepare tickets, history, worklog",
    "announce_in_batch": "prepare events and deliveries",
    "ledger_row": "prepare the ledger",
    "save_step": "step on",
    "_leaving": "note messages as sent",
    "find_batch": "read the head",
    "do_commit": "commit",
}
"""What is going on while a function of this name is the innermost one; rows under way go by their table instead."""

_WRITING = {"insert_rows", "update_rows"}
_REPLACED = "_replace_tags"


class Phases:
    """Looks once a millisecond what the program is at; a look that came late counts for all the time since the last."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self._last = 0.0

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watches while the block runs."""
        before = signal.signal(signal.SIGALRM, self._look)
        self._last = time.perf_counter()
        signal.setitimer(signal.ITIMER_REAL, _INTERVAL, _INTERVAL)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    def _look(self, _signal: int, frame: FrameType | None) -> None:
        now = time.perf_counter()
        self.seconds[_phase(frame)] += now - self._last  # type: ignore[assignment] # counts seconds
        self._last = now


def _phase(frame: FrameType | None) -> str:
    while frame is not None:
        name = frame.f_code.co_name
        if name in _WRITING:
            return f"write {frame.f_locals['model'].__tablename__}"
        if name == _REPLACED:
            return "write ticket_tag"
        if name in PHASES:
            return PHASES[name]
        frame = frame.f_back
    return "everything else"


def profile(kind: Kind, console: Console) -> None:
    """Prints a table of phases and, from another run, the functions that take longest."""
    case = Case(SIZE)
    kind.prepare(case.n, case.load)
    phases, functions = Phases(), Profile()
    _save(kind, case, nullcontext())  # once in vain: statements are compiled
    took = _save(kind, case, phases.watched())
    _save(kind, case, functions)
    table = Table("phase", title=f"{kind.name}, {SIZE:,} tickets, {took:.2f} s")
    table.add_column("ms", justify="right")
    table.add_column("share", justify="right")
    total = sum(phases.seconds.values())
    for phase, seconds in phases.seconds.most_common():
        table.add_row(phase, f"{seconds * 1_000:.0f}", f"{seconds / total:.0%}")
    console.print(table)
    pstats.Stats(functions).sort_stats("tottime").print_stats(_FUNCTIONS)


def _save(kind: Kind, case: Case, around: AbstractContextManager[object]) -> float:
    raw = case.sent()
    with kind.fresh(case.n) as url, opened(url) as saver, around:
        began = time.perf_counter()
        saver.save(raw, datetime.now(UTC))
        return time.perf_counter() - began
