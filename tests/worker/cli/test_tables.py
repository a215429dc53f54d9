"""Tables for people: what they show, what they leave out, and that they fit."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from worker.cli.batch_view import MOST_ROWS, batch_view, page_view, stages_told
from worker.cli.explanation_view import explanation_view
from worker.cli.output import cell, plain
from worker.cli.phases_view import pace, span
from worker.cli.ticket_view import MOST_LINES, ticket_view
from worker.domain.fields import FIELDS
from worker.domain.words import Outcome
from worker.storage.batches import LedgerPage


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


def overview(*items: dict[str, Any], **values: Any) -> dict[str, Any]:  # noqa: ANN401 - any part of a batch
    """What `show batch` has of a large batch: 20,000 received, 5,000 of them applied in 2 seconds."""
    phase = {"seconds": None, "done": 0, "total": 0, "perSecond": None, "running": False}
    applying = {"seconds": 2.0, "done": 5000, "total": 20000, "perSecond": 2500.0, "running": True}
    known = {"waiting": {"seconds": 0.25}, "applying": applying}
    head: dict[str, Any] = {
        "state": "running",
        "counts": {"received": 20000, "updated": 4990, "rejected": 10},
        "createdAt": "2026-11-23 12:00:00",
        "finishedAt": None,
        "userId": 7,
        "source": "crm",
        "lane": "bulk",
        "parentId": None,
        "children": [],
        "phases": [
            {"phase": name} | phase | known.get(name, {})
            for name in ("waiting", "applying", "refreshing", "delivering")
        ],
        "refreshCounts": {},
        "webhookCounts": {},
        "stillOpen": {"refreshes": [], "webhooks": []},
        "named": {"refreshes": [], "webhooks": []},
    }
    return batch(*items) | head | values


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


def test_a_batch_is_told_with_who_sent_it_and_how_fast_it_is() -> None:
    shown = drawn(batch_view(overview(parentId="aaaa", children=["bbbb", "cccc"]))).splitlines()

    assert shown[:7] == [
        "Batch 0b6f6c3e running",
        "Sent by user 7 (crm) at 2026-11-23 12:00:00, bulk lane",
        "Begun 2.0 s ago, 2,500 items/s",
        "Retries what failed in batch aaaa",
        "What failed was retried in batch bbbb",
        "What failed was retried in batch cccc",
        "20,000 received, 4,990 updated, 10 rejected",
    ]


def test_a_batch_that_asked_a_language_model_tells_what_that_cost() -> None:
    shown = drawn(batch_view(overview(llm={"calls": 1200, "tokens": 1234567}))).splitlines()

    assert "Asked a language model: 1,200 calls, 1,234,567 tokens" in shown
    assert not [line for line in drawn(batch_view(overview())).splitlines() if "model" in line]


def test_a_batch_that_has_ended_tells_how_long_it_took() -> None:
    shown = drawn(batch_view(overview(finishedAt="2026-11-23 12:00:02", userId=None, source=None))).splitlines()

    assert shown[1:3] == ["Sent at 2026-11-23 12:00:00, bulk lane", "Applied in 2.0 s, 2,500 items/s"]


def test_phases_that_have_begun_are_told_with_their_pace() -> None:
    shown = [line.split() for line in drawn(batch_view(overview())).splitlines()]

    assert "waiting 0.2 s".split() in shown
    assert "applying 2.0 s 5,000 of 20,000 items 2,500/s running".split() in shown
    assert not any(line[:1] in (["refreshing"], ["delivering"]) for line in shown)


def test_what_still_runs_is_counted_and_the_first_are_named() -> None:
    run = {"ticketId": 5, "mode": "full", "state": "running", "since": "2026-11-23 12:00:01", "nextAttemptAt": None}
    webhook = {"ticketId": 6, "endpointId": "crm", "state": "waiting", "since": "2026-11-23 12:00:02"}
    webhook |= {"nextAttemptAt": "2026-11-23 12:05:00"}
    still = {
        "refreshes": [{"mode": "full", "state": "running", "count": 1200, "ofThisBatch": False}],
        "webhooks": [{"endpointId": "crm", "state": "waiting", "count": 7, "ofThisBatch": True}],
    }

    shown = drawn(batch_view(overview(stillOpen=still, named={"refreshes": [run], "webhooks": [webhook]})), 100)

    assert "Still open: 1,200 full refreshes of other batches running, 7 crm webhooks waiting" in shown
    rows = [line.split() for line in shown.splitlines()]
    assert "5 full refresh running 2026-11-23 12:00:01 –".split() in rows
    assert "6 crm webhook waiting 2026-11-23 12:00:02 2026-11-23 12:05:00".split() in rows


def test_what_is_left_out_is_counted_with_the_command_that_shows_it() -> None:
    run = {"ticketId": 5, "mode": "full", "state": "failed", "reason": "broken", "stages": []}
    document = overview(
        *(item(index) for index in range(MOST_ROWS)), refreshes=[run], refreshCounts={"done": 2000, "failed": 1}
    )

    shown = drawn(batch_view(document)).splitlines()

    place = shown.index("and 4,985 more; page by page, in their order:")
    assert shown[place + 1] == "  python -m worker show batch 0b6f6c3e --limit 100"
    assert "Refreshes: 2,000 done, 1 failed" in shown
    assert "and 2,000 more; --json has all" in shown


def test_a_page_shows_all_its_items_in_order_and_the_command_for_the_next() -> None:
    items = [*(item(index) for index in range(30)), item(30, "rejected"), item(31, "conflict")]
    page = LedgerPage((Outcome.UPDATED, Outcome.REJECTED, Outcome.CONFLICT), 7, 32)
    document = overview(*items, page={"after": 31, "more": True})

    shown = drawn(page_view(document, page)).splitlines()

    assert [line.split()[0] for line in shown if "3760" in line] == [str(index) for index in range(32)]
    assert shown[-4:] == [
        "The next page:",
        "  python -m worker show batch 0b6f6c3e \\",
        "    --outcome updated --outcome rejected --outcome conflict \\",
        "    --after 31 --limit 32",
    ]


def test_the_last_page_names_no_command() -> None:
    shown = drawn(page_view(overview(item(0), page={"after": 0, "more": False}), LedgerPage(limit=1)))

    assert "next page" not in shown


def test_an_empty_page_says_so() -> None:
    shown = drawn(page_view(overview(page={"after": None, "more": False}), LedgerPage(after=9, limit=1)))

    assert shown.splitlines()[-1] == "No item is on this page."


def test_a_conflict_is_told_with_what_the_ticket_had() -> None:
    error = {"code": "conflict", "field": "ifModifiedAt", "message": "the ticket has changed since"}
    current = {"status": "closed", "dueBy": None, "subject": "x" * 60}

    shown = " ".join(drawn(batch_view(batch(item(0, "conflict", errors=[error], current=current))), 300).split())

    assert f"(conflict); the ticket had status closed, dueBy –, subject {'x' * 39}…" in shown


def test_a_dry_run_is_told_with_what_would_change() -> None:
    difference = [
        {"field": "status", "old": "open", "new": "closed"},
        {"field": "subject", "old": None, "new": {"characters": 90}},
    ]

    shown = drawn(batch_view(batch(item(0, changedFields=["status"], difference=difference), batchId=None)), 120)

    assert "status open → closed, subject – → 90 characters" in shown


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (42.4, "42 s"),
        (59.7, "1 min 0 s"),
        (125, "2 min 5 s"),
        (11_520, "3 h 12 min"),
        (100_000, "1 d 3 h"),
    ],
)
def test_a_length_of_time_is_coarser_the_longer_it_is(seconds: float, told: str) -> None:
    assert span(seconds) == told


@pytest.mark.parametrize(("per_second", "told"), [(0.25, "0.2"), (9.96, "10.0"), (10.4, "10"), (12345.6, "12,346")])
def test_a_pace_has_a_decimal_where_it_is_slow(per_second: float, told: str) -> None:
    assert pace(per_second) == told


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


@pytest.mark.parametrize("width", [80, 120])
def test_a_past_is_told_with_whole_times_and_causes_in_words(width: int) -> None:
    system, ai = ({"type": kind, "id": None} for kind in ("system", "ai"))
    due = {"field": "firstResponseDueBy", "old": "2026-11-30T13:00:00Z", "new": "2026-12-01T11:00:00Z"}
    found = {"code": "meter", "contractId": None, "data": {"reading": 317}}
    history: list[dict[str, object]] = [
        due | {"actor": system, "cause": {"firstResponseSla": 12, "tagId": 3}},
        {
            "field": "dueBy",
            "old": "2026-11-30T13:00:00Z",
            "new": None,
            "actor": system,
            "cause": {"removedTagIds": [5]},
        },
        {
            "field": "intents",
            "old": [found | {"status": "ready"}],
            "new": [found | {"status": "executed"}],
            "actor": ai,
            "cause": None,
        },
    ]
    past = [one | {"at": "2026-11-30 11:11:44", "batchId": None} for one in history]

    lines = drawn(ticket_view(ticket(history=past, replyRecipients={"to": ["a@example.com"], "cc": []})), width)

    shown = " ".join(lines.split())
    assert max(map(len, lines.splitlines())) <= width
    assert "2026-11-30T13:00:00Z → 2026-12-01T11:00:00Z" in shown.replace("system ", "")
    assert "because of first response sla 12, tag 3" in shown
    assert "because of removed tags 5" in shown
    assert "meter ready → meter executed" in shown
    assert "to a@example.com" in shown
    assert not {"…", "{"} & set(shown)


def test_a_batch_with_dead_webhooks_says_how_to_find_out_why() -> None:
    dead = {"ticketId": 5, "endpointId": "crm", "state": "dead", "attempts": 9, "status": 500, "error": "http_status"}

    shown = drawn(batch_view(overview(webhooks=[dead], webhookCounts={"dead": 1}))).splitlines()

    assert shown[-1] == "  python -m worker batch explain 0b6f6c3e 5"


def test_a_webhook_is_explained_with_every_attempt() -> None:
    tries = [
        {"at": "2026-11-30 11:45:18", "status": 503, "error": "http_status", "durationMs": 12},
        {"at": "2026-11-30 11:45:23", "status": None, "error": "timeout", "durationMs": 10_000},
        {"at": "2026-11-30 11:50:23", "status": 204, "error": None, "durationMs": 8},
    ]
    webhook = {"id": "w", "endpointId": "crm", "state": "delivered", "why": ["Endpoint crm took it."], "tries": tries}
    document = {"ticketId": 5, "batchId": "b", "state": "done", "items": [], "refreshes": [], "webhooks": [webhook]}

    lines = [line.strip() for line in drawn(explanation_view(document)).splitlines()]

    assert lines[-3:] == [
        "2026-11-30 11:45:18  HTTP 503, http_status, after 12 ms",
        "2026-11-30 11:45:23  no answer, timeout, after 10,000 ms",
        "2026-11-30 11:50:23  HTTP 204, after 8 ms",
    ]


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
