"""A gateway in a process of its own, on each kind of database; and tokens for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from sqlalchemy import select

from tests.acceptance.processes import ROOT, free_port
from tests.services.postgres import PostgresServer
from tests.services.waiting import wait_until
from worker.storage.database import Database
from worker.storage.tables import Base

SECRET = "a secret that only the tests know, of enough letters"
TIMES = ("exp", "iat", "nbf")
LIMITS = {"TICKETS_MAX_BATCH_ITEMS": "50", "TICKETS_GATEWAY_MAX_BODY_BYTES": "20000"}


def token(**claims: object) -> str:
    """A token of user 7 that is good for a minute. Times are seconds from now; claims that are None are left out."""
    given = {"sub": "7", "exp": 60} | claims
    now = int(time.time())
    given |= {name: now + value for name, value in given.items() if name in TIMES and isinstance(value, int)}
    return jwt.encode({name: value for name, value in given.items() if value is not None}, SECRET, algorithm="HS256")


def bearer(**claims: object) -> dict[str, str]:
    """The header with such a token."""
    return {"Authorization": f"Bearer {token(**claims)}"}


@dataclass
class Gateway:
    """A running gateway: its process, its log, its database, and a client that has a token."""

    url: str
    process: subprocess.Popen[bytes]
    log_file: Path
    database: Database
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=self.url, headers=bearer(exp=3600), timeout=30)

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    @property
    def answers(self) -> bool:
        try:
            return self.client.get("/healthz").is_success
        except httpx.ConnectError:
            return False

    def patch(self, items: object, *, key: str | None = None, **params: str) -> httpx.Response:
        """Send a batch, with an idempotency key and a query."""
        headers = {} if key is None else {"Idempotency-Key": key}
        return self.client.patch("/api/mind/ticket", json=items, params=params, headers=headers)

    def rows(self, model: type[Base], **wanted: object) -> list[dict[str, Any]]:
        """What the database holds, past the gateway."""
        with self.database.read() as connection:
            return [dict(row) for row in connection.execute(select(model.__table__).filter_by(**wanted)).mappings()]


def batch_id(answer: httpx.Response) -> str:
    """The batch that an answer speaks of."""
    return answer.headers["Location"].removeprefix("/api/mind/batch/")


@contextmanager
def running(folder: Path, database_url: str, port: int, **settings: str) -> Iterator[Gateway]:
    """A gateway that answers, until the block ends; `settings` are environment variables."""
    environment = {
        "DATABASE_URL": database_url,
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "LOG_FORMAT": "json",
        "TICKETS_JWT_SECRET": SECRET,
        "TICKETS_GATEWAY_PORT": str(port),
        **settings,
    }
    log_file = folder / f"gateway-{free_port()}.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "worker.gateway"], cwd=ROOT, env=os.environ | environment, stdout=log, stderr=log
        )
    gateway = Gateway(f"http://127.0.0.1:{port}", process, log_file, Database(database_url))
    try:
        assert wait_until(lambda: process.poll() is not None or gateway.answers), gateway.log
        assert process.poll() is None, gateway.log
        yield gateway
    finally:
        gateway.client.close()
        gateway.database.close()
        process.kill()
        process.wait()


Run = Callable[..., AbstractContextManager[Gateway]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Starts a gateway of one's own on a database, with settings as keyword arguments; ends with its block."""

    def start(database_url: str, port: int | None = None, **settings: str) -> AbstractContextManager[Gateway]:
        return running(tmp_path, database_url, port or free_port(), **settings)

    return start


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def gateway(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, valkey_server: str
) -> Iterator[Gateway]:
    """One gateway on each kind of database for all tests that do not harm it, with small limits."""
    folder = tmp_path_factory.mktemp("gateway")
    settings = LIMITS | {"REDIS_URL": valkey_server}
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("_sqlite_template"), folder / "tickets.db")
        with running(folder, f"sqlite:///{folder / 'tickets.db'}", free_port(), **settings) as running_gateway:
            yield running_gateway
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with (
        server.database(request.getfixturevalue("_postgresql_template")) as name,
        running(folder, server.url(name), free_port(), **settings) as running_gateway,
    ):
        yield running_gateway
