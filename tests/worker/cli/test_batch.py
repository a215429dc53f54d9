"""`batch pause`, `resume`, `cancel`, `retry` and `explain`, as printed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from config.settings import Settings
from tests.worker.cli.conftest import Run
from worker.context import Context
from worker.operations.ingest.accept import Flags, accept, batch_id_of
from worker.operations.ingest.chunk import apply_next_chunk
from worker.operations.load import load
from worker.runtime import build

NOBODY = batch_id_of("nobody")


@pytest.fixture
def context(migrated_database_url: str, valkey_url: str) -> Iterator[Context]:
    """The database that the commands look at, with tickets 1 to 3."""
    settings = Settings(database_url=SecretStr(migrated_database_url), redis_url=SecretStr(valkey_url), chunk_size=1)
    context = build(settings)
    tickets = [{"id": one, "channel": "email", "direction": "in", "from": "tom@example.com"} for one in (1, 2, 3)]
    load(context, {"tickets": tickets})
    yield context
    context.database.close()


@pytest.fixture
def half(context: Context) -> str:
    """A batch of three items, one of which is applied."""
    items = [{"id": 1, "status": "closed"}, {"id": 2, "status": "closed"}, {"id": 3, "refreshMode": "tags"}]
    batch_id = accept(context, items, Flags(idempotency_key="key")).id
    apply_next_chunk(context, batch_id)
    return batch_id


def test_a_paused_batch_tells_how_far_it_came_and_how_to_go_on(run: Run, half: str) -> None:
    done = run("batch", "pause", half)

    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"Batch {half} paused, 1 of 3 items ended\n")
    assert f"python -m worker batch resume {half}" in done.out


def test_a_resumed_batch_tells_where_to_look(run: Run, half: str) -> None:
    run("batch", "pause", half)

    done = run("batch", "resume", half)

    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"Batch {half} running, 1 of 3 items ended\n")
    assert f"python -m worker show batch {half}" in done.out


def test_a_cancelled_batch_tells_how_to_retry_it(run: Run, half: str) -> None:
    done = run("batch", "cancel", half)

    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"Batch {half} cancelled, 3 of 3 items ended\n")
    assert f"python -m worker batch retry {half}" in done.out


@pytest.mark.parametrize(
    ("command", "state", "rejected"), [("pause", "paused", 0), ("resume", "running", 0), ("cancel", "cancelled", 2)]
)
def test_a_controlled_batch_is_one_document_for_machines(
    run: Run, half: str, command: str, state: str, rejected: int
) -> None:
    done = run("batch", command, half, "--json")

    assert (done.code, done.err) == (0, "")
    counts = done.document["counts"]
    assert (counts["received"], counts["updated"], counts["rejected"]) == (3, 1, rejected)
    assert {name: done.document[name] for name in ("success", "batchId", "state")} == {
        "success": True,
        "batchId": half,
        "state": state,
    }


def test_a_retried_batch_names_its_child(run: Run, half: str) -> None:
    run("batch", "cancel", half)

    told, again = run("batch", "retry", half), run("batch", "retry", half, "--json")

    child = again.document["batchId"]
    assert (told.code, again.code) == (0, 0)
    assert told.out.startswith(f"2 items go again as batch {child}\n")
    assert again.document == {"success": True, "batchId": child, "parentId": half, "retried": 2}


def test_where_nothing_was_rejected_there_is_nothing_to_retry(run: Run, context: Context) -> None:
    batch_id = accept(context, [{"id": 1, "status": "closed"}], Flags(idempotency_key="key")).id
    apply_next_chunk(context, batch_id)

    done = run("batch", "retry", batch_id)

    assert done.code == 0
    assert done.out == "No item of the batch was rejected, so there is nothing to retry.\n"


def test_a_ticket_is_explained_in_sentences(run: Run, half: str, context: Context) -> None:
    apply_next_chunk(context, half)
    apply_next_chunk(context, half)

    first, third = run("batch", "explain", half, 1), run("batch", "explain", half, 3)

    assert (first.code, first.err) == (0, "")
    assert first.out.splitlines()[0] == f"Ticket 1 in batch {half}, which is done"
    assert "  Saved, since status became different." in first.out.splitlines()
    assert "Webhook not sent" in first.out
    assert "Refresh tags waiting" in third.out
    assert "  It waits for a worker." in third.out.splitlines()


def test_a_conflict_is_shown_with_what_the_ticket_has(run: Run, context: Context) -> None:
    items = [{"id": 1, "priority": "high"}, {"id": 1, "priority": "low", "ifModifiedAt": None}]
    batch_id = accept(context, items, Flags(idempotency_key="key")).id
    apply_next_chunk(context, batch_id)

    shown = run("batch", "explain", batch_id, 1).out

    assert "Item 1 conflict" in shown
    assert "    priority high" in shown.splitlines()


def test_an_explanation_is_one_document_for_machines(run: Run, half: str) -> None:
    done = run("batch", "explain", half, 2, "--json")

    assert (done.code, done.err) == (0, "")
    (item,) = done.document["items"]
    assert (done.document["ticketId"], done.document["state"], item["outcome"]) == (2, "running", None)
    assert item["why"] == ["Not applied yet: the batch is at chunk 2 of 3, the item is in chunk 2."]


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize(
    "arguments",
    [["pause", NOBODY], ["resume", NOBODY], ["cancel", NOBODY], ["retry", NOBODY], ["explain", NOBODY, 1]],
    ids=lambda arguments: arguments[0],
)
def test_an_unknown_batch_is_told_with_code_2(run: Run, arguments: list[object]) -> None:
    done = run("batch", *arguments, "--json")

    assert done.code == 2
    assert done.document["error"]["code"] == "batch_not_found"
    assert done.document["error"]["message"] in done.err


def test_what_is_too_early_or_too_late_is_told_with_code_2(run: Run, half: str) -> None:
    early = run("batch", "retry", half, "--json")
    run("batch", "cancel", half)
    late = run("batch", "pause", half)

    assert (early.code, early.document["error"]["code"]) == (2, "batch_not_ended")
    assert late.code == 2
    assert late.err == f"Batch {half} has ended: it is cancelled. (batch_ended)\n"


def test_a_ticket_that_no_item_is_about_is_told_with_code_2(run: Run, half: str) -> None:
    done = run("batch", "explain", half, 99, "--json")

    assert (done.code, done.document["error"]["code"]) == (2, "ticket_not_found")
