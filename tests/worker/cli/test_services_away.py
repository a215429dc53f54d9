"""What commands say when something around them is not as it should be: one sentence, never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.worker.cli.conftest import Run, runner

NOWHERE = "127.0.0.1:9"
DATABASE_AWAY = {"DATABASE_URL": f"postgresql://user:hidden@{NOWHERE}/tickets", "REDIS_URL": f"redis://{NOWHERE}"}
BATCH = '[{"id": 1, "status": "closed"}]'


@pytest.mark.parametrize(
    "arguments",
    [
        ["migrate"],
        ["enqueue", "-"],
        ["show", "ticket", "7"],
        ["dead", "retry", "--all"],
    ],
    ids=" ".join,
)
def test_a_database_that_is_away_is_named_with_its_variable(tmp_path: Path, arguments: list[str]) -> None:
    done = runner(tmp_path, **DATABASE_AWAY)(*arguments, stdin="{}")

    assert done.code == 3
    assert done.out == ""
    (line,) = done.err.splitlines()
    assert "DATABASE_URL" in line
    assert "hidden" not in line


def test_a_service_that_is_away_is_a_json_document_for_machines(tmp_path: Path) -> None:
    done = runner(tmp_path, **DATABASE_AWAY)("show", "ticket", "7", "--json")

    assert done.code == 3
    assert done.document["error"]["code"] == "service_unavailable"
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("settings", "variable"),
    [
        ({"REDIS_URL": f"redis://:hidden@{NOWHERE}"}, "REDIS_URL"),
        ({"REDIS_URL": f"redis://{NOWHERE}", "BROKER_URL": f"redis://:hidden@{NOWHERE}"}, "BROKER_URL"),
        ({"REDIS_URL": f"redis://{NOWHERE}", "BROKER_URL": f"amqp://user:hidden@{NOWHERE}"}, "BROKER_URL"),
    ],
    ids=["redis", "redis as broker", "rabbitmq"],
)
def test_a_broker_that_is_away_is_named_with_its_variable(
    migrated_database_url: str, tmp_path: Path, settings: dict[str, str], variable: str
) -> None:
    done = runner(tmp_path, DATABASE_URL=migrated_database_url, **settings)("enqueue", "-", stdin=BATCH)

    assert done.code == 3
    (line,) = done.err.splitlines()
    assert variable in line
    assert "hidden" not in line


@pytest.mark.parametrize("command", ["show ticket 7", "enqueue -"])
@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"])
def test_a_database_without_tables_is_told_what_it_needs(
    database_url: str, valkey_url: str, tmp_path: Path, command: str
) -> None:
    done = runner(tmp_path, DATABASE_URL=database_url, REDIS_URL=valkey_url)(*command.split(), "--json", stdin=BATCH)

    assert done.code == 2
    assert done.document["error"]["code"] == "schema_missing"
    assert "python -m worker migrate" in done.err


def test_a_wrong_setting_is_one_line_that_names_it(tmp_path: Path) -> None:
    done = runner(tmp_path, TICKETS_CHUNK_SIZE="many")("show", "ticket", "7")

    assert done.code == 2
    (line,) = done.err.splitlines()
    assert line == "TICKETS_CHUNK_SIZE must be a whole number from 1 to 10000"


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    done = runner(tmp_path, TICKETS_DATA_DIR=str(tmp_path / "file"))("show", "ticket", "7")

    assert done.code == 2
    (line,) = done.err.splitlines()
    assert "TICKETS_DATA_DIR" in line


def test_requests_are_kept_when_only_the_broker_is_away(run: Run) -> None:
    run("load", "-", stdin='{"tickets": [{"id": 1, "channel": "email", "direction": "in", "status": "open"}]}')

    done = run("rerun", "--mode", "tags", "--json", REDIS_URL=f"redis://{NOWHERE}")

    assert (done.code, done.err) == (0, "")
    assert done.document["scheduled"] == 1
