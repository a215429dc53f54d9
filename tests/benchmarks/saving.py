"""Saving, measured three ways in turn: the program, one ORM transaction a ticket, and the floor."""

from __future__ import annotations

import gc
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from statistics import median
from typing import Protocol

from sqlalchemy import func, select

from tests.benchmarks import floor, orm, ours
from tests.benchmarks.data import Case
from tests.benchmarks.databases import Kind
from tests.benchmarks.plan import Plan
from tests.benchmarks.results import Result
from worker.storage.database import Database
from worker.storage.tables import BatchItemRow

NAMES = ("save_vs_orm", "save_vs_floor", "flat")


class Saver(Protocol):
    """One way of saving, connected to a database."""

    def save(self, raw: bytes, now: datetime) -> None:
        """From the bytes of a batch to the committed ledger."""


Open = Callable[[str], AbstractContextManager[Saver]]
WAYS: Mapping[str, Open] = {"ours": ours.opened, "orm": orm.opened, "floor": floor.opened}
"""How to open each way on a database's URL."""

_NEEDED = {"save_vs_orm": {"ours", "orm"}, "save_vs_floor": {"ours", "floor"}, "flat": {"ours"}}
_GOALS = {"save_vs_orm": 40, "save_vs_floor": 0.35, "flat": 1 / 1.2}

Told = Callable[[str], None]
"""Is told what has just run."""


def runs(plan: Plan, names: Collection[str]) -> int:
    """How many runs `measure` makes."""
    return sum(plan.repeats.values()) * len(_ways(names))


def measure(kind: Kind, plan: Plan, names: Collection[str], told: Told) -> Iterator[Result]:
    """Runs the ways that the wanted names compare in turn, each the first in its turn."""
    rates = {size: _rates(kind, Case(size), plan, _ways(names), told) for size in plan.sizes}
    small, large = plan.sizes[0], plan.sizes[-1]
    pairs = {
        "save_vs_orm": [(size, size, "orm") for size in plan.sizes],
        "save_vs_floor": [(size, size, "floor") for size in plan.sizes],
        "flat": [(large, small, "ours")],
    }
    for name in names:
        for size, other_size, other in pairs[name]:
            ours_, baseline = rates[size]["ours"], rates[other_size][other]
            yield Result(name, kind.name, size, ours_, baseline, ours_ / baseline, _GOALS[name], "tickets/s")


def _ways(names: Collection[str]) -> list[str]:
    return [way for way in WAYS if any(way in _NEEDED[name] for name in names)]


def _rates(kind: Kind, case: Case, plan: Plan, ways: list[str], told: Told) -> dict[str, float]:
    """Tickets a second by way, the median of the repeats."""
    kind.prepare(case.n, case.load)
    found: dict[str, list[float]] = defaultdict(list)
    for turn in range(plan.repeats[case.n]):
        first = turn % len(ways)
        for way in ways[first:] + ways[:first]:
            found[way].append(_run(kind, way, case, plan.sample))
            told(f"{kind.name}, {case.n:,} tickets, {way}: {found[way][-1]:,.0f} a second")
    return {way: median(rates) for way, rates in found.items()}


def _run(kind: Kind, way: str, case: Case, sample: int) -> float:
    count = min(case.n, sample) if way == "orm" else case.n
    raw = case.saved() if way == "floor" else case.sent(count)
    with kind.fresh(case.n) as url, WAYS[way](url) as saver:
        now = datetime.now(UTC)
        gc.collect()
        began = time.perf_counter()
        saver.save(raw, now)
        took = time.perf_counter() - began
        _check(url, case, count)
    return count / took


def _check(url: str, case: Case, count: int) -> None:
    """A way that did something else is not measured."""
    database = Database(url)
    with database.read() as connection:
        rows = connection.execute(select(BatchItemRow.outcome, func.count()).group_by(BatchItemRow.outcome))
        found = dict(rows.tuples().all())
    database.close()
    if found != case.outcomes(count):
        raise AssertionError(f"the items ended as {found}, not as {case.outcomes(count)}")
