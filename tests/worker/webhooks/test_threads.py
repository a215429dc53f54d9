"""Many threads share one sender."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor

from tests.worker.webhooks.receivers import Serve, read_request
from worker.webhooks.sending import Sender

THREADS = 16
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


def test_threads_that_come_first_together_share_one_pool_of_connections(serve: Serve) -> None:
    together, lock = threading.Barrier(THREADS), threading.Lock()
    connections: list[int] = []

    def handler(connection: socket.socket) -> None:
        with lock:
            connections.append(1)
        while read_request(connection):
            connection.sendall(OK)

    url = f"http://127.0.0.1:{serve(handler)}/"
    with contextlib.closing(Sender(allowed=("127.0.0.1",), tls=ssl.create_default_context())) as sender:

        def send(_: int) -> list[int | None]:
            together.wait()
            return [sender.send(url, {}, b"{}").status for _ in range(10)]

        with ThreadPoolExecutor(THREADS) as pool:
            statuses = [status for found in pool.map(send, range(THREADS)) for status in found]

        assert statuses == [200] * THREADS * 10
        assert len(sender._pools) == 1
        assert len(connections) <= THREADS


def test_receivers_that_hang_take_no_connection_from_others(serve: Serve) -> None:
    patience = threading.Event()

    def hang(_: socket.socket) -> None:
        patience.wait(10)

    def answer(connection: socket.socket) -> None:
        while read_request(connection):
            connection.sendall(OK)

    slow, quick = (f"http://127.0.0.1:{serve(handler)}/" for handler in (hang, answer))
    with contextlib.closing(Sender(allowed=("127.0.0.1",), tls=ssl.create_default_context())) as sender:
        with ThreadPoolExecutor(40) as pool:
            hanging = [pool.submit(sender.send, slow, {}, b"{}") for _ in range(39)]
            assert pool.submit(sender.send, quick, {}, b"{}").result(5).status == 200
            patience.set()
        assert [one.result().status for one in hanging] == [None] * 39
