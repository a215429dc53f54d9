"""A webhook receiver on loopback that checks every signature and counts."""

from __future__ import annotations

import base64
import json
import secrets
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError


@dataclass
class Receiver:
    """What arrived: ids of verified webhooks, and how many did not verify."""

    url: str
    secret: str
    verified: dict[str, dict[str, Any]] = field(default_factory=dict)
    refused: int = 0


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Listen on a free port while the block runs."""
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
    server = _Server(("127.0.0.1", 0), _Handler)
    server.state = Receiver(f"http://127.0.0.1:{server.server_port}/hook", secret)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.state  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the library's own
        """Says nothing of a sender that has died."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        state: Receiver = self.server.state  # type: ignore[attr-defined]
        length = int(self.headers["content-length"])
        body = self.rfile.read(length)
        if len(body) < length:  # whoever sent it has died meanwhile
            self.close_connection = True
            return
        try:
            Webhook(state.secret).verify(body, dict(self.headers.items()))
        except WebhookVerificationError:
            state.refused += 1
            self._answer(400)
            return
        state.verified[str(self.headers["webhook-id"])] = json.loads(body)
        self._answer(204)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing: the demonstration tells what arrived."""
