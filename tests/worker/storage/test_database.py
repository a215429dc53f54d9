"""A database that does not answer counts as away."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any, NoReturn

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from worker.storage.database import Database


@pytest.fixture
def silent_server() -> Iterator[str]:
    """Where somebody takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"postgresql+psycopg://somebody@127.0.0.1:{server.getsockname()[1]}/tickets"


def connect(url: str) -> None:
    with closing(Database(url)) as database, database.read():
        pass


def test_a_server_that_says_nothing_is_given_up(silent_server: str) -> None:
    began = time.monotonic()

    with pytest.raises(OperationalError, match="timeout"):
        connect(f"{silent_server}?connect_timeout=2")

    assert time.monotonic() - began < 8


def test_no_connection_is_waited_for_without_end(silent_server: str) -> None:
    class Enough(Exception):  # noqa: N818 - says what it means
        pass

    given: dict[str, Any] = {}

    def keep(_dialect: object, _record: object, _cargs: object, cparams: dict[str, Any]) -> NoReturn:
        given.update(cparams)
        raise Enough

    with closing(Database(silent_server)) as database:
        event.listen(database.engine, "do_connect", keep)
        with pytest.raises(Enough), database.read():
            pass

    assert 2 <= given["connect_timeout"] <= 15
    lost_after = given["keepalives_idle"] + given["keepalives_interval"] * given["keepalives_count"]
    assert lost_after <= 60
