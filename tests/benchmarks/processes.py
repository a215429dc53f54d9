"""Real processes for what can only be seen in them: a broker, a worker, and somebody who receives webhooks."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import redis

from tests.benchmarks import receiver
from tests.benchmarks.ours import LARGEST
from tests.services.server import new_folder, running
from worker.embedded import server_binary

ROOT = Path(__file__).parents[2]


@contextmanager
def broker() -> Iterator[str]:
    """URL of a private valkey-server that keeps its data on disk, as the program asks for."""
    folder, password = new_folder("valkey"), secrets.token_urlsafe(16)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    lines = ("bind 127.0.0.1", f"port {port}", f"requirepass {password}", "appendonly yes", 'save ""')
    (folder / "valkey.conf").write_text("\n".join(lines))
    url = f"redis://:{password}@127.0.0.1:{port}/0"
    command = [server_binary(), str(folder / "valkey.conf")]
    with redis.Redis.from_url(url) as client, running(folder, command, lambda: _answers(client)):
        yield url


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


@contextmanager
def listening() -> Iterator[str]:
    """URL of a process that answers every webhook at once."""
    command = [sys.executable, receiver.__file__]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/"
        finally:
            process.kill()


@contextmanager
def worker(database_url: str) -> Iterator[int]:
    """Process id of a worker on this database and the broker of this process; it is killed, for nobody needs the rest.

    Its lines go to a file that is shown when the block fails.
    """
    folder = new_folder("worker")
    environment = os.environ | {
        "DATABASE_URL": database_url,
        "TICKETS_LOG_LEVEL": "INFO",
        "TICKETS_MAX_BATCH_ITEMS": str(LARGEST),
        "TICKETS_WEBHOOK_ALLOWED_HOSTS": "127.0.0.1",
    }
    options = ("--without-gossip", "--without-mingle")
    command = [sys.executable, "-m", "celery", "-A", "worker", "worker", *options]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own program
            command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield process.pid
    except BaseException:
        sys.stderr.write((folder / "log").read_text(errors="replace")[-10_000:])
        raise
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def children(pid: int) -> Sequence[int]:
    """Processes that this one started."""
    if Path("/proc").exists():
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    listed = subprocess.run(["ps", "-A", "-o", "ppid=,pid="], capture_output=True, check=True, text=True)  # noqa: S607 - every Unix has it
    pairs = (line.split() for line in listed.stdout.splitlines())
    return [int(child) for parent, child in pairs if int(parent) == pid]


def peak_memory(pid: int) -> float:
    """The most memory that the process ever held, in MB (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 / 1_000_000


def own_memory(pid: int) -> float:
    """The memory that the process shares with no other, in MB (Linux).

    What lies in shared memory counts for nobody, even where one process alone has looked at it so far.
    """
    own, shared = 0, False
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        name, value, *_ = line.split()
        if not name.endswith(":"):  # a mapping begins, with its addresses and permissions
            shared = value.endswith("s")
        elif name in {"Private_Clean:", "Private_Dirty:"} and not shared:
            own += int(value)
    return own * 1024 / 1_000_000
