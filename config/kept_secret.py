"""Secrets that nobody chose: made once, then kept in a file that only its owner can read."""

from __future__ import annotations

import fcntl
import os
import secrets
from pathlib import Path

from pydantic import SecretStr

_ENTROPY = 24  # bytes: beyond guessing, and short enough to copy by hand


def kept_secret(path: Path) -> SecretStr:
    """The secret kept in `path`; makes the file, mode 0600, and its folder, mode 0700, when they are missing.

    Processes that ask at the same time get the same secret. Raises OSError when the folder cannot be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "r+", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        os.fchmod(descriptor, 0o600)
        kept = file.read().strip()
        if not kept:
            kept = secrets.token_urlsafe(_ENTROPY)
            file.write(kept + "\n")
            file.flush()
        return SecretStr(kept)
