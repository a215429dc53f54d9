"""The OpenAPI document: complete, without dangling references, and about the same batch as `schema`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.worker.gateway.conftest import Gateway
from worker.domain.fields import FIELDS
from worker.payload.schema import batch_schema

Json = dict[str, Any]


@pytest.fixture
def document(gateway: Gateway) -> Json:
    answer = httpx.get(f"{gateway.url}/openapi.json")  # without a token
    assert answer.status_code == 200
    return dict(answer.json())


def references(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def test_every_reference_leads_somewhere(document: Json) -> None:
    names = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) <= names


def test_the_body_is_a_batch_of_every_field_that_is_known(document: Json) -> None:
    operation = document["paths"]["/api/mind/ticket"]["patch"]
    content = operation["requestBody"]["content"]
    assert content == {"application/json": {"schema": {"$ref": "#/components/schemas/Batch"}}}
    schemas = document["components"]["schemas"]
    assert schemas["Batch"]["examples"] == batch_schema()["examples"]
    assert FIELDS.keys() <= schemas["TicketPatch"]["properties"].keys()
    assert schemas["TicketPatch"]["additionalProperties"] is False


def test_the_flag_the_key_and_the_token_are_described(document: Json) -> None:
    operation = document["paths"]["/api/mind/ticket"]["patch"]
    parameters = {parameter["name"]: parameter for parameter in operation["parameters"]}
    assert parameters.keys() == {"includeInWorklog", "Idempotency-Key"}
    assert parameters["includeInWorklog"]["schema"]["default"] is True
    assert operation["security"] == [{"bearer": []}]
    scheme = document["components"]["securitySchemes"]["bearer"]
    assert (scheme["type"], scheme["scheme"], scheme["bearerFormat"]) == ("http", "bearer", "JWT")


def test_the_pages_of_a_ledger_are_described(document: Json) -> None:
    operation = document["paths"]["/api/mind/batch/{batchId}"]["get"]
    parameters = {parameter["name"]: parameter for parameter in operation["parameters"]}
    assert parameters.keys() == {"batchId", "outcome", "after", "limit"}
    assert not any(parameters[name]["required"] for name in ("outcome", "after", "limit"))
    assert parameters["outcome"]["schema"]["type"] == "array"
    schemas = document["components"]["schemas"]
    assert "page" not in schemas["Ledger"]["required"]
    assert "conflict" not in schemas["Counts"]["required"]
    assert "current" not in schemas["LedgerItem"]["required"]


@pytest.mark.parametrize(
    ("path", "method", "statuses"),
    [
        ("/api/mind/ticket", "patch", {"200", "400", "401", "413", "415", "422", "503", "default"}),
        ("/api/mind/batch/{batchId}", "get", {"200", "400", "401", "404", "503", "default"}),
    ],
)
def test_every_status_is_described_and_problems_as_problems(
    document: Json, path: str, method: str, statuses: set[str]
) -> None:
    responses = document["paths"][path][method]["responses"]
    assert responses.keys() == statuses
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    assert all(response["content"] == problem for status, response in responses.items() if status != "200")


def test_the_document_says_nothing_of_the_framework(document: Json) -> None:
    assert not {"HTTPValidationError", "ValidationError"} & document["components"]["schemas"].keys()
