"""What the receivers of these tests have in common."""

from __future__ import annotations

import socket
from collections.abc import Callable

Handler = Callable[[socket.socket], None]
# Start a receiver: the handler of its connections, its address (127.0.0.1) and port (any); returns the port.
Serve = Callable[..., int]


def read_request(connection: socket.socket) -> bytes:
    """One whole request, head and body; empty when the sender has hung up."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(header(data, b"content-length"))
    while len(body) < length and (piece := connection.recv(65536)):
        body += piece
    return head + b"\r\n\r\n" + body


def header(request: bytes, name: bytes) -> bytes:
    """The value of a request's header, empty when there is none; `name` in lower case."""
    lines = request.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    fields = {key.lower(): value.strip() for key, _, value in (line.partition(b":") for line in lines)}
    return fields.get(name, b"")
