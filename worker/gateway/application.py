"""The gateway as an ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.types import ASGIApp

from worker.context import Context
from worker.gateway import addresses
from worker.gateway.access_log import AccessLog
from worker.gateway.endpoints import router
from worker.gateway.openapi import schemas
from worker.gateway.problems import add_handlers
from worker.gateway.service import Service
from worker.gateway.starting import Starter
from worker.gateway.tokens import Tokens
from worker.operations.publish import publish

THREADS = 10
"""Requests that are worked on at a time: as many as the database has connections for."""


class Gateway(FastAPI):
    """The application with a description of what it takes."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document, made once."""
        if self.openapi_schema is None:
            document = get_openapi(title=self.title, version=self.version, summary=self.summary, routes=self.routes)
            document["components"]["schemas"] |= schemas()
            self.openapi_schema = document
        return self.openapi_schema


def make_application(context: Context, tokens: Tokens) -> ASGIApp:
    """The gateway on this context, for senders with these tokens; with its access log."""
    starter = Starter(partial(publish, context))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        current_default_thread_limiter().total_tokens = THREADS
        starter.start()
        yield
        starter.stop()
        context.database.close()

    gateway = Gateway(
        title="Bulk ticket updates",
        version="1",
        summary="Takes batches of ticket patches in, for workers to apply.",
        openapi_url=addresses.OPENAPI,
        docs_url=None,  # the pages would load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        lifespan=lifespan,
    )
    gateway.state.service = Service(context, tokens, starter.add)
    gateway.include_router(router)
    add_handlers(gateway)
    return AccessLog(gateway)
