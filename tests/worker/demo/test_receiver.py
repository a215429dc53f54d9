"""The receiver of the demonstration counts what it was sent, and nothing else."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import pytest

from worker.demo.receiver import receiver

HEAD = b"POST /hook HTTP/1.1\r\nhost: here\r\nwebhook-id: one\r\ncontent-length: 4\r\n\r\n"


@pytest.mark.parametrize(("body", "refused"), [(b"{ ", 0), (b"{  }", 1)])
def test_a_request_that_breaks_off_is_not_a_wrong_signature(body: bytes, refused: int) -> None:
    with receiver() as state:
        address = urlsplit(state.url)
        with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=10) as sender:
            sender.sendall(HEAD + body)
            sender.shutdown(socket.SHUT_WR)
            while sender.recv(4096):
                pass  # until the receiver is through with it

        assert (state.refused, state.verified) == (refused, {})
