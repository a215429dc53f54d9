"""Connections: one engine a process, reading and writing transactions, retries of what lost a race."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, OperationalError

T = TypeVar("T")

# PostgreSQL: serialization_failure, deadlock_detected, and unique_violation: what another transaction has just taken is
# found taken when the work looks again.
_LOST_RACES = frozenset({"40001", "40P01", "23505"})
_ATTEMPTS = 5
_SQLITE_PATIENCE = 30_000  # milliseconds to wait for another writer
_POSTGRES_PATIENCE = {"connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
"""Seconds after which a server that says nothing counts as away. What the URL says goes before."""


class Database:
    """A PostgreSQL or SQLite database. Statement parameters never appear in errors."""

    def __init__(self, url: str | URL) -> None:
        self.url = make_url(url)
        self.engine = _engine(self.url)

    @property
    def is_sqlite(self) -> bool:
        """Whether writers exclude each other for the whole file."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads; on SQLite it never waits for a writer."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that writes; on SQLite it takes the writer's lock at once and cannot lose a race later."""
        with (
            self._turn(),
            self.engine.connect().execution_options(sqlite_begin="IMMEDIATE") as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """On SQLite, queue up for the writer's lock.

        SQLite itself sleeps up to 0.1 s and looks again, and whoever has just written is quicker: beside a large batch
        a single patch would wait for seconds.
        """
        if not self.is_sqlite or not self.url.database:
            yield
            return
        with Path(f"{self.url.database}-turn").open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # given back when the file is closed, by a killed process, too
            yield

    def transact(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one writing transaction, again when it lost a deadlock or a serialization race."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with self.write() as connection:
                    return work(connection)
            except DBAPIError as error:
                if attempt == _ATTEMPTS or not _lost_a_race(error):
                    raise
                time.sleep(0.02 * 2**attempt)
        raise AssertionError  # the last attempt returns or raises

    def after_fork(self) -> None:
        """Forget the parent's connections without closing them; a shared socket answers the wrong process."""
        self.engine.dispose(close=False)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _lost_a_race(error: DBAPIError) -> bool:
    if getattr(error.orig, "sqlstate", None) in _LOST_RACES:
        return True
    return isinstance(error, OperationalError) and "database is locked" in str(error.orig)


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        patience = {name: value for name, value in _POSTGRES_PATIENCE.items() if name not in url.query}
        return create_engine(
            url, hide_parameters=True, pool_pre_ping=True, pool_size=5, max_overflow=5, connect_args=patience
        )
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": _SQLITE_PATIENCE / 1000})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own object
    # The driver's own BEGIN comes too late for a read followed by a write; we say BEGIN ourselves.
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        f"busy_timeout={_SQLITE_PATIENCE}",
        "foreign_keys=ON",
        "cache_size=-65536",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('sqlite_begin', 'DEFERRED')}")
