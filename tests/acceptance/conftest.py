"""A broker for each module of acceptance tests, and a whole system for each test that asks for one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.processes import Broker, Program, worker
from tests.acceptance.system import System


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("processes")


@pytest.fixture(scope="module")
def broker(folder: Path) -> Iterator[Broker]:
    broker = Broker(folder / "valkey")
    broker.start()
    try:
        yield broker
    finally:
        broker.client.close()
        broker.kill()


@pytest.fixture(scope="module")
def shared_worker(folder: Path, broker: Broker) -> Iterator[Program]:
    """One worker for all tests of a module that do not harm it; it has to be alive at the end."""
    with worker(folder, broker) as process:
        yield process
        assert process.alive, process.log


@pytest.fixture
def system(migrated_database_url: str, valkey_url: str, tmp_path: Path) -> System:
    environment = os.environ | {
        "DATABASE_URL": migrated_database_url,
        "REDIS_URL": valkey_url,
        "LOG_FORMAT": "json",
        "REMAP_SIGTERM": "SIGQUIT",
        "TICKETS_DATA_DIR": str(tmp_path / "data"),
        "TICKETS_WORKER_CONCURRENCY": "2",
        "TICKETS_RELAY_INTERVAL": "1",
        "TICKETS_RESEND_AFTER": "3",
        "TICKETS_LEASE": "20",
    }
    return System(environment, tmp_path, valkey_url)
