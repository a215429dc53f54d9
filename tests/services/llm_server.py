"""A model's server on loopback that speaks OpenAI's chat completions and Anthropic's messages, as it is told to."""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

GOOD: dict[str, dict[str, Any]] = {
    "summary": {"summary": "Der Kunde zieht um.", "sentiment": "neutral", "spam": "clean"},
    "tags": {"tags": [{"id": 2, "confidence": 0.9}, {"id": 1, "confidence": 0.8}]},
    "agents": {
        "agents": [
            {
                "id": 11,
                "confidence": 0.9,
                "fields": [{"name": "reading", "value": 12345}, {"name": "meterNumber", "value": "1ESY1160669167"}],
            }
        ]
    },
    "ready": {"ready": True},
}
"""Answers by a property of the form that is asked for."""


@dataclass
class LlmServer:
    """All but `url` may be changed at any time.

    `fill_in` makes an answer of a request, in place of `answers`.
    `delay` is in seconds, `trickle` seconds between single bytes of an answer. `raw` is sent in place of an answer's
    JSON, `raw_times` times. `tokens` is what each answer says that it cost. `reset` cuts the connection off instead.
    """

    url: str
    answers: dict[str, dict[str, Any]] = field(default_factory=lambda: dict(GOOD))
    fill_in: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    status: int = HTTPStatus.OK
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    trickle: float = 0.0
    reset: bool = False
    raw: str | None = None
    raw_times: int = sys.maxsize
    tokens: int = 100
    requests: list[dict[str, Any]] = field(default_factory=list)
    authorizations: list[str | None] = field(default_factory=list)
    most_at_once: int = 0
    _at_once: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def noted(self, request: dict[str, Any], authorization: str | None) -> Iterator[None]:
        """Keeps a request, and counts it as under way until the end of the block."""
        with self._lock:
            self.requests.append(request)
            self.authorizations.append(authorization)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            yield
        finally:
            with self._lock:
                self._at_once -= 1

    def answer(self, path: str, request: dict[str, Any]) -> dict[str, Any]:
        """What is sent: a call of the tool that stands for the form, or an error that repeats the question."""
        if self.status != HTTPStatus.OK:
            return {"error": {"message": f"no: {json.dumps(request['messages'])}", "type": "error", "code": None}}
        return self._message(request) if path.endswith("/messages") else self._completion(request)

    def _completion(self, request: dict[str, Any]) -> dict[str, Any]:
        function = request["tools"][0]["function"]
        arguments = self._raw() or json.dumps(self._filled_in(request, function["parameters"]))
        call = {"id": "call_1", "type": "function", "function": {"name": function["name"], "arguments": arguments}}
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": request["model"],
            "choices": [{"index": 0, "finish_reason": "tool_calls", "message": message}],
            "usage": {"prompt_tokens": self.tokens, "completion_tokens": 0, "total_tokens": self.tokens},
        }

    def _message(self, request: dict[str, Any]) -> dict[str, Any]:
        tool = request["tools"][0]
        filled_in = self._filled_in(request, tool["input_schema"])
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": request["model"],
            "content": [{"type": "tool_use", "id": "toolu_1", "name": tool["name"], "input": filled_in}],
            "stop_reason": "tool_use",
            "usage": {"input_tokens": self.tokens, "output_tokens": 0},
        }

    def _filled_in(self, request: dict[str, Any], form: dict[str, Any]) -> dict[str, Any]:
        if self.fill_in is not None:
            return self.fill_in(request)
        return next(answer for name, answer in self.answers.items() if name in form["properties"])

    def _raw(self) -> str | None:
        with self._lock:
            self.raw_times -= 1
            return self.raw if self.raw_times >= 0 else None


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    script: LlmServer

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing: a client that gave up is what is being tested."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Http

    def do_POST(self) -> None:
        script = self.server.script
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with script.noted(request, self.headers["authorization"]):
            time.sleep(script.delay)
            if script.reset:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                self.connection.close()
                return
            self._send(script, json.dumps(script.answer(self.path, request)).encode())

    def _send(self, script: LlmServer, body: bytes) -> None:
        self.send_response(script.status)
        for name, value in {"content-type": "application/json", **script.headers}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        for part in [body] if not script.trickle else [body[at : at + 1] for at in range(len(body))]:
            self.wfile.write(part)
            time.sleep(script.trickle)

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def finish(self) -> None:
        with suppress(OSError, ValueError):  # the client was gone
            super().finish()


@contextmanager
def llm_server() -> Iterator[LlmServer]:
    """Runs one until the end of the block."""
    server = _Http(("127.0.0.1", 0), _Handler)
    server.script = LlmServer(f"http://127.0.0.1:{server.server_port}/v1")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.script
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


if __name__ == "__main__":
    with llm_server() as running:
        running.delay = float(sys.argv[1])
        sys.stdout.write(f"{running.url}\n")
        sys.stdout.flush()
        sys.stdin.read()  # until whoever started it is gone
