"""What only a real worker shows: its memory, and how long one patch takes while it applies a large batch."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from statistics import quantiles

import orjson
import redis
from sqlalchemy import Row, select, update

from config.routing import TaskName
from tests.benchmarks.data import USER, Case
from tests.benchmarks.databases import Kind
from tests.benchmarks.plan import Plan
from tests.benchmarks.processes import children, listening, peak_memory, worker
from tests.benchmarks.results import Result
from tests.benchmarks.saving import Told
from tests.services.waiting import wait_until
from worker.app import app
from worker.domain.words import BatchState
from worker.storage.database import Database
from worker.storage.tables import BatchRow, EndpointRow

NAMES = ("memory", "memory_main", "single_patch_p95")

MEMORY_LIMIT = 350
"""MB that a process which applies a batch may take, however large the batch."""

_PATIENCE = 600
_FEWEST = 10
_PAUSE, _LOOK = 0.05, 0.002
_WARM_UP = 10


@dataclass
class Live:
    """A running worker, seen from outside."""

    database: Database
    pid: int
    large: int
    _random: Random = field(default_factory=lambda: Random(5))  # noqa: S311 - reproducible, not secret

    def send(self, items: object) -> str:
        """Sends a batch as another service does; its key."""
        key = str(uuid.uuid4())
        arguments = {"items": items, "idempotency_key": key, "user_id": USER}
        app.send(TaskName.BULK_PATCH, arguments, task_id=key)
        return key

    def send_large(self) -> str:
        """Sends a patch for every ticket, and waits until the first of them are saved; the batch's key."""
        key = self.send(orjson.loads(Case(self.large).sent()))
        if not wait_until(lambda: self._begun(key), _PATIENCE):
            raise AssertionError("no worker has begun with the batch")
        return key

    def _begun(self, key: str) -> bool:
        batch = self._batch(key)
        return batch is not None and batch.next_chunk > 0

    def ended(self, key: str) -> bool:
        """Whether a batch is saved."""
        batch = self._batch(key)
        return batch is not None and batch.state == BatchState.DONE

    def _batch(self, key: str) -> Row[str, int] | None:
        with self.database.read() as connection:
            query = select(BatchRow.state, BatchRow.next_chunk).where(BatchRow.key == key)
            return connection.execute(query).one_or_none()

    def patch(self) -> float:
        """Seconds that one patch of some ticket takes, from being sent to being saved."""
        item = {"id": self._random.randint(1, self.large), "subject": f"Rückruf {self._random.random()}"}
        began = time.perf_counter()
        key = self.send([item])
        while not self.ended(key):
            time.sleep(_LOOK)
            if time.perf_counter() - began > _PATIENCE:
                raise AssertionError("a single patch is not saved")
        return time.perf_counter() - began

    def patches(self, going_on: Callable[[int], bool]) -> list[float]:
        """One patch after the other, as long as it is wanted; the argument is how many there were."""
        took: list[float] = []
        while going_on(len(took)):
            took.append(self.patch())
            time.sleep(_PAUSE)
        return took


@contextmanager
def _running(kind: Kind, plan: Plan) -> Iterator[Live]:
    """A worker on a fresh database, warmed up."""
    case = Case(plan.large)
    kind.prepare(case.n, case.load)
    with redis.Redis.from_url(app.broker_url) as client:
        client.flushall()
    with kind.fresh(case.n) as url, listening() as receiver:
        database = Database(url)
        with database.write() as connection:
            connection.execute(update(EndpointRow).values(url=receiver))
        with worker(url) as pid:
            live = Live(database, pid, plan.large)
            live.patches(lambda done: done < _WARM_UP)
            yield live
        database.close()


def runs(_plan: Plan, _names: Collection[str]) -> int:
    """How many runs `measure` makes."""
    return 1


def measure(kind: Kind, plan: Plan, names: Collection[str], told: Told) -> Iterator[Result]:
    """A worker with as many children as by default takes the large batch, and single patches before and beside it."""
    idle, busy, peaks = _watch(kind, plan)
    told(f"{kind.name}, {plan.large:,} tickets beside single patches")
    for name, peak in peaks.items():
        if name in names:
            yield Result(name, kind.name, plan.large, peak, MEMORY_LIMIT, MEMORY_LIMIT / peak, 1, "MB")
    if "single_patch_p95" in names:
        yield Result("single_patch_p95", kind.name, plan.large, busy, idle, idle / busy, 1 / 3, "ms")


def _watch(kind: Kind, plan: Plan) -> tuple[float, float, dict[str, float]]:
    """The 95th percentile of single patches without and beside the batch in milliseconds, and peaks in MB."""
    with _running(kind, plan) as live:
        idle = live.patches(lambda done: done < plan.patches)
        key = live.send_large()
        busy = live.patches(lambda _: not live.ended(key))
        peaks = {"memory": max(map(peak_memory, children(live.pid))), "memory_main": peak_memory(live.pid)}
    if len(busy) < _FEWEST:
        raise AssertionError(f"the batch was over after {len(busy)} patches; take a larger one")
    return _p95(idle), _p95(busy), peaks


def _p95(seconds: Sequence[float]) -> float:
    """The 95th percentile in milliseconds."""
    return quantiles(seconds, n=20)[-1] * 1_000
