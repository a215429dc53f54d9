"""`enqueue` with a worker at work, all the way to the end of what a batch causes."""

from __future__ import annotations

import json

import pytest

from tests.worker.cli.conftest import Run

pytestmark = pytest.mark.workers


@pytest.fixture(scope="module")
def loaded(served: Run) -> Run:
    """Nine tickets, and an endpoint that nobody listens at and that webhooks may not reach."""
    tickets = [{"id": one, "channel": "email", "direction": "in", "from": "a@example.com"} for one in range(1, 10)]
    endpoint = {
        "id": "crm",
        "url": "https://192.168.0.1/hook",
        "secret": "whsec_" + "A" * 32,
        "events": ["ticketUpdated"],
    }
    spam = tickets[8] | {"spamStatus": "manual_spam"}
    document = {"tickets": [*tickets[:8], spam], "webhooks": [endpoint | {"enabled": True, "channels": ["letter"]}]}
    done = served("load", "-", stdin=json.dumps(document))
    assert (done.code, done.err) == (0, "")
    return served


def test_waiting_ends_with_all_that_the_batch_caused(loaded: Run) -> None:
    batch = [{"id": 1, "status": "closed"}, {"id": 2, "refreshMode": "tagsRuleBased"}, {"id": 9, "refreshMode": "full"}]

    done = loaded("enqueue", "-", "--wait", "--json", "--user", 8, stdin=json.dumps(batch))

    assert (done.code, done.err) == (0, "")
    assert done.document["state"] == "done"
    assert [item["outcome"] for item in done.document["items"]] == ["updated", "refresh_scheduled", "refresh_skipped"]
    assert [run["state"] for run in done.document["refreshes"]] == ["done"]
    assert done.document == loaded("show", "batch", done.document["batchId"], "--json").document


def test_without_waiting_the_batch_is_accepted(loaded: Run) -> None:
    done = loaded("enqueue", "-", "--json", "--key", "accepted", stdin='[{"id": 3, "status": "closed"}]')

    assert (done.code, done.err) == (0, "")
    assert list(done.document) == ["batchId", "state"]
    assert done.document["state"] in {"accepted", "running", "done"}
    shown = loaded("show", "batch", "--key", "accepted", "--json").document
    assert shown["batchId"] == done.document["batchId"]


def test_a_rejected_item_makes_the_exit_code_1(loaded: Run) -> None:
    done = loaded("enqueue", "-", "--wait", "--json", stdin='[{"id": 4, "status": "closed"}, {"id": 77}]')

    assert done.code == 1
    assert done.document["counts"]["rejected"] == 1


def test_a_dead_webhook_makes_the_exit_code_1(loaded: Run) -> None:
    done = loaded("enqueue", "-", "--wait", "--json", stdin='[{"id": 5, "channel": "letter"}]')

    assert done.code == 1
    assert [webhook["state"] for webhook in done.document["webhooks"]] == ["dead"]
    letters = loaded("dead", "list", "--json").document
    assert done.document["webhooks"][0]["id"] in {letter["subject"] for letter in letters}


def test_the_same_key_with_another_body_is_refused_whole(loaded: Run) -> None:
    first = loaded("enqueue", "-", "--json", "--key", "twice", stdin='[{"id": 6, "status": "closed"}]')
    same = loaded("enqueue", "-", "--json", "--key", "twice", stdin='{"id": 6, "status": "closed"}')

    other = loaded("enqueue", "-", "--json", "--key", "twice", stdin='[{"id": 6, "status": "open"}]')

    assert (first.code, same.code, other.code) == (0, 0, 2)
    assert first.document["batchId"] == same.document["batchId"]
    assert other.document["error"]["code"] == "idempotency_key_reused"


def test_a_dry_run_tells_every_outcome_and_writes_nothing(loaded: Run) -> None:
    done = loaded("enqueue", "-", "--dry-run", "--json", "--key", "dry", stdin='[{"id": 7, "status": "closed"}, {}]')

    assert done.code == 1
    assert [item["outcome"] for item in done.document["items"]] == ["updated", "rejected"]
    status, closed_at = done.document["items"][0]["difference"]
    assert status == {"field": "status", "old": "open", "new": "closed"}
    assert (closed_at["field"], closed_at["old"]) == ("closedAt", None)
    assert (done.document["batchId"], done.document["refreshes"], done.document["webhooks"]) == (None, [], [])
    assert loaded("show", "ticket", 7, "--json").document["status"] == "open"
    assert loaded("show", "batch", "--key", "dry").code == 2


def test_all_or_nothing_is_nothing_when_an_item_is_wrong(loaded: Run) -> None:
    done = loaded("enqueue", "-", "--atomic", "--wait", "--json", stdin='[{"id": 8, "status": "closed"}, {"id": 77}]')

    assert done.code == 1
    assert [item["errors"][0]["code"] for item in done.document["items"]] == ["aborted", "ticket_not_found"]


def test_people_get_tables_that_fit_a_terminal(loaded: Run) -> None:
    batch = [{"id": 8, "priority": "high"}, {"id": 8, "refreshMode": "tagsRuleBased"}, {"id": 77}]

    done = loaded("enqueue", "-", "--wait", stdin=json.dumps(batch), COLUMNS="80")

    assert done.code == 1
    assert "3 received, 1 updated, 1 refresh scheduled, 1 rejected" in done.out
    assert "id: there is no such ticket (ticket_not_found)" in done.out
    assert max(map(len, done.out.splitlines())) <= 80


def test_a_ticket_read_and_sent_back_whole_is_unchanged(loaded: Run) -> None:
    ticket = loaded("show", "ticket", 8, "--history", "--json").document

    done = loaded("enqueue", "-", "--wait", "--json", stdin=json.dumps([ticket]))

    assert [item["outcome"] for item in done.document["items"]] == ["unchanged"]
