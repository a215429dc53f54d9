"""A server that belongs to one test run and ends with it."""

from __future__ import annotations

import getpass
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.services import leash
from tests.services.waiting import wait_until


class ServerDidNotStart(Exception):  # noqa: N818 - says what happened
    """The server ended, with its log on stderr, or did not answer in time; the text is its command."""


def new_folder(name: str) -> Path:
    """A folder of a server's own, with a path short enough for a Unix socket."""
    return Path(tempfile.mkdtemp(prefix=f"{name}-", dir="/tmp"))  # macOS gives longer ones by default


@contextmanager
def running(
    folder: Path,
    command: Sequence[str],
    answers: Callable[[], bool],
    *,
    stop: signal.Signals = signal.SIGTERM,
    user: str | None = None,
) -> Iterator[None]:
    """Runs a server until the block ends or this process does; then its folder is gone, too."""
    process = subprocess.Popen(  # noqa: S603 - the servers of the tests
        [sys.executable, "-I", "-S", leash.__file__, str(folder), str(int(stop)), user or getpass.getuser(), *command],
        stdin=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for the test run; this ends after it
    )
    try:
        if not wait_until(lambda: process.poll() is not None or answers()) or process.poll() is not None:
            raise ServerDidNotStart(" ".join(command))
        yield
    finally:
        process.communicate()
