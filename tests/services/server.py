"""A server that belongs to one test run and ends with it."""

from __future__ import annotations

import getpass
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.services import leash
from tests.services.waiting import wait_until


class ServerDidNotStart(Exception):  # noqa: N818 - says what happened
    """The server ended, with its log on stderr, or did not answer in time; the text is its command."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server that can go away and come back with its data."""

    _leash: subprocess.Popen[bytes]
    _answers: Callable[[], bool]

    def stop(self) -> None:
        """Ends the server as the end of the test run would."""
        self._tell()
        assert wait_until(lambda: not self._answers())

    def start(self) -> None:
        """Starts it again."""
        self._tell()
        assert wait_until(self._answers)

    def _tell(self) -> None:
        assert self._leash.stdin is not None
        self._leash.stdin.write(b".")
        self._leash.stdin.flush()


_DISK = Path("/tmp")  # noqa: S108 - macOS gives longer paths by default
_MEMORY = Path("/dev/shm")  # noqa: S108 - Linux's file system in memory
_ROOM = 4 * 2**30
"""Bytes that must be free there: test workers share it with all that runs on the machine."""


def new_folder(name: str, *, in_memory: bool = False) -> Path:
    """A folder of a server's own, with a path short enough for a Unix socket: in memory, if wanted and roomy.

    On some machines' disks making a file takes a millisecond, and a database is made of hundreds.
    """
    roomy = in_memory and _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free >= _ROOM
    return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=_MEMORY if roomy else _DISK))


@contextmanager
def running(
    folder: Path,
    command: Sequence[str],
    answers: Callable[[], bool],
    *,
    stop: signal.Signals = signal.SIGTERM,
    user: str | None = None,
) -> Iterator[Server]:
    """Runs a server until the block ends or this process does; then its folder is gone, too."""
    process = subprocess.Popen(  # noqa: S603 - the servers of the tests
        [sys.executable, "-I", "-S", leash.__file__, str(folder), str(int(stop)), user or getpass.getuser(), *command],
        stdin=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for the test run; this ends after it
    )
    try:
        if not wait_until(lambda: process.poll() is not None or answers()) or process.poll() is not None:
            raise ServerDidNotStart(" ".join(command))
        yield Server(process, answers)
    finally:
        process.communicate()
