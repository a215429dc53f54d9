"""`show ticket` and `show batch`, as printed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.worker.cli.conftest import Run

BODY = "Guten Tag,\nmein Zähler [bold]4711[/bold] \x1b[31mist rot\x1b[0m."


def ticket(ticket_id: int, **values: Any) -> dict[str, Any]:  # noqa: ANN401 - a field's own type
    return {"id": ticket_id, "channel": "email", "direction": "in", "from": "tom@example.com", "body": BODY} | values


@pytest.fixture
def loaded(run: Run) -> Run:
    """Three tickets and a tag."""
    document = {
        "tags": [{"id": 4, "name": "Umzug"}],
        "tickets": [ticket(1, tagIds=[4]), ticket(2, status="closed"), ticket(3)],
    }
    assert run("load", "-", stdin=json.dumps(document)).code == 0
    return run


@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"])
def test_one_ticket_is_an_object_and_several_are_a_list(loaded: Run) -> None:
    one, several = loaded("show", "ticket", 1, "--json"), loaded("show", "ticket", 2, 1, "--json", "--history")

    assert (one.code, several.code) == (0, 0)
    assert (one.document["id"], one.document["body"]) == (1, BODY)
    assert one.document["tagSources"] == [{"id": 4, "source": "manual"}]
    assert [shown["id"] for shown in several.document] == [2, 1]
    assert [shown["history"] for shown in several.document] == [[], []]


def test_an_unknown_ticket_is_told_with_code_2(loaded: Run) -> None:
    done = loaded("show", "ticket", 1, 99, "--json")

    assert done.code == 2
    assert done.document == {"error": {"code": "ticket_not_found", "message": "There is no ticket 99."}}


def test_a_ticket_is_shown_to_people_without_what_a_terminal_would_obey(loaded: Run) -> None:
    shown = loaded("show", "ticket", 1).out

    assert "tom@example.com" in shown
    assert "Umzug" in shown
    assert "mein Zähler [bold]4711[/bold]" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize("arguments", [["0b6f6c3e"], ["--key", "monday"]])
def test_an_unknown_batch_is_told_with_code_2(loaded: Run, arguments: list[str]) -> None:
    done = loaded("show", "batch", *arguments, "--json")

    assert done.code == 2
    assert done.document["error"]["code"] == "batch_not_found"
    assert done.document["error"]["message"] in done.err


def test_a_reader_that_goes_away_is_no_error(loaded: Run) -> None:
    with loaded.start("show", "ticket", 1, "--json") as command:
        assert command.stdout is not None
        command.stdout.close()
        command.wait(60)
        told = command.stderr.read() if command.stderr else ""

    assert (command.returncode, told) == (0, "")


def test_the_program_runs_as_a_module_of_python(loaded: Run) -> None:
    with loaded.start("show", "ticket", 2, "--json") as command:
        out, err = command.communicate(timeout=60)

    assert (command.returncode, err) == (0, "")
    assert json.loads(out)["status"] == "closed"
