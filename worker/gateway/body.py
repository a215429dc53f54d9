"""The body of a request, read within a limit before anything looks at it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from email.message import Message
from typing import Annotated

from fastapi import Depends, Request

from worker.gateway.caller import Caller
from worker.gateway.problems import HttpCode, Problem
from worker.gateway.service import HasService

LARGE = 8 * 1024 * 1024
"""Bytes from which on bodies are worked on one after the other: parsed, one of 80 MB takes 600 MB of memory."""


async def _json_body(request: Request, service: HasService, _caller: Caller) -> AsyncIterator[bytes]:
    """The bytes of a JSON body. Nothing of it is read for a sender without a token."""
    _check_media_type(request)
    body = await _read(request, service.context.settings.gateway_max_body_bytes)
    async with AsyncExitStack() as turn:
        # Taken after the body was read: a slow sender holds up nobody else.
        if len(body) >= LARGE:
            await turn.enter_async_context(service.large)
        yield body


Body = Annotated[bytes, Depends(_json_body)]
"""Parameter of an endpoint: the body, not parsed."""


def _check_media_type(request: Request) -> None:
    message = Message()
    message["Content-Type"] = request.headers.get("Content-Type", "")
    if message.get_content_type() != "application/json":
        raise Problem(
            HttpCode.UNSUPPORTED_MEDIA_TYPE,
            "the body must be application/json, and the header Content-Type must say so",
            {"Accept-Patch": "application/json"},
        )
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        # Inflated, a small body may fill the memory.
        raise Problem(
            HttpCode.UNSUPPORTED_MEDIA_TYPE, "the body must not be compressed", {"Accept-Encoding": "identity"}
        )


async def _read(request: Request, limit: int) -> bytes:
    """The whole body; a larger one is refused by its announced length, or else once it has grown beyond the limit."""
    announced = request.headers.get("Content-Length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise _too_large(limit)
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        parts.append(part)
    return b"".join(parts)


def _too_large(limit: int) -> Problem:
    return Problem(HttpCode.BODY_TOO_LARGE, f"the body has more than {limit} bytes, which is the limit")
