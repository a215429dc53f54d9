"""Everything a fault can hit, real: workers, beat, a broker, a database, and somebody who receives webhooks."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, func, select

from tests.acceptance.processes import Broker
from tests.acceptance.system import System
from tests.benchmarks.data import USER
from tests.benchmarks.processes import children
from tests.faults.databases import Faulty
from tests.faults.work import Work
from tests.services.waiting import wait_until
from worker.demo.receiver import Receiver, receiver
from worker.domain.words import ENDED_BATCH
from worker.storage.batches import find_batch
from worker.storage.caused import OPEN_DELIVERIES, OPEN_RUNS
from worker.storage.database import Database
from worker.storage.tables import Base, DeliveryRow, OutboxRow, RefreshRunRow

_QUICK = {
    "LOG_FORMAT": "json",
    "REMAP_SIGTERM": "SIGQUIT",
    "TICKETS_WORKER_CONCURRENCY": "2",
    "TICKETS_MAX_BATCH_ITEMS": "20000",
    "TICKETS_CHUNK_SIZE": "100",
    "TICKETS_BATCH_SLICE": "0.1",  # batches take turns, however fast the machine is
    "TICKETS_RELAY_INTERVAL": "1",
    "TICKETS_RESEND_AFTER": "3",
    "TICKETS_LEASE": "4",
    "TICKETS_VISIBILITY_TIMEOUT": "60",
    "TICKETS_RETRY_DELAYS": "0.5,1,2,2,2,2,2,2",
    "TICKETS_WEBHOOK_RETRY_DELAYS": "0.5,1,2,2,2,2,2,2",
    "TICKETS_WEBHOOK_ALLOWED_HOSTS": "127.0.0.1",
    # That a process dies is never the work's fault here.
    "TICKETS_MAX_ATTEMPTS": "50",
}
"""Clocks so short that a test sees what they are for."""

PATIENCE = 180.0
"""Seconds within which everything has to end."""


@dataclass
class Site:
    """The whole of it, with some work loaded and nothing sent yet."""

    work: Work
    system: System
    database: Database
    broker: Broker
    receiver: Receiver
    faulty: Faulty
    crew: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _stack: ExitStack = field(default_factory=ExitStack)

    def send(self) -> None:
        """Sends all batches, as another service would."""
        for batch in self.work.batches:
            self.system.send(batch.key, items=batch.items, user_id=USER)

    def hire(self, workers: int = 1) -> None:
        """Starts workers, beside those that there are."""
        self.crew += [self._stack.enter_context(self.system.worker()) for _ in range(workers)]

    def kill_workers(self) -> None:
        """Kills every worker with all its children at once."""
        for process in self.crew:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.crew.clear()

    def kill_children(self) -> None:
        """Kills the children of all workers; those make new ones."""
        for process in self.crew:
            for pid in children(process.pid):
                with suppress(ProcessLookupError):  # it has just ended by itself
                    os.kill(pid, signal.SIGKILL)

    def share(self) -> float:
        """How much of all work has ended, from 0 to 1: items, refreshes and webhooks."""
        batches = self.work.batches
        of = sum(
            len(batch.items) + len(batch.refreshes) + sum(map(self.work.is_told, batch.wanted)) for batch in batches
        )
        with self.database.read() as connection:
            heads = [find_batch(connection, key=batch.key) for batch in batches]
            ended = sum(head.applied for head in heads if head is not None)
            ended += _count(connection, RefreshRunRow, RefreshRunRow.state.not_in(OPEN_RUNS))
            ended += _count(connection, DeliveryRow, DeliveryRow.state.not_in(OPEN_DELIVERIES))
        return ended / of

    def wait_for(self, share: float) -> bool:
        """Whether that much has ended in time."""
        return wait_until(lambda: self.share() >= share, PATIENCE)

    def settled(self) -> bool:
        """Whether every batch has ended with all that it caused, and no message is left."""
        with self.database.read() as connection:
            heads = [find_batch(connection, key=batch.key) for batch in self.work.batches]
            return all(head is not None and head.state in ENDED_BATCH for head in heads) and not (
                _count(connection, RefreshRunRow, RefreshRunRow.state.in_(OPEN_RUNS))
                or _count(connection, DeliveryRow, DeliveryRow.state.in_(OPEN_DELIVERIES))
                or _count(connection, OutboxRow)
            )

    def wait_for_the_end(self) -> bool:
        """Whether everything has ended in time."""
        return wait_until(self.settled, PATIENCE)

    def lose_the_broker(self) -> None:
        """Kills the broker; it comes back without anything."""
        self.broker.kill()
        shutil.rmtree(self.broker.folder / "appendonlydir")
        self.broker.start()

    @property
    def logs(self) -> list[str]:
        """What each worker has written."""
        return [path.read_text(errors="replace") for path in self.system.folder.glob("worker-*.log")]


def _count(connection: Connection, model: type[Base], *conditions: ColumnElement[bool]) -> int:
    return connection.execute(select(func.count()).select_from(model).where(*conditions)).scalar_one()


@contextmanager
def opened(folder: Path, faulty: Faulty, work: Work) -> Iterator[Site]:
    """A site on a migrated, empty database, with a beat and without workers."""
    broker = Broker(folder / "valkey")
    with ExitStack() as stack, receiver() as received, closing(Database(faulty.url)) as database:
        stack.callback(broker.kill)
        broker.start()
        stack.callback(broker.client.close)
        with database.write() as connection:
            work.load(connection, received)
        environment = os.environ | _QUICK
        environment |= {
            "DATABASE_URL": faulty.url,
            "REDIS_URL": broker.url,
            "TICKETS_DATA_DIR": str(folder / "data"),
        }
        system = System(environment, folder, broker.url)
        stack.enter_context(system.process("beat"))
        yield Site(work, system, database, broker, received, faulty, _stack=stack)


def shares(blows: int) -> Sequence[float]:
    """When to strike: blows spread over the work."""
    return [(blow + 1) / (blows + 1) for blow in range(blows)]
