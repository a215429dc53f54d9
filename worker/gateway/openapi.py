"""The parts of the OpenAPI document that the framework cannot find out: batches, problems, headers."""

from __future__ import annotations

from collections import defaultdict
from http import HTTPStatus
from typing import Any

from worker.domain.words import ErrorCode
from worker.gateway import answers
from worker.gateway.problems import MEDIA_TYPE, STATUS, HttpCode
from worker.payload.schema import batch_schema

Json = dict[str, Any]

_COMPONENTS = "#/components/schemas/"
_NAMES = {"item": "TicketPatch", "digits": "Digits", "time": "Time"}
"""Definitions of the batch schema by their names in the document, which knows but one place for all."""

BATCH_BODY: Json = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": f"{_COMPONENTS}Batch"}}},
    }
}

LOCATION: Json = {
    "Location": {
        "description": "Where the ledger of the batch is.",
        "schema": {"type": "string", "format": "uri-reference"},
    }
}

_HEADERS: dict[HTTPStatus, str] = {
    HTTPStatus.UNAUTHORIZED: "WWW-Authenticate",
    HTTPStatus.SERVICE_UNAVAILABLE: "Retry-After",
}


def problems(*codes: ErrorCode | HttpCode) -> dict[int | str, Json]:
    """The answers that tell of these problems, by status; any other status is described as a problem too."""
    by_status: dict[HTTPStatus, list[str]] = defaultdict(list)
    for code in codes:
        by_status[STATUS[code]].append(code)
    described: dict[int | str, Json] = {
        int(status): _problem(f"{status.phrase}: {', '.join(names)}", _HEADERS.get(status))
        for status, names in sorted(by_status.items())
    }
    return described | {"default": _problem("Any other problem.", None)}


def _problem(description: str, header: str | None) -> Json:
    content = {MEDIA_TYPE: {"schema": {"$ref": f"{_COMPONENTS}Problem"}}}
    headers = {header: {"schema": {"type": "string"}}} if header else {}
    return {"description": description, "content": content, "headers": headers}


def schemas() -> dict[str, Json]:
    """What the document's components hold beside the shapes that the framework puts there."""
    batch = batch_schema()
    definitions: Any = batch.pop("$defs")
    del batch["$schema"]
    return {
        "Batch": _moved(batch),
        **{_NAMES[name]: _moved(schema) for name, schema in definitions.items()},
        "Problem": answers.Problem.model_json_schema(),
    }


def _moved(schema: Any) -> Any:  # noqa: ANN401 - any JSON value
    """The same with references to where the definitions now are."""
    if isinstance(schema, list):
        return [_moved(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _COMPONENTS + _NAMES[part.removeprefix("#/$defs/")] if key == "$ref" else _moved(part)
        for key, part in schema.items()
    }
