"""Runs one test server until the test run is gone: `python -I -S leash.py FOLDER SIGNAL USER COMMAND…`.

The test run holds the other end of stdin. The kernel closes it however the run ends, also by Ctrl-C and kill -9; then
the server gets the signal and its folder is removed. A server that ends by itself is over, too: its log goes to stderr.

A byte on stdin ends the server and leaves its folder, the next one starts it again.
"""

from __future__ import annotations

import os
import pwd
import select
import shutil
import subprocess
import sys
from pathlib import Path

_PATIENCE = 10.0
_PAUSE = 0.2


def run(folder: Path, signal: int, user: str, command: list[str]) -> None:
    """Runs the command in the folder, as the user."""
    server = _start(folder, user, command)
    try:
        while server.poll() is None:
            if select.select([sys.stdin], [], [], _PAUSE)[0]:
                going_on = _told()
                server.send_signal(signal)
                server.wait(_PATIENCE)
                if not going_on or not _told():
                    return
                server = _start(folder, user, command)
        sys.stderr.write((folder / "log").read_text(errors="replace"))
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _told() -> bool:
    """Waits for a byte; false when the test run is gone."""
    return bool(os.read(sys.stdin.fileno(), 1))


def _start(folder: Path, user: str, command: list[str]) -> subprocess.Popen[bytes]:
    account = pwd.getpwnam(user)
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - the servers of the tests
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            user=account.pw_uid,
            group=account.pw_gid,
        )


if __name__ == "__main__":
    run(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:])
