"""Real worker, beat and Flower processes that end with the demonstration, however it ends."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 20.0
"""Seconds that a process has to end by itself."""

COMMANDS: dict[str, tuple[str, ...]] = {
    "worker": ("worker", "--without-gossip", "--without-mingle"),
    "beat": ("beat",),
    "flower": ("flower", "--conf=config/flower.py"),
}
"""What the Procfile runs, less what only a process manager needs."""


@contextmanager
def processes(environment: Mapping[str, str], logs: Path) -> Iterator[None]:
    """Run worker, beat and Flower, each in a group of its own with its log in a file; end them all at last."""
    logs.mkdir(parents=True, exist_ok=True)
    running: list[subprocess.Popen[bytes]] = []
    try:
        for name, arguments in COMMANDS.items():
            with (logs / f"{name}.log").open("wb") as log:
                command = [sys.executable, "-m", "celery", "-A", "worker", *arguments]
                process = subprocess.Popen(  # noqa: S603 - our own commands
                    command, cwd=ROOT, env=dict(environment), stdout=log, stderr=log, start_new_session=True
                )
                running.append(process)
        yield
    finally:
        for process in running:
            _signal(process, signal.SIGTERM)
        for process in running:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(PATIENCE)
    _signal(process, signal.SIGKILL)  # children that outlived it, too
    process.wait()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def free_port() -> int:
    """A TCP port on loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
