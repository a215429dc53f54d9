"""Databases that can be taken away for a while."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import make_url

from tests.services.postgres import PostgresServer


@dataclass(frozen=True, slots=True)
class Faulty:
    """A database by its URL, and how to take it away for so many seconds."""

    name: str
    url: str
    away: Callable[[float], None]


def faulty(url: str, server: PostgresServer | None) -> Faulty:
    """The database of that URL; with the server it is on, if there is one."""
    if server is not None:
        return Faulty("postgresql", url, partial(_stopped, server))
    return Faulty("sqlite", url, partial(_locked, Path(make_url(url).database or "")))


def _stopped(server: PostgresServer, seconds: float) -> None:
    """Ends the server at once, without a word to anybody, and starts it again."""
    server.process.stop()
    try:
        time.sleep(seconds)
    finally:
        server.process.start()


def _locked(path: Path, seconds: float) -> None:
    """Some other program holds the file: nobody else writes."""
    with closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        time.sleep(seconds)
        connection.execute("ROLLBACK")
