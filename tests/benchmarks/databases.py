"""The databases that are measured: PostgreSQL with its default durability and SQLite as the program uses it.

Every run starts from a copy of the same filled database, analysed and checkpointed.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psycopg
from sqlalchemy import Connection

from tests.services.postgres import PostgresServer, serving
from worker.storage.database import Database
from worker.storage.schema import migrate

Fill = Callable[[Connection], None]

# Sizes of a small server of its own; whatever concerns durability stays at its default.
_POSTGRES = {"listen_addresses": "''", "shared_buffers": "512MB", "max_wal_size": "8GB"}


class Kind(Protocol):
    """One kind of database, with the filled ones that runs start from."""

    name: str

    def prepare(self, size: int, fill: Fill) -> None:
        """Fills a database that runs with so many tickets start from, unless there is one."""

    def fresh(self, size: int) -> AbstractContextManager[str]:
        """SQLAlchemy URL of a new copy, removed afterwards."""

    def version(self) -> str:
        """The server's name and version."""


@dataclass
class Postgres:
    """A server of the benchmark's own."""

    server: PostgresServer
    name: str = "postgresql"

    def prepare(self, size: int, fill: Fill) -> None:
        """See `Kind`."""
        template = f"start_{size}"
        if not self._ask("SELECT count(*) FROM pg_database WHERE datname = %s", template):
            self._do(f"CREATE DATABASE {template}")
            _fill(self.server.url(template), fill)
            self._do("VACUUM (ANALYZE, FREEZE)", template)

    @contextmanager
    def fresh(self, size: int) -> Iterator[str]:
        """See `Kind`."""
        with self.server.database(f"start_{size}") as name:
            self._do("CHECKPOINT")
            yield self.server.url(name)

    def version(self) -> str:
        """See `Kind`."""
        with self._connect() as connection:
            return f"PostgreSQL {connection.info.server_version // 10_000}.{connection.info.server_version % 10_000}"

    def _connect(self, database: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(host=str(self.server.folder), user="postgres", dbname=database, autocommit=True)

    def _do(self, statement: str, database: str = "postgres") -> None:
        with self._connect(database) as connection:
            connection.execute(statement.encode())

    def _ask(self, statement: str, *values: object) -> object:
        with self._connect() as connection:
            row = connection.execute(statement.encode(), values).fetchone()
            return row and row[0]


@dataclass
class Sqlite:
    """Files in a folder of the benchmark's own."""

    folder: Path
    name: str = "sqlite"

    def prepare(self, size: int, fill: Fill) -> None:
        """See `Kind`."""
        path = self._start(size)
        if not path.exists():
            _fill(f"sqlite:///{path}", fill)
            with closing(sqlite3.connect(path)) as connection:
                connection.execute("ANALYZE")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # all in the one file that is copied

    @contextmanager
    def fresh(self, size: int) -> Iterator[str]:
        """See `Kind`."""
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            path = Path(folder) / "tickets.db"
            shutil.copy(self._start(size), path)
            with path.open("rb") as file:
                os.fsync(file.fileno())  # or whoever is measured waits until all of the copy is on the disk
            yield f"sqlite:///{path}"

    def version(self) -> str:
        """See `Kind`."""
        return f"SQLite {sqlite3.sqlite_version}"

    def _start(self, size: int) -> Path:
        return self.folder / f"start-{size}.db"


def _fill(url: str, fill: Fill) -> None:
    database = Database(url)
    migrate(database)
    with database.write() as connection:
        fill(connection)
    database.close()


@contextmanager
def kinds() -> Iterator[list[Kind]]:
    """Both kinds, until the block ends; then servers and files are gone."""
    with serving(_POSTGRES) as server, tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        yield [Postgres(server), Sqlite(Path(folder))]
