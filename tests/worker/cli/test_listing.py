"""`list tickets` and `list routable`, as printed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.worker.cli.conftest import Run


@pytest.fixture
def loaded(run: Run) -> Run:
    """An open ticket with a tag, an open one that is spam, and a closed one."""
    ticket: dict[str, object] = {"channel": "email", "direction": "in", "from": "tom@example.com", "status": "open"}
    marks: dict[str, dict[str, object]] = {
        "1": {"tagIds": [3], "subject": "Zählerstand"},
        "2": {"spamStatus": "auto_spam"},
        "3": {"status": "closed"},
    }
    tickets = [{"id": int(key)} | ticket | marks[key] for key in "123"]
    document = {"tags": [{"id": 3, "name": "Meter"}], "tickets": tickets}
    assert run("load", "-", stdin=json.dumps(document)).code == 0
    return run


def ids(document: Any) -> list[int]:  # noqa: ANN401 - any JSON
    return [ticket["id"] for ticket in document["tickets"]]


def test_a_backlog_is_listed_by_filters_and_pages(loaded: Run) -> None:
    open_ones = loaded("list", "tickets", "--where", "status=open", "--json")
    clean = loaded("list", "tickets", "--where", "spamStatus!=auto_spam,manual_spam", "--limit", 1, "--json")
    next_page = loaded("list", "tickets", "--where", "spamStatus!=auto_spam,manual_spam", "--after", 1, "--json")

    assert [done.code for done in (open_ones, clean, next_page)] == [0, 0, 0]
    assert ids(open_ones.document) == [1, 2]
    assert (ids(clean.document), clean.document["page"]) == ([1], {"after": 1, "more": True})
    assert (ids(next_page.document), next_page.document["page"]) == ([3], {"after": 3, "more": False})


def test_routable_tickets_are_listed_by_skills(loaded: Run) -> None:
    assert ids(loaded("list", "routable", "--json").document) == [1]
    assert ids(loaded("list", "routable", "--skills", "3,4", "--json").document) == [1]
    assert ids(loaded("list", "routable", "--skills", "3,4", "--match", "all", "--json").document) == []


def test_people_see_a_table_and_how_to_go_on(loaded: Run) -> None:
    shown = loaded("list", "tickets", "--limit", 1)

    assert "Zählerstand" in shown.out
    assert "More follow: --after 1" in shown.out
    assert "No ticket matches." in loaded("list", "tickets", "--where", "id=99").out


@pytest.mark.parametrize(
    ("arguments", "path"),
    [(["tickets", "--where", "state=open"], "where.state"), (["routable", "--skills", "x"], "skills[0]")],
)
def test_a_wrong_question_is_refused_with_its_place(run: Run, arguments: list[str], path: str) -> None:
    done = run("list", *arguments, "--json")

    assert done.code == 2
    assert [error["path"] for error in done.document["errors"]] == [path]
