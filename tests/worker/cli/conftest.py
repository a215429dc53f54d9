"""The command line as its users run it: each command in a process of its own, with nothing but its environment."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.worker.cli.forked import run_forked

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


@dataclass
class Run:
    """Runs commands in a folder with these settings: `run("show", "ticket", 1, stdin="…", DATABASE_URL="…")`."""

    folder: Path
    settings: dict[str, str]

    def __call__(self, *arguments: object, stdin: str = "", **changed: str) -> Done:
        with tempfile.TemporaryDirectory() as folder:
            streams = [Path(folder) / name for name in ("stdin", "stdout", "stderr")]
            for stream, text in zip(streams, (stdin, "", ""), strict=True):
                stream.write_text(text)
            code = run_forked([*map(str, arguments)], self._environment(changed), self.folder, streams)
            return Done(code, streams[1].read_text(), streams[2].read_text())

    def start(self, *arguments: object, stdin: str = "", **changed: str) -> subprocess.Popen[str]:
        """`python -m worker` as a process of its own, its input given."""
        with tempfile.TemporaryFile("w+") as given:
            given.write(stdin)
            given.seek(0)
            return subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", "worker", *map(str, arguments)],
                env=self._environment(changed),
                cwd=self.folder,
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )

    def _environment(self, changed: dict[str, str]) -> dict[str, str]:
        own = {"TICKETS_DATA_DIR": str(self.folder), "PYTHONPATH": str(ROOT)}
        return os.environ | own | self.settings | changed


def runner(folder: Path, **settings: str) -> Run:
    """Runs commands with these settings alone."""
    return Run(folder, settings)


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
