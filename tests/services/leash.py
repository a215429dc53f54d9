"""Runs one test server until the test run is gone: `python -I -S leash.py FOLDER SIGNAL USER COMMAND…`.

The test run holds the other end of stdin. The kernel closes it however the run ends, also by Ctrl-C and kill -9; then
the server gets the signal and its folder is removed. A server that ends by itself is over, too: its log goes to stderr.
"""

from __future__ import annotations

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
    account = pwd.getpwnam(user)
    with (folder / "log").open("ab") as log:
        server = subprocess.Popen(  # noqa: S603 - the servers of the tests
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            user=account.pw_uid,
            group=account.pw_gid,
        )
    try:
        while server.poll() is None:
            if select.select([sys.stdin], [], [], _PAUSE)[0]:
                server.send_signal(signal)
                server.wait(_PATIENCE)
                return
        sys.stderr.write((folder / "log").read_text(errors="replace"))
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    run(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:])
