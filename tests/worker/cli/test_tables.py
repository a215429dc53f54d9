"""Tables for people: what they show, what they leave out, and that they fit."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from worker.cli.batch_view import MOST_ROWS, batch_view, stages_told
from worker.cli.output import cell, plain
from worker.cli.ticket_view import MOST_LINES, ticket_view
from worker.domain.fields import FIELDS


def drawn(view: Any, width: int = 80) -> str:  # noqa: ANN401 - parts of any kind
    console = Console(file=io.StringIO(), width=width, highlight=False)
    for part in view:
        console.print(part)
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def item(index: int, outcome: str = "updated", **values: Any) -> dict[str, Any]:  # noqa: ANN401 - any part of an item
    empty: dict[str, Any] = {"reason": None, "changedFields": [], "ignoredFields": [], "deprecations": [], "errors": []}
    return {"index": index, "id": 376000 + index, "outcome": outcome} | empty | values


def batch(*items: dict[str, Any], **values: Any) -> dict[str, Any]:  # noqa: ANN401 - any part of a batch
    counts = {"received": len(items), "updated": len(items), "unchanged": 0, "rejected": 0}
    document = {"batchId": "0b6f6c3e", "state": "done", "counts": counts, "items": list(items)}
    return document | {"refreshes": [], "webhooks": []} | values


def ticket(**values: Any) -> dict[str, Any]:  # noqa: ANN401 - a field's own type
    return dict.fromkeys((*FIELDS, "tagSources")) | {"id": 7, "tags": [], "intents": []} | values


def test_long_lists_are_cut_with_trouble_first() -> None:
    error = {"code": "ticket_not_found", "field": "id", "message": "there is no such ticket"}
    items = [*(item(index) for index in range(40)), item(40, "rejected", errors=[error])]

    shown = drawn(batch_view(batch(*items))).splitlines()

    rows = [line for line in shown if "3760" in line]
    assert len(rows) == MOST_ROWS
    assert "there is no such ticket (ticket_not_found)" in rows[0]
    assert f"and {41 - MOST_ROWS} more; --json has all" in shown


@pytest.mark.parametrize("width", [60, 80, 120])
def test_tables_fit_the_terminal(width: int) -> None:
    stages = [
        {"stage": one, "state": "superseded", "reason": "changed_by_person"} for one in ("text", "summary", "tags")
    ]
    run = {
        "ticketId": 376189,
        "mode": "tagsRuleBased",
        "state": "done",
        "reason": "customer_confirmed",
        "stages": stages,
    }
    webhook = {
        "ticketId": 376189,
        "endpointId": "x" * 36,
        "state": "dead",
        "attempts": 10,
        "status": 500,
        "error": None,
    }
    names = ["customerLegitimation", "firstResponseDueBy", "assignedAgentIds", "additionalData", "isCustomerActive"]

    shown = drawn(batch_view(batch(item(0, changedFields=names), refreshes=[run], webhooks=[webhook])), width)

    assert max(map(len, shown.splitlines())) <= width


def test_what_was_left_aside_is_told_unless_it_is_computed() -> None:
    ignored = [{"field": "agent", "reason": "computed"}, {"field": "spamStatus", "reason": "manual_spam_status_kept"}]
    many = [{"field": f"f{number}", "reason": "refresh_saves_nothing"} for number in range(9)]

    shown = drawn(batch_view(batch(item(0, ignoredFields=ignored), item(1, ignoredFields=many))), 120)

    assert "spamStatus: manual_spam_status_kept" in shown
    assert "9 fields: refresh_saves_nothing" in shown
    assert "agent" not in shown


def test_stages_are_told_by_what_they_did() -> None:
    stages: list[dict[str, Any]] = [
        {"stage": "language", "state": "done", "reason": None},
        {"stage": "text", "state": "unchanged", "reason": None},
        {"stage": "summary", "state": "unchanged", "reason": None},
        {"stage": "tags", "state": "superseded", "reason": None},
        {"stage": "agents", "state": "skipped", "reason": "spam"},
    ]

    assert stages_told(stages) == "language done; tags superseded; agents skipped (spam); 2 unchanged"


def test_a_ticket_shows_the_best_of_its_texts_cut_when_it_is_long() -> None:
    lines = [f"line {number}" for number in range(MOST_LINES + 5)]

    shown = drawn(ticket_view(ticket(body="<p>raw</p>", bodyClean="\n".join(lines))))

    assert f"line {MOST_LINES - 1}" in shown
    assert f"line {MOST_LINES}" not in shown
    assert "… 5 more lines; --json has all" in shown
    assert "raw" not in shown


def test_a_ticket_shows_fields_that_hold_something() -> None:
    shown = drawn(ticket_view(ticket(status="open", isEscalated=False, customerLegitimation=0, subject="")))

    names = [line.split()[0] for line in shown.splitlines()[2:] if line.strip()]
    assert names == ["status", "customerLegitimation", "isEscalated"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),
        ([], "–"),
        ({}, "–"),
        (False, "no"),
        (0, "0"),
        ([1, 2], "1, 2"),
        ({"to": ["a"]}, '{"to": ["a"]}'),
        ("a\x1b[31mb\x07\u202ec", "a [31mb  c"),
    ],
)
def test_values_are_plain_to_a_terminal(value: object, shown: str) -> None:
    assert plain(value) == shown


def test_what_looks_like_markup_is_shown_as_it_is() -> None:
    assert drawn([cell("[red]4711[/red]")]).strip() == "[red]4711[/red]"
