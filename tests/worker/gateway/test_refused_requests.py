"""Requests that are not answered as asked: each ends as problem details with a code, and saves nothing."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.services.waiting import wait_until
from tests.worker.gateway.conftest import Gateway, bearer, token
from worker.gateway.problems import STATUS, HttpCode
from worker.storage.tables import BatchRow

TICKET = "/api/mind/ticket"
JSON = {"Content-Type": "application/json"}


def assert_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    problem: dict[str, Any] = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert problem.keys() == {"type", "title", "status", "detail", "code"}
    assert (problem["type"], problem["status"]) == ("about:blank", status)
    return problem


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "invalid_json"),
        (b"[{]", 400, "invalid_json"),
        (b'[{"id": NaN}]', 400, "invalid_json"),
        (b"\xff\xfe[]", 400, "invalid_json"),
        (b"[" * 2_000 + b"]" * 2_000, 400, "invalid_json"),
        (b'"a text"', 422, "not_a_list"),
        (b"7", 422, "not_a_list"),
        (json.dumps([{"id": 1}] * 51).encode(), 413, "batch_too_large"),
        (b" " * 20_001, 413, "body_too_large"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_body_that_is_no_batch_is_refused_whole(gateway: Gateway, body: bytes, status: int, code: str) -> None:
    before = len(gateway.rows(BatchRow))
    assert_problem(gateway.client.patch(TICKET, content=body, headers=JSON), status, code)
    assert len(gateway.rows(BatchRow)) == before


def test_a_refused_batch_names_its_size_and_the_limit(gateway: Gateway) -> None:
    assert gateway.patch([{"id": 1}] * 51).json()["detail"] == "the batch has 51 items, the limit is 50"


def test_a_body_of_unknown_length_is_refused_once_it_is_too_large(gateway: Gateway) -> None:
    def parts() -> Iterator[bytes]:
        yield b"["
        for _ in range(50):
            yield b" " * 1_000

    assert_problem(gateway.client.patch(TICKET, content=parts(), headers=JSON), 413, "body_too_large")


def test_a_body_as_large_as_the_limit_is_read(gateway: Gateway) -> None:
    assert gateway.client.patch(TICKET, content=b"[]".ljust(20_000), headers=JSON).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": ""},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json-patch+json"},
        JSON | {"Content-Encoding": "gzip"},
    ],
)
def test_a_body_that_is_not_plain_json_is_refused(gateway: Gateway, headers: dict[str, str]) -> None:
    assert_problem(gateway.client.patch(TICKET, content=b"[]", headers=headers), 415, "unsupported_media_type")


@pytest.mark.parametrize("media_type", ["application/json; charset=utf-8", "Application/JSON"])
def test_json_may_be_named_in_any_way(gateway: Gateway, media_type: str) -> None:
    assert gateway.client.patch(TICKET, content=b"[]", headers={"Content-Type": media_type}).status_code == 200


@pytest.mark.parametrize(
    "query",
    ["includeInWorklog=maybe", "includeInWorklog=", "includeInWorkLog=false", "atomic=true"],
)
def test_a_parameter_that_is_wrong_or_unknown_is_refused(gateway: Gateway, query: str) -> None:
    assert_problem(gateway.client.patch(f"{TICKET}?{query}", json=[]), 400, "invalid_parameter")


@pytest.mark.parametrize("key", ["", '""', "k" * 256, "a\tb"])
def test_a_key_that_is_none_is_refused(gateway: Gateway, key: str) -> None:
    problem = assert_problem(gateway.patch([], key=key), 400, "invalid_value")
    assert "idempotency_key" in problem["detail"]


@pytest.mark.parametrize("path", [TICKET, "/api/mind/batch/00000000-0000-0000-0000-000000000000"])
@pytest.mark.parametrize("value", [None, "", "Bearer", "Basic YTpi", "eyJhbGciOiJIUzI1NiJ9.e30.c2ln"])
def test_without_a_bearer_token_nothing_is_answered(gateway: Gateway, path: str, value: str | None) -> None:
    headers = {} if value is None else {"Authorization": value}
    method = "PATCH" if path == TICKET else "GET"
    answer = httpx.request(method, gateway.url + path, content=b"[]" if method == "PATCH" else None, headers=headers)
    assert_problem(answer, 401, "missing_token")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="tickets"'


@pytest.mark.parametrize("path", [TICKET, "/api/mind/batch/00000000-0000-0000-0000-000000000000"])
def test_a_wrong_token_is_told_in_the_challenge(gateway: Gateway, path: str) -> None:
    method = "PATCH" if path == TICKET else "GET"
    answer = gateway.client.request(method, path, headers=bearer(exp=-60))
    assert_problem(answer, 401, "invalid_token")
    challenge = 'Bearer realm="tickets", error="invalid_token", error_description="the token has expired"'
    assert answer.headers["WWW-Authenticate"] == challenge


def connect(gateway: Gateway) -> socket.socket:
    address = urlsplit(gateway.url)
    return socket.create_connection((address.hostname or "", address.port or 0), timeout=10)


def head(length: int, **claims: int) -> bytes:
    """The beginning of a request whose body has that length."""
    headers = {"Host": "gateway", "Content-Length": str(length)} | JSON | bearer(**claims)
    lines = [f"PATCH {TICKET} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


@pytest.mark.parametrize(("claims", "status"), [({"exp": -60}, 401), ({}, 413)])
def test_a_refusal_does_not_wait_for_the_body(gateway: Gateway, claims: dict[str, int], status: int) -> None:
    with connect(gateway) as connection:
        connection.sendall(head(30_000, **claims))
        assert connection.recv(100).startswith(f"HTTP/1.1 {status} ".encode())


def test_a_sender_that_hangs_up_harms_nobody(gateway: Gateway) -> None:
    before = gateway.log.count('"status": 400')
    with connect(gateway) as connection:
        connection.sendall(head(100) + b"[")
    assert wait_until(lambda: gateway.log.count('"status": 400') > before, seconds=5)
    assert gateway.patch([]).status_code == 200
    assert '"level": "error"' not in gateway.log


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, "not_found"),
        ("PATCH", f"{TICKET}/", 404, "not_found"),
        ("GET", "/docs", 404, "not_found"),
        ("GET", "/api/mind/batch/1", 404, "batch_not_found"),
        ("GET", "/api/mind/batch/%00", 404, "batch_not_found"),
        ("GET", TICKET, 405, "method_not_allowed"),
        ("POST", TICKET, 405, "method_not_allowed"),
        ("DELETE", "/api/mind/batch/00000000-0000-0000-0000-000000000000", 405, "method_not_allowed"),
    ],
)
def test_other_addresses_and_methods_are_problems_too(
    gateway: Gateway, method: str, path: str, status: int, code: str
) -> None:
    assert_problem(gateway.client.request(method, path), status, code)


def test_every_code_of_the_gateway_has_a_status() -> None:
    assert set(HttpCode) <= STATUS.keys()


def test_the_log_holds_no_token_no_query_and_no_body(gateway: Gateway) -> None:
    secrets = ["Erika", "Hidden", "hidden@example.com", "DE89370400440532013000"]
    gateway.patch([{"id": 1, "fromName": secrets[0], "from": secrets[2], "body": secrets[3]}], key="logged")
    gateway.patch([], Hidden=secrets[1])
    gateway.client.patch(TICKET, content=b'[{"body": "Erika', headers=JSON)
    gateway.client.get(f"/{secrets[1]}/{token()}")
    assert wait_until(lambda: '"status": 404' in gateway.log, seconds=5)
    assert '"event": "batch_accepted"' in gateway.log
    for secret in (*secrets, "eyJ", "includeInWorklog"):
        assert secret not in gateway.log
