"""What can be asked of the gateway: take a batch, show a batch, say that it is alive."""

from __future__ import annotations

import re
import uuid
from typing import Annotated

import structlog
from fastapi import APIRouter, Header, Path, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from worker.domain.words import ErrorCode, Outcome
from worker.gateway import addresses, answers
from worker.gateway.body import Body
from worker.gateway.caller import Caller
from worker.gateway.openapi import BATCH_BODY, LOCATION, problems
from worker.gateway.problems import HttpCode
from worker.gateway.service import HasService
from worker.operations.ingest.accept import Flags, accept, check, with_key
from worker.operations.inspection.batch import show_batch
from worker.payload.batch import read_batch
from worker.storage.batches import LedgerPage

log = structlog.get_logger(__name__)
router = APIRouter()

SOURCE = "gateway"
"""Who sent a batch, as its `source` tells."""

LAST_INDEX = 2**31 - 1
"""The greatest index of an item that a database holds."""

_QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*)"')


class Parameters(BaseModel):
    """The query. An unknown parameter is refused: one that is misspelt would change what the batch does."""

    model_config = ConfigDict(extra="forbid")

    include_in_worklog: Annotated[
        bool,
        Field(alias="includeInWorklog", description="Whether the worklog, and so time tracking, shows the change."),
    ] = True


class PageParameters(BaseModel):
    """Which items; none of these given means all. An unknown parameter is refused, since it would show too much."""

    model_config = ConfigDict(extra="forbid")

    outcome: Annotated[list[Outcome], Field(description="Only items that ended so; may be given several times.")] = []
    after: Annotated[
        int | None, Field(ge=0, le=LAST_INDEX, description="Only items behind this index, such as the last one seen.")
    ] = None
    limit: Annotated[int | None, Field(ge=1, le=LAST_INDEX, description="At most so many items.")] = None

    def page(self) -> LedgerPage | None:
        """The page that is asked for; None means everything."""
        return LedgerPage(self.outcome, self.after, self.limit) if self.model_fields_set else None


IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="The same key and batch again are accepted once; 1 to 255 printable characters, quoted or not.",
    ),
]


@router.patch(
    addresses.TICKET,
    summary="Update a few tickets at once",
    openapi_extra=BATCH_BODY,
    responses={
        200: {"model": answers.Success, "headers": LOCATION},
        **problems(
            *(ErrorCode.INVALID_JSON, ErrorCode.INVALID_VALUE, HttpCode.INVALID_PARAMETER, HttpCode.BODY_INCOMPLETE),
            *(ErrorCode.NOT_A_LIST, ErrorCode.BATCH_TOO_LARGE, ErrorCode.IDEMPOTENCY_KEY_REUSED),
            *(HttpCode.BODY_TOO_LARGE, HttpCode.UNSUPPORTED_MEDIA_TYPE),
            *(HttpCode.MISSING_TOKEN, HttpCode.INVALID_TOKEN, HttpCode.DATABASE_UNAVAILABLE),
        ),
    },
)
def patch_tickets(
    service: HasService,
    user_id: Caller,
    body: Body,
    parameters: Annotated[Parameters, Query()],
    idempotency_key: IdempotencyKey = None,
) -> JSONResponse:
    """Accepts a batch durably; a worker applies it, item by item, and writes how each ended into its ledger."""
    given = Flags(
        include_in_worklog=parameters.include_in_worklog,
        idempotency_key=None if idempotency_key is None else _unquoted(idempotency_key),
        user_id=user_id,
        source=SOURCE,
    )
    flags = with_key(given, str(uuid.uuid4()))
    items = check(service.context, read_batch(body), flags)
    batch = accept(service.context, items, flags, start_at=service.context.clock())
    log.info("batch_accepted", batch_id=batch.id, received=batch.received, user_id=user_id)
    service.start(batch.id)
    return JSONResponse({"success": True}, headers={"Location": addresses.batch_address(batch.id)})


@router.get(
    addresses.BATCH,
    summary="The ledger of a batch",
    responses={
        200: {"model": answers.Ledger},
        **problems(
            *(HttpCode.MISSING_TOKEN, HttpCode.INVALID_TOKEN, HttpCode.INVALID_PARAMETER),
            *(HttpCode.BATCH_NOT_FOUND, HttpCode.DATABASE_UNAVAILABLE),
        ),
    },
)
def get_batch(
    service: HasService,
    _user_id: Caller,
    batch_id: Annotated[uuid.UUID, Path(alias="batchId")],
    parameters: Annotated[PageParameters, Query()],
) -> JSONResponse:
    """How every item ended so far, with the refreshes and webhooks that the batch caused, or a page of that."""
    return JSONResponse(show_batch(service.context, str(batch_id), page=parameters.page()))


@router.get(addresses.HEALTH, summary="Whether the gateway is alive", responses={200: {"model": answers.Alive}})
async def get_health() -> JSONResponse:
    """Answers without a token, and without looking at the database: a restart would not bring that back."""
    return JSONResponse({"status": "ok"})


def _unquoted(key: str) -> str:
    """The key itself: by its standard the header holds a quoted string, but many senders leave the quotes out."""
    quoted = _QUOTED.fullmatch(key)
    return re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else key
