"""What the endpoints are handed: the outside of the process, and what only the gateway needs."""

from __future__ import annotations

from asyncio import Semaphore
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Request

from worker.context import Context
from worker.gateway.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Service:
    """The Context, the tokens that are accepted, and `start`, which has a worker sent for a batch.

    `large` is held by the one large batch that is worked on.
    """

    context: Context
    tokens: Tokens
    start: Callable[[str], None]
    large: Semaphore = field(default_factory=lambda: Semaphore(1))


def _service(request: Request) -> Service:
    return cast("Service", request.app.state.service)


HasService = Annotated[Service, Depends(_service)]
"""Parameter of an endpoint."""
