"""Refreshes that look customers up in another system over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from time import sleep
from typing import Any

import pytest
from pydantic import SecretStr
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.worker.operations.conftest import Add, World
from tests.worker.operations.engines import ScriptedEngine
from worker.ai.protocol import Clues
from worker.directories import http
from worker.directories.http import HttpDirectory
from worker.domain.words import RefreshMode
from worker.operations.load import load
from worker.storage.tables import RefreshRunRow

CUSTOMER = {
    "id": "83771",
    "lastname": "Mustermann",
    "email": "tom@example.com",
    "contracts": [{"id": "746839", "counterNumber": "1ESY1160669167"}],
}
TAG = {
    "id": 5,
    "name": "Mustermann",
    "detectionDetails": {
        "type": "conditionDetection",
        "condition": {"field": "customer.lastname", "operator": "Equal", "value": "Mustermann"},
    },
}
Answer = Callable[[Request], Response]


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    with HTTPServer() as server:
        yield server


@pytest.fixture(autouse=True)
def directory(world: World, server: HTTPServer) -> HttpDirectory:
    load(world.context, {"tags": [TAG]})
    world.with_engine(ScriptedEngine({"clues": Clues(numbers=("1ESY1160669167",), names=("Tom Mustermann",))}))
    directory = HttpDirectory(server.url_for("/customers/"), SecretStr("hush"), timedelta(seconds=0.5))
    world.context = replace(world.context, other_directory=directory)
    return directory


def answers(server: HTTPServer, call: str, customers: object) -> None:
    server.expect_request(f"/customers/{call}", method="POST").respond_with_json({"customers": customers})


def ended(run: dict[str, Any]) -> tuple[str, str | None]:
    return run["state"], run["reason"]


def test_a_customer_of_the_other_system_is_found_by_what_the_message_says(
    world: World, add_tickets: Add, server: HTTPServer
) -> None:
    answers(server, "find", [[CUSTOMER]])
    add_tickets(1, sender="tom@example.com", body="Geheimes")

    run = world.refresh(RefreshMode.CUSTOMER, 1)

    values = world.ticket(1).values
    assert (values["customerId"], values["contractId"], ended(run)) == ("83771", "746839", ("done", None))
    ((request, _),) = server.log
    assert request.headers["authorization"] == "Bearer hush"
    assert request.json == {
        "messages": [
            {
                "senders": ["tom@example.com"],
                "numbers": ["1ESY1160669167"],
                "ibans": [],
                "emails": [],
                "phones": [],
                "names": ["Tom Mustermann"],
                "addresses": [],
            }
        ]
    }


def test_conditions_ask_about_the_other_system_s_customers_all_in_one_call(
    world: World, add_tickets: Add, server: HTTPServer
) -> None:
    answers(server, "by-id", [CUSTOMER])
    add_tickets(1, 2, customer_id="83771")
    add_tickets(3, customer_id="83772")
    add_tickets(4)

    world.refresh(RefreshMode.TAGS_RULE_BASED, 1, 2, 3, 4)

    assert [list(world.ticket(one).tags) for one in (1, 2, 3, 4)] == [[5], [5], [], []]
    ((request, _),) = server.log
    assert request.json == {"ids": ["83771", "83772"]}


def test_more_than_one_call_holds_is_asked_in_parts(
    world: World, add_tickets: Add, server: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "MOST", 2)

    def find(request: Request) -> Response:
        asked = json.loads(request.data)["messages"]
        return Response(json.dumps({"customers": [[CUSTOMER]] * len(asked)}))

    server.expect_request("/customers/find").respond_with_handler(find)
    add_tickets(1, 2, 3)

    world.refresh(RefreshMode.CUSTOMER, 1, 2, 3)

    assert [world.ticket(one).values["customerId"] for one in (1, 2, 3)] == ["83771"] * 3
    assert len(server.log) == 2


def hangs(_: Request) -> Response:
    sleep(1)
    return Response("{}")


@pytest.mark.parametrize("call", ["find", "by-id"])
@pytest.mark.parametrize(
    "away",
    [
        (lambda _: Response(status=503), 5),
        (lambda _: Response(status=429, headers={"Retry-After": "60"}), 60),
        (hangs, 5),
    ],
    ids=["503", "429", "hangs"],
)
def test_a_directory_that_is_away_is_asked_again_later(
    world: World, add_tickets: Add, server: HTTPServer, away: tuple[Answer, int], call: str
) -> None:
    answer, seconds = away
    server.expect_ordered_request(f"/customers/{call}").respond_with_handler(answer)
    add_tickets(1, customer_id="83771" if call == "by-id" else None)
    (message,) = world.request(RefreshMode.TAGS if call == "by-id" else RefreshMode.CUSTOMER, 1)

    world.run(message)

    (waiting,) = world.rows(RefreshRunRow)
    assert ended(waiting) == ("running", "directory_unavailable")
    assert waiting["lease_until"] >= world.now + timedelta(seconds=seconds)
    server.clear()
    answers(server, call, [CUSTOMER] if call == "by-id" else [[CUSTOMER]])
    world.pass_time(hours=1)
    world.run(message)
    assert ended(world.rows(RefreshRunRow)[0]) == ("done", None)


@pytest.mark.parametrize("call", ["find", "by-id"])
def test_a_directory_that_stays_away_ends_no_run_as_a_success(
    world: World, add_tickets: Add, server: HTTPServer, call: str
) -> None:
    server.expect_request(f"/customers/{call}").respond_with_response(Response(status=500))
    add_tickets(1, customer_id="83771" if call == "by-id" else None)
    (message,) = world.request(RefreshMode.TAGS if call == "by-id" else RefreshMode.CUSTOMER, 1)

    for _ in range(len(world.context.settings.retry_delays) + 1):
        world.run(message)
        world.pass_time(days=1)

    (run,) = world.rows(RefreshRunRow)
    assert ended(run) == ("failed", "directory_unavailable")
    assert (run["stages"][0]["state"], run["stages"][0]["reason"]) == ("failed", "directory_unavailable")


@pytest.mark.parametrize("call", ["find", "by-id"])
@pytest.mark.parametrize(
    "wrong",
    [
        (Response(status=401), "directory_refused"),
        (Response(status=302, headers={"Location": "http://127.0.0.1:9/"}), "directory_refused"),
        (Response("garbage"), "directory_answer_invalid"),
        (Response("[]"), "directory_answer_invalid"),
        (Response('{"customers": null}'), "directory_answer_invalid"),
        (Response('{"customers": [[{"id": null}]]}'), "directory_answer_invalid"),
        (Response('{"customers": [{"id": "1", "nickname": "x"}]}'), "directory_answer_invalid"),
        (Response(b"x" * (http.LARGEST + 1)), "directory_answer_invalid"),
    ],
    ids=["401", "302", "garbage", "list", "null", "no-id", "unknown-key", "large"],
)
def test_a_directory_that_answers_wrongly_fails_the_run_and_writes_nothing(
    world: World, add_tickets: Add, server: HTTPServer, wrong: tuple[Response, str], call: str
) -> None:
    answer, reason = wrong
    server.expect_request(f"/customers/{call}").respond_with_handler(
        lambda _: Response(answer.get_data(), status=answer.status_code, headers=answer.headers)
    )
    add_tickets(1, customer_id="83771" if call == "by-id" else None)

    run = world.refresh(RefreshMode.TAGS if call == "by-id" else RefreshMode.CUSTOMER, 1)

    assert ended(run) == ("failed", reason)
    assert world.ticket(1).version == 0


def test_nothing_that_a_customer_wrote_is_in_the_log(
    world: World, add_tickets: Add, server: HTTPServer, capfd: pytest.CaptureFixture[str]
) -> None:
    server.expect_request("/customers/find").respond_with_response(Response(status=500))
    add_tickets(1, sender="tom@example.com")

    world.run(world.request(RefreshMode.CUSTOMER, 1)[0])

    said = "".join(capfd.readouterr())
    assert "refresh_ended" in said
    for secret in ("tom@example.com", "1ESY1160669167", "Mustermann", "hush", server.url_for("")):
        assert secret not in said
