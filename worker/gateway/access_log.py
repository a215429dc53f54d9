"""One line for every request: route, status and duration; no address, query string, token or body."""

from __future__ import annotations

import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger(__name__)

QUIET = frozenset({"/healthz"})
"""Routes that are asked all the time, and say nothing new."""


class AccessLog:
    """An ASGI application that writes down how another one answers."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the other one does."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        began = time.perf_counter()
        status: int | None = None

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._application(scope, receive, send_and_note)
        finally:
            _write(scope, status, time.perf_counter() - began)


def _write(scope: Scope, status: int | None, seconds: float) -> None:
    # The route, not the path: what matches none may be anything, a token pasted into the address bar too.
    route = getattr(scope.get("route"), "path_format", None)
    if route not in QUIET:
        log.info(
            "request_answered", method=scope["method"], route=route, status=status, milliseconds=round(seconds * 1000)
        )
