"""The whole system for acceptance tests: a database, a broker, and the real program in processes of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kombu.connection import Connection
from kombu.entity import Exchange, Queue
from kombu.messaging import Producer
from sqlalchemy import Select, select

from worker.storage.database import Database
from worker.storage.tables import BatchRow

ROOT = Path(__file__).parents[2]


@dataclass
class System:
    """A database, a broker, and the environment that makes processes use both."""

    environment: dict[str, str]
    folder: Path
    broker_url: str

    def run(self, *arguments: str, allowed: Sequence[int] = (0,)) -> Any:  # noqa: ANN401 - a JSON document
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "worker", *arguments, "--json"],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            check=False,
            timeout=120,
        )
        assert done.returncode in allowed, done.stderr.decode()
        return json.loads(done.stdout)

    @contextmanager
    def process(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        log = self.folder / f"{arguments[0]}-{time.monotonic_ns()}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", "celery", "-A", "worker", *arguments],
                cwd=ROOT,
                env=self.environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    @contextmanager
    def worker(self) -> Iterator[subprocess.Popen[bytes]]:
        with self.process("worker", "--without-gossip", "--without-mingle") as process:
            yield process

    def send(self, task_id: str, **arguments: Any) -> None:  # noqa: ANN401 - a task's own arguments
        """Sends as a service without our code would: Celery's message protocol 2 in JSON, to the queue `ingest`."""
        queue = Queue("ingest", Exchange("ingest", type="direct"), routing_key="ingest")  # type: ignore[no-untyped-call]
        with Connection(self.broker_url) as connection:  # type: ignore[no-untyped-call]
            Producer(connection).publish(  # type: ignore[no-untyped-call]
                [[], arguments, {}],
                headers={"lang": "py", "task": "tasks.ingest.bulk_patch", "id": task_id, "root_id": task_id},
                serializer="json",
                correlation_id=task_id,
                routing_key="ingest",
                declare=[queue],
            )

    def batch(self, key: str) -> dict[str, Any]:
        """The batch with this key, or an empty dict while there is none."""
        shown = self.run("show", "batch", "--key", key, allowed=(0, 1, 2))
        return dict(shown) if "batchId" in shown else {}

    def ask(self, statement: Select[Any]) -> list[Any]:
        """Asks the database itself: while waiting, a command's start would take the time that the worker needs."""
        with closing(Database(self.environment["DATABASE_URL"])) as database, database.read() as connection:
            return list(connection.scalars(statement))

    def updated(self, key: str) -> int:
        """How many items of a batch are saved."""
        return next(iter(self.ask(select(BatchRow.updated).where(BatchRow.key == key))), 0)
