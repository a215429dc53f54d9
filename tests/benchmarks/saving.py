"""Saving, measured three ways in turn: the program, one ORM transaction a ticket, and the floor."""

from __future__ import annotations

import gc
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
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

Rates = Mapping[int, Mapping[str, float]]
"""Tickets a second by size and way."""


@dataclass
class Saving:
    """The rates of one database, and what follows from them."""

    kind: Kind
    plan: Plan
    names: Collection[str]
    rates: dict[int, dict[str, float]] = field(default_factory=dict)

    @property
    def ways(self) -> list[str]:
        """Which ways the wanted names compare."""
        return [way for way in WAYS if any(way in _NEEDED[name] for name in self.names)]

    @property
    def runs(self) -> int:
        """How many runs it takes."""
        return sum(self.plan.repeats[size] * len(self.ways) for size in self.plan.sizes)

    def measure(self, done: Callable[[str], None]) -> None:
        """Runs all ways in turn; tells `done` what has just run."""
        for size in self.plan.sizes:
            case = Case(size)
            self.kind.prepare(size, case.load)
            rates: dict[str, list[float]] = defaultdict(list)
            for turn in range(self.plan.repeats[size]):
                order = self.ways[turn % len(self.ways) :] + self.ways[: turn % len(self.ways)]
                for way in order:
                    rates[way].append(self._run(way, case))
                    done(f"{self.kind.name}, {size:,} tickets, {way}: {rates[way][-1]:,.0f} a second")
            self.rates[size] = {way: median(found) for way, found in rates.items()}

    def _run(self, way: str, case: Case) -> float:
        count = min(case.n, self.plan.sample) if way == "orm" else case.n
        raw = case.saved() if way == "floor" else case.sent(count)
        with self.kind.fresh(case.n) as url, WAYS[way](url) as saver:
            now = datetime.now(UTC)
            gc.collect()
            began = time.perf_counter()
            saver.save(raw, now)
            rate = count / (time.perf_counter() - began)
            _check(url, case, count)
            return rate

    def results(self) -> Iterator[Result]:
        """A line for each name and size."""
        for name, other in (("save_vs_orm", "orm"), ("save_vs_floor", "floor")):
            if name in self.names:
                for size, rates in self.rates.items():
                    yield self._result(name, size, rates["ours"], rates[other])
        if "flat" in self.names:
            small, large = min(self.rates), max(self.rates)
            yield self._result("flat", large, self.rates[large]["ours"], self.rates[small]["ours"])

    def _result(self, name: str, size: int, mine: float, baseline: float) -> Result:
        return Result(name, self.kind.name, size, mine, baseline, mine / baseline, _GOALS[name], "tickets/s")


def _check(url: str, case: Case, count: int) -> None:
    """A way that did something else is not measured."""
    database = Database(url)
    with database.read() as connection:
        rows = connection.execute(select(BatchItemRow.outcome, func.count()).group_by(BatchItemRow.outcome))
        found = dict(rows.tuples().all())
    database.close()
    if found != case.outcomes(count):
        raise AssertionError(f"the items ended as {found}, not as {case.outcomes(count)}")
