"""Receivers on loopback that do what real ones do, and worse."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from datetime import timedelta
from threading import Thread

import pytest

from tests.worker.webhooks.receivers import Handler, Serve
from worker.webhooks.sending import Limits, Sender

LIMITS = Limits(connect=timedelta(seconds=2), read=timedelta(seconds=2), total=timedelta(seconds=2))


def _accept(listener: socket.socket, handler: Handler) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        Thread(target=_handle, args=(connection, handler), daemon=True).start()


def _handle(connection: socket.socket, handler: Handler) -> None:
    with connection, contextlib.suppress(OSError):
        handler(connection)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a receiver that hands each connection to a function in a thread, and return its port."""
    with contextlib.ExitStack() as stack:

        def start(handler: Handler, host: str = "127.0.0.1", port: int = 0) -> int:
            listener = stack.enter_context(socket.create_server((host, port)))
            stack.callback(listener.shutdown, socket.SHUT_RDWR)
            Thread(target=_accept, args=(listener, handler), daemon=True).start()
            taken: int = listener.getsockname()[1]
            return taken

        yield start


@pytest.fixture
def sender() -> Iterator[Sender]:
    """A sender that may reach loopback and gives up after two seconds."""
    with contextlib.closing(Sender(allowed=("127.0.0.1", "localhost"), limits=LIMITS)) as one:
        yield one
