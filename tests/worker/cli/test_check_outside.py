"""`check` asks the model and the directory that settings name, and says what to do when they do not answer well."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from tests.services.llm_server import LlmServer, llm_server
from tests.worker.cli.conftest import Done, Run

KEY = "sk-very-secret"
CUSTOMERS: dict[str, Any] = {"customers": []}


@pytest.fixture
def server() -> Iterator[LlmServer]:
    with llm_server() as running:
        yield running


@pytest.fixture
def model(server: LlmServer) -> dict[str, str]:
    """Settings that name the server's model."""
    return {
        "TICKETS_ENGINE": "llm",
        "TICKETS_LLM_MODEL": "wise-1",
        "TICKETS_LLM_BASE_URL": server.url,
        "TICKETS_LLM_API_KEY": KEY,
        "TICKETS_LLM_TIMEOUT": "4",
    }


def found(done: Done, name: str) -> dict[str, str]:
    (check,) = (one for one in done.document["checks"] if one["name"] == name)
    return check  # type: ignore[no-any-return] # JSON


def test_a_model_that_answers_is_found_by_one_cheap_question(
    run: Run, server: LlmServer, model: dict[str, str]
) -> None:
    done = run("check", "--json", **model)

    check = found(done, "model")
    assert (check["state"], check["remedy"]) == ("ok", "")
    assert check["detail"].startswith("wise-1 answers")
    assert check["detail"].endswith("100 tokens")
    assert [len(str(one["messages"])) < 500 for one in server.requests] == [True]
    assert server.authorizations == [f"Bearer {KEY}"]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"status": 401}, ("llm_unauthorized", "failed", "TICKETS_LLM_API_KEY")),
        ({"status": 403}, ("llm_unauthorized", "failed", "TICKETS_LLM_API_KEY")),
        ({"status": 404}, ("llm_model_not_found", "failed", "TICKETS_LLM_MODEL")),
        ({"status": 400}, ("llm_request_refused", "failed", "call tools")),
        ({"status": 429}, ("llm_rate_limited", "warning", "TICKETS_LLM_CALLS_IN_FLIGHT")),
        ({"status": 500}, ("llm_server_error", "failed", "log")),
        ({"reset": True}, ("llm_unreachable", "away", "TICKETS_LLM_BASE_URL")),
        ({"delay": 6.0}, ("llm_too_slow", "failed", "TICKETS_LLM_TIMEOUT")),
        ({"raw": "{not json"}, ("llm_bad_answer", "failed", "call tools")),
    ],
)
def test_each_failure_of_a_model_has_its_advice(
    run: Run, server: LlmServer, model: dict[str, str], wrong: dict[str, Any], told: tuple[str, str, str]
) -> None:
    for name, value in wrong.items():
        setattr(server, name, value)

    done = run("check", "--json", **model)

    reason, state, remedy = told
    check = found(done, "model")
    assert (check["detail"], check["state"]) == (f"wise-1: {reason}", state)
    assert remedy in check["remedy"]
    assert (done.code, done.document["ok"]) == (3 if state == "away" else 1, False)
    assert KEY not in done.out + done.err
    assert "Ready?" not in done.out + done.err


def test_a_server_that_is_not_there_is_away(run: Run, model: dict[str, str]) -> None:
    check = found(run("check", "--json", **model | {"TICKETS_LLM_BASE_URL": "http://127.0.0.1:9/v1"}), "model")
    assert (check["detail"], check["state"]) == ("wise-1: llm_unreachable", "away")


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (200, CUSTOMERS, ("answers", "ok", "")),
        (200, {"wrong": 1}, ("directory_answer_invalid", "failed", "docs/directory.md")),
        (401, {}, ("directory_refused", "failed", "TICKETS_DIRECTORY_TOKEN")),
        (503, {}, ("directory_unavailable", "away", "TICKETS_DIRECTORY_URL")),
    ],
)
def test_the_directory_is_asked_for_nobody(
    run: Run, httpserver: HTTPServer, status: int, body: object, told: tuple[str, str, str]
) -> None:
    httpserver.expect_request("/crm/by-id", "POST", json={"ids": ["ticket-worker-check"]}).respond_with_json(
        body, status
    )
    settings = {"TICKETS_DIRECTORY_URL": httpserver.url_for("/crm"), "TICKETS_DIRECTORY_TOKEN": KEY}

    done = run("check", "--json", **settings)

    reason, state, remedy = told
    check = found(done, "directory")
    assert (check["detail"], check["state"]) == (reason, state)
    assert remedy in check["remedy"]
    assert KEY not in done.out + done.err


def test_what_is_not_configured_is_not_tried(run: Run) -> None:
    names = {one["name"] for one in run("check", "--json").document["checks"]}
    assert names.isdisjoint({"model", "directory"})
