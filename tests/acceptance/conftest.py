"""A broker for each module of acceptance tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.processes import Broker, Program, worker


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
