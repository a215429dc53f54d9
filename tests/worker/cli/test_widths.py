"""What `webhook list`, `dead list`, `list tickets` and `clean-up` print fits a terminal, whole."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.worker.cli.conftest import Run
from worker.storage.database import Database
from worker.storage.dead import Dead, bury
from worker.storage.endpoints import note_failures

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NORTH = "crm-of-the-north"
HOOKS = [
    {"id": NORTH, "url": "https://crm.example/hook", "secret": SECRET, "fields": ["status", "dueBy"]},
    {
        "id": "erp-hamburg",
        "url": "https://crm.example/x",
        "secret": SECRET,
        "events": ["intentExecuted", "ticketRefreshed"],
    },
]
TICKET = {
    "id": 2_147_483_647,
    "channel": "email",
    "direction": "in",
    "from": "tom@example.com",
    "status": "pending",
    "priority": "medium",
    "spamStatus": "auto_programmatic",
    "subject": "Zählerstand und Abschlag und noch viel mehr, was nicht auf eine Zeile passt",
    "dueBy": "2027-01-01 12:00:00",
    "tagIds": [2],
}
TAGS = [{"id": 2, "name": "Meter"}, {"id": 3, "name": "Complaint", "sla": 8, "firstResponseSla": 2}]


@pytest.fixture
def filled(run: Run, migrated_database_url: str) -> Run:
    """Two endpoints, one of which fails, three dead letters, and a ticket."""
    assert run("load", "-", stdin=json.dumps({"webhooks": HOOKS, "tickets": [TICKET], "tags": TAGS})).code == 0
    database, now = Database(migrated_database_url), datetime.now(UTC)
    with database.write() as connection:
        note_failures(connection, {NORTH: None}, now - timedelta(hours=1))
        detail = {"ticketId": TICKET["id"], "endpointId": NORTH, "status": 500}
        letters = [
            Dead("webhook", "endpoint_disabled", "w", detail),
            Dead("execution", "meter_unknown", "7", {"ticketId": TICKET["id"], "agent": "meter", "option": "enter"}),
            Dead("endpoint", "failing", "e", {"endpointId": NORTH, "failingSince": "2026-11-30 11:01:58"}),
        ]
        bury(connection, letters, now)
    database.close()
    return run


def printed(run: Run, *arguments: str, width: int) -> list[str]:
    lines: list[str] = run(*arguments, COLUMNS=str(width)).out.splitlines()
    assert max(map(len, lines)) <= width
    return lines


@pytest.mark.parametrize("width", [80, 120])
def test_endpoints_are_listed_with_whole_words_and_times(filled: Run, width: int) -> None:
    shown = "\n".join(printed(filled, "webhook", "list", width=width))

    for word in ("crm-of-the-north", "failing", "intentExecuted", "ticketRefreshed", "fields: status", "failing since"):
        assert word in shown
    assert "…" not in shown
    assert "events" not in shown


@pytest.mark.parametrize("width", [80, 120])
def test_dead_letters_are_listed_in_words_and_with_what_to_do(filled: Run, width: int) -> None:
    lines = printed(filled, "dead", "list", width=width)

    shown = " ".join(" ".join(lines).split())
    assert "ticket 2147483647" in shown
    assert "endpoint_disabled" in shown
    assert "agent meter, option enter" in " ".join(shown.split()) or width == 80
    assert "failingSince" not in shown
    assert "…" not in shown
    assert lines[-1] == "`python -m worker dead retry ID` tries again, `dead drop ID` forgets."


def test_the_newest_letters_alone_say_how_to_see_the_others(filled: Run) -> None:
    lines = printed(filled, "dead", "list", "--limit", "2", width=80)

    assert "These are the newest; --limit 20 shows older ones." in lines
    assert "newest" not in "\n".join(printed(filled, "dead", "list", width=80))


@pytest.mark.parametrize("width", [80, 120])
def test_tickets_are_listed_with_whole_numbers_and_times(filled: Run, width: int) -> None:
    shown = printed(filled, "list", "tickets", width=width)

    line = next(line for line in shown if "2147483647" in line)
    assert {"pending", "2027-01-01", "12:00:00", "Zählerstand"} <= set(line.split())
    assert {"medium", "auto_programmatic", "email"} <= set(" ".join(shown).replace(",", "").split())


@pytest.mark.parametrize("width", [80, 120])
def test_what_would_be_removed_is_counted_on_a_line_each(filled: Run, width: int) -> None:
    assert len(printed(filled, "clean-up", "--dry-run", width=width)) == 12
