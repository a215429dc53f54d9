"""What went wrong, as problem details (RFC 9457) that carry our codes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from worker.domain.failures import Transient
from worker.domain.words import ErrorCode
from worker.operations.inspection.unknown import Unknown
from worker.payload.refusal import Refused
from worker.retry import failure_of

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = 5
"""Seconds after which a sender may try again what failed for a passing reason."""


class HttpCode(StrEnum):
    """What can be wrong with a request beside the batch in it."""

    MISSING_TOKEN = "missing_token"  # noqa: S105 - a code
    INVALID_TOKEN = "invalid_token"  # noqa: S105 - a code
    INVALID_PARAMETER = "invalid_parameter"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    BODY_TOO_LARGE = "body_too_large"
    BODY_INCOMPLETE = "body_incomplete"
    BATCH_NOT_FOUND = "batch_not_found"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    DATABASE_UNAVAILABLE = "database_unavailable"
    INTERNAL_ERROR = "internal_error"


STATUS: Mapping[ErrorCode | HttpCode, HTTPStatus] = {
    ErrorCode.INVALID_JSON: HTTPStatus.BAD_REQUEST,
    ErrorCode.INVALID_TYPE: HTTPStatus.BAD_REQUEST,
    ErrorCode.INVALID_VALUE: HTTPStatus.BAD_REQUEST,
    ErrorCode.NOT_A_LIST: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.BATCH_TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    ErrorCode.IDEMPOTENCY_KEY_REUSED: HTTPStatus.UNPROCESSABLE_ENTITY,
    HttpCode.MISSING_TOKEN: HTTPStatus.UNAUTHORIZED,
    HttpCode.INVALID_TOKEN: HTTPStatus.UNAUTHORIZED,
    HttpCode.INVALID_PARAMETER: HTTPStatus.BAD_REQUEST,
    HttpCode.UNSUPPORTED_MEDIA_TYPE: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HttpCode.BODY_TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HttpCode.BODY_INCOMPLETE: HTTPStatus.BAD_REQUEST,
    HttpCode.BATCH_NOT_FOUND: HTTPStatus.NOT_FOUND,
    HttpCode.NOT_FOUND: HTTPStatus.NOT_FOUND,
    HttpCode.METHOD_NOT_ALLOWED: HTTPStatus.METHOD_NOT_ALLOWED,
    HttpCode.DATABASE_UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    HttpCode.INTERNAL_ERROR: HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""The status of each code that an answer may carry: those of a batch refused whole or of its flags, and our own."""

_ROUTING: Mapping[int, tuple[HttpCode, str]] = {
    HTTPStatus.NOT_FOUND: (HttpCode.NOT_FOUND, "there is nothing at this address"),
    HTTPStatus.METHOD_NOT_ALLOWED: (HttpCode.METHOD_NOT_ALLOWED, "this address does not know this method"),
}
"""What the framework's router raises."""


class Problem(Exception):  # noqa: N818 - an answer, nothing went wrong in the program
    """A request that cannot be answered as asked; `detail` never holds what was sent."""

    def __init__(self, code: HttpCode, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        self.headers = headers


def problem_response(code: ErrorCode | HttpCode, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The answer that tells of a problem. Its kind is the `code`; `type` stays `about:blank`, `title` the status's."""
    status = STATUS[code]
    body = {"type": "about:blank", "title": status.phrase, "status": status, "detail": detail, "code": code}
    return JSONResponse(body, status, headers, MEDIA_TYPE)


def add_handlers(application: FastAPI) -> None:
    """Let every error of this application, the framework's own among them, end as a problem."""
    for kind, handler in _HANDLERS.items():
        application.add_exception_handler(kind, handler)


async def _problem(_: Request, error: Any) -> JSONResponse:  # noqa: ANN401 - see the table below
    return problem_response(error.code, error.detail, error.headers)


async def _refused(_: Request, error: Any) -> JSONResponse:  # noqa: ANN401
    return problem_response(error.code, error.message)


async def _unknown(_: Request, error: Any) -> JSONResponse:  # noqa: ANN401
    return problem_response(HttpCode(error.code), error.message)


async def _wrong_parameter(_: Request, error: Any) -> JSONResponse:  # noqa: ANN401
    if any(part["loc"][0] == "path" for part in error.errors()):
        return problem_response(HttpCode.BATCH_NOT_FOUND, "there is no such batch")
    detail = "a parameter is unknown or has a wrong value; /openapi.json tells which there are"
    return problem_response(HttpCode.INVALID_PARAMETER, detail)


async def _framework(_: Request, error: Any) -> JSONResponse:  # noqa: ANN401
    code, detail = _ROUTING[error.status_code]
    return problem_response(code, detail, error.headers)


async def _disconnected(_: Request, __: Any) -> JSONResponse:  # noqa: ANN401
    return problem_response(HttpCode.BODY_INCOMPLETE, "the connection ended before the body did")


async def _database(_: Request, error: Any) -> JSONResponse:  # noqa: ANN401
    """Whether the batch was accepted is not known when a connection is lost in a commit; its key tells."""
    if not isinstance(failure_of(error), Transient):
        raise error
    log.warning("database_unavailable", error=type(error).__name__)
    detail = "the database cannot be reached; send this again, a batch under the same Idempotency-Key"
    return problem_response(HttpCode.DATABASE_UNAVAILABLE, detail, {"Retry-After": str(RETRY_AFTER)})


async def _unexpected(_: Request, __: Any) -> JSONResponse:  # noqa: ANN401
    """The server writes the error to the log."""
    return problem_response(HttpCode.INTERNAL_ERROR, "something went wrong here; the log tells what")


_HANDLERS: Mapping[type[Exception], Callable[[Request, Any], Awaitable[JSONResponse]]] = {
    Problem: _problem,
    Refused: _refused,
    Unknown: _unknown,
    RequestValidationError: _wrong_parameter,
    HTTPException: _framework,
    ClientDisconnect: _disconnected,
    SQLAlchemyError: _database,
    Exception: _unexpected,
}
