"""The command line as its users run it: a process of its own, with nothing but its environment."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]


@dataclass
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:  # noqa: ANN401 - any JSON
        """The one JSON document on stdout."""
        return json.loads(self.out)


Run = Callable[..., Done]


def runner(folder: Path, **settings: str) -> Run:
    """Runs commands with these settings: `run("show", "ticket", 1, stdin="…", DATABASE_URL="…")`."""

    def run(*arguments: object, stdin: str = "", **changed: str) -> Done:
        environment = os.environ | {"TICKETS_DATA_DIR": str(folder), "PYTHONPATH": str(ROOT)} | settings | changed
        command = [sys.executable, "-m", "worker", *map(str, arguments)]
        done = subprocess.run(  # noqa: S603 - our own program
            command, env=environment, cwd=folder, input=stdin, capture_output=True, text=True, check=False, timeout=120
        )
        return Done(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def database_kind() -> str:
    """SQLite, unless a module is about both."""
    return "sqlite"


@pytest.fixture
def run(migrated_database_url: str, valkey_url: str, tmp_path: Path) -> Run:
    """Runs commands on an empty database and an empty Redis, without any worker."""
    return runner(tmp_path, DATABASE_URL=migrated_database_url, REDIS_URL=valkey_url)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Runs commands on embedded services, with a worker; the tests of a module share them."""
    folder = tmp_path_factory.mktemp("served")
    with _worker(folder):
        yield runner(folder)


@contextmanager
def _worker(folder: Path) -> Iterator[None]:
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "worker",
        "worker",
        "--without-gossip",
        "--without-mingle",
        "-c",
        "1",
    ]
    environment = os.environ | {"TICKETS_DATA_DIR": str(folder)}
    with (folder / "worker.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own program
            command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
