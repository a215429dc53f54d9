"""Receivers on loopback that do what real ones do, and worse."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Thread

import pytest

from worker.webhooks.sending import Limits, Sender

Handler = Callable[[socket.socket], None]
Serve = Callable[[Handler], int]

LIMITS = Limits(connect=timedelta(seconds=2), read=timedelta(seconds=2), total=timedelta(seconds=2))


def _accept(listener: socket.socket, handler: Handler) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection, contextlib.suppress(OSError):
            handler(connection)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a receiver on 127.0.0.1 that hands each connection to a function, and return its port."""
    with contextlib.ExitStack() as stack:

        def start(handler: Handler) -> int:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            stack.callback(listener.shutdown, socket.SHUT_RDWR)
            Thread(target=_accept, args=(listener, handler), daemon=True).start()
            port: int = listener.getsockname()[1]
            return port

        yield start


@pytest.fixture
def sender() -> Iterator[Sender]:
    """A sender that may reach loopback and gives up after two seconds."""
    with contextlib.closing(Sender(allowed=("127.0.0.1", "localhost"), limits=LIMITS)) as one:
        yield one
