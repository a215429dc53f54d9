"""`check`: what it finds, what it says to do, and its exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.services.waiting import wait_until
from tests.worker.cli.conftest import Done, Run, runner


def states(done: Done) -> dict[str, str]:
    return {one["name"]: one["state"] for one in done.document["checks"]}


@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"])
def test_services_without_processes_are_told_apart(run: Run) -> None:
    done = run("check", "--json")

    assert done.code == 1
    assert done.document["ok"] is False
    assert states(done) == {
        "data folder": "ok",
        "database": "ok",
        "schema": "ok",
        "redis": "warning",  # the Redis of the tests keeps nothing on disk
        "broker": "ok",
        "workers": "failed",
        "beat": "failed",
        "dead letters": "ok",
    }


@pytest.mark.workers
def test_a_worker_that_answers_is_found(served: Run) -> None:
    assert wait_until(lambda: states(served("check", "--json"))["workers"] == "ok", seconds=60)

    found = states(served("check", "--json"))
    assert (found["redis"], found["broker"], found["beat"]) == ("ok", "ok", "failed")


def test_everything_wrong_has_something_to_do_about_it(run: Run) -> None:
    checks = run("check", "--json").document["checks"]

    assert all(bool(one["remedy"]) == (one["state"] != "ok") for one in checks)


def test_a_missing_schema_is_found(database_url: str, valkey_url: str, tmp_path: Path) -> None:
    done = runner(tmp_path, DATABASE_URL=database_url, REDIS_URL=valkey_url)("check", "--json")

    assert done.code == 1
    (schema,) = (one for one in done.document["checks"] if one["name"] == "schema")
    assert (schema["state"], schema["remedy"]) == ("failed", "run `python -m worker migrate`")


def test_a_service_that_is_away_makes_the_exit_code_3(migrated_database_url: str, tmp_path: Path) -> None:
    settings = {"DATABASE_URL": migrated_database_url, "REDIS_URL": "redis://:hidden@127.0.0.1:9"}

    done = runner(tmp_path, **settings)("check", "--json")

    assert done.code == 3
    assert {"redis": "away", "broker": "away"}.items() <= states(done).items()
    assert "workers" not in states(done)
    assert "hidden" not in done.out + done.err


def test_people_get_a_table(run: Run) -> None:
    done = run("check", COLUMNS="120")

    assert done.code == 1
    assert "none answers" in done.out
    assert "make up" in done.out
    assert done.err == ""
