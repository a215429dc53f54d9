"""`dead list`, `dead retry` and `dead drop`, as printed."""

from __future__ import annotations

import pytest
import redis

from tests.worker.cli.conftest import Run
from worker.broker.dead import bury

NOWHERE = "redis://127.0.0.1:9"


@pytest.fixture
def refused(valkey_url: str) -> None:
    """An entry that the door refused and no worker has moved to the database yet."""
    with redis.Redis.from_url(valkey_url) as client:
        bury(client, reason="not_json", queue="ingest", entry=b"a private letter")


@pytest.mark.usefixtures("refused")
def test_refused_messages_are_listed_with_their_reason_even_without_a_worker(run: Run) -> None:
    done = run("dead", "list", "--json")

    assert (done.code, done.err) == (0, "")
    (letter,) = done.document
    assert (letter["kind"], letter["reason"], letter["detail"]["queue"]) == ("message", "not_json", "ingest")
    assert "private" not in done.out
    assert "not_json" in run("dead", "list").out


def test_nothing_given_up_is_an_empty_list(run: Run) -> None:
    assert run("dead", "list", "--json").document == []
    assert run("dead", "list").out == "Nothing was given up.\n"


@pytest.mark.parametrize("variable", ["REDIS_URL", "BROKER_URL"])
def test_what_the_database_holds_is_listed_while_redis_is_away(run: Run, variable: str) -> None:
    done = run("dead", "list", "--json", **{variable: NOWHERE})

    assert (done.code, done.document) == (0, [])
    assert variable in done.err


@pytest.mark.usefixtures("refused")
def test_what_cannot_be_retried_makes_the_exit_code_1_and_can_be_dropped(run: Run) -> None:
    (letter,) = run("dead", "list", "--json").document

    retried = run("dead", "retry", letter["id"])
    dropped = run("dead", "drop", letter["id"], "--json")

    assert retried.code == 1
    assert f"python -m worker dead drop {letter['id']}" in retried.out
    assert (dropped.code, dropped.document) == (0, {"dropped": [letter["id"]]})
    assert run("dead", "list", "--json").document == []


def test_an_unknown_number_is_told_with_code_2(run: Run) -> None:
    done = run("dead", "retry", 7, "--json")

    assert done.code == 2
    assert done.document["error"]["code"] == "dead_letter_not_found"
