"""Who sends a request: the user of its bearer token (RFC 6750)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from worker.gateway.problems import HttpCode, Problem
from worker.gateway.service import HasService
from worker.gateway.tokens import InvalidToken

_CHALLENGE = 'Bearer realm="tickets"'

_bearer = HTTPBearer(
    bearerFormat="JWT",
    scheme_name="bearer",
    description="A JWT with an expiry (`exp`) and a user: the number in `userId`, or else in `sub`.",
    auto_error=False,
)


async def _caller(service: HasService, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> int:
    if given is None:
        raise Problem(HttpCode.MISSING_TOKEN, "a bearer token is required", {"WWW-Authenticate": _CHALLENGE})
    try:
        return service.tokens.user_id(given.credentials)
    except InvalidToken as invalid:
        challenge = f'{_CHALLENGE}, error="invalid_token", error_description="{invalid}"'
        raise Problem(HttpCode.INVALID_TOKEN, str(invalid), {"WWW-Authenticate": challenge}) from None


Caller = Annotated[int, Depends(_caller)]
"""Parameter of an endpoint: the id of the user who asks; without a valid token the endpoint is not reached."""
