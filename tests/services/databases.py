"""One suite for every database: an empty or a migrated one of each kind, new for each test."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.services.postgres import PostgresServer


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Runs a test once for each kind of database; override it to choose one."""
    return str(request.param)


@pytest.fixture
def database_url(database_kind: str, request: pytest.FixtureRequest) -> str:
    """SQLAlchemy URL of an empty database."""
    return str(request.getfixturevalue("sqlite_url" if database_kind == "sqlite" else "postgres_url"))


@pytest.fixture
def migrated_database_url(database_kind: str, request: pytest.FixtureRequest) -> str:
    """SQLAlchemy URL of a database with the current schema and without rows."""
    return str(request.getfixturevalue(f"migrated_{database_kind}_url"))


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """SQLAlchemy URL of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'tickets.db'}"


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "tickets.db"
    _migrate(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # all in the one file that is copied
    return path


@pytest.fixture(scope="session")
def _postgresql_template(postgres_server: PostgresServer) -> Iterator[str]:
    with postgres_server.database() as name:
        _migrate(postgres_server.url(name))
        yield name


@pytest.fixture
def migrated_sqlite_url(sqlite_url: str, tmp_path: Path, _sqlite_template: Path) -> str:
    """SQLAlchemy URL of a SQLite file with the current schema."""
    shutil.copy(_sqlite_template, tmp_path / "tickets.db")
    return sqlite_url


@pytest.fixture
def migrated_postgresql_url(postgres_server: PostgresServer, _postgresql_template: str) -> Iterator[str]:
    """SQLAlchemy URL of a PostgreSQL database with the current schema."""
    with postgres_server.database(_postgresql_template) as name:
        yield postgres_server.url(name)


def _migrate(url: str) -> None:
    # Imported here, so that tests without a database do not pay for SQLAlchemy and Alembic.
    from worker.storage.database import Database  # noqa: PLC0415
    from worker.storage.schema import migrate  # noqa: PLC0415

    database = Database(url)
    migrate(database)
    database.close()
