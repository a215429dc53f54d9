"""`migrate`, `load` and `schema`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.worker.cli.conftest import ROOT, Run, runner
from worker.storage.revision import newest_revision

MASTER = {
    "customers": [{"id": "C1", "lastname": "Huber", "contracts": [{"id": "V1", "status": "active"}]}],
    "agents": [{"id": 7, "firstName": "Max", "password": "hidden", "image": "hidden"}],
    "tags": [{"id": 4, "name": "Umzug"}],
    "tickets": [{"id": 1, "channel": "email", "direction": "in", "from": "tom@example.com", "agentId": 7}],
}


@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"])
def test_an_empty_database_gets_the_current_schema_and_keeps_it(
    database_url: str, valkey_url: str, tmp_path: Path
) -> None:
    run = runner(tmp_path, DATABASE_URL=database_url, REDIS_URL=valkey_url)

    first, second = run("migrate", "--json"), run("migrate", "--json")

    assert (first.code, second.code) == (0, 0)
    assert first.document == second.document == {"schema": newest_revision()}
    assert run("show", "ticket", "1", "--json").document["error"]["code"] == "ticket_not_found"


@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"])
def test_a_file_is_loaded_and_counted(run: Run) -> None:
    done = run("load", "-", "--json", stdin=json.dumps(MASTER))

    assert done.code == 0
    assert done.document == {"tags": 1, "customers": 1, "agents": 1, "aiAgents": 0, "webhooks": 0, "tickets": 1}
    assert run("show", "ticket", "1", "--json").document["agent"] == {"id": 7, "firstName": "Max"}


def test_a_file_is_read_by_its_name(run: Run, tmp_path: Path) -> None:
    (tmp_path / "master.json").write_text(json.dumps(MASTER))

    done = run("load", "master.json")

    assert (done.code, done.err) == (0, "")
    assert "tickets" in done.out


def test_a_file_with_errors_is_refused_with_all_of_them(run: Run) -> None:
    document = json.dumps({**MASTER, "tags": [{"id": 0, "name": "x"}], "labels": []})

    done = run("load", "-", "--json", stdin=document)

    assert done.code == 2
    assert done.document["error"]["code"] == "load_refused"
    assert {(error["code"], error["path"]) for error in done.document["errors"]} == {
        ("invalid_value", "tags[0].id"),
        ("unknown_field", "labels"),
    }
    assert "tags[0].id" in done.err
    assert run("show", "ticket", "1").code == 2


@pytest.mark.parametrize("text", ["{", "NaN", "\ufeff", "[" * 100_000])
def test_what_is_no_json_is_not_loaded(run: Run, text: str) -> None:
    done = run("load", "-", "--json", stdin=text)

    assert done.code == 2
    assert done.document["error"]["code"] == "invalid_json"


def test_a_file_that_is_not_there_is_named(run: Run) -> None:
    done = run("load", "nowhere.json")

    assert done.code == 2
    assert done.err == "nowhere.json can't be read: no such file or directory.\n"


def test_the_schema_of_a_batch_needs_no_services(tmp_path: Path) -> None:
    done = runner(tmp_path)("schema", "--json")

    assert done.code == 0
    assert done.document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "refreshMode" in done.document["$defs"]["item"]["properties"]
    assert list(tmp_path.iterdir()) == []


def test_the_demo_data_can_be_loaded(run: Run) -> None:
    data = ROOT / "worker" / "demo" / "data"

    assert [run("load", data / name).code for name in ("master.json", "tickets.json")] == [0, 0]
