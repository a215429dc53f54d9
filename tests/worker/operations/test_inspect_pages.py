"""A ledger by pages and outcomes, and the overview that people get, on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event, update

from tests.worker.operations.conftest import Add, World
from worker.domain.words import Outcome
from worker.operations.ingest.accept import batch_id_of
from worker.operations.inspection.batch import batch_overview, find_batch_id, show_batch
from worker.operations.inspection.unknown import Unknown
from worker.storage.batches import LedgerPage
from worker.storage.bulk import insert_rows
from worker.storage.tables import DeliveryRow, EndpointRow, RefreshRunRow


@pytest.fixture
def batch_id(world: World, add_tickets: Add) -> str:
    """Items 0 to 5 save tickets 1 to 6, 6 to 8 are rejected, 9 and 10 refresh tickets 1 and 2."""
    add_tickets(*range(1, 7))
    endpoint: dict[str, Any] = {"id": "crm", "url": "http://127.0.0.1:1/", "secret": "whsec_AAAA", "enabled": True}
    with world.context.database.write() as connection:
        insert_rows(
            connection, EndpointRow, [endpoint | {"events": ["ticketUpdated"], "channels": [], "subchannels": []}]
        )
    items = [{"id": one, "status": "closed"} for one in range(1, 7)] + [{"id": one} for one in (97, 98, 99)]
    world.patch(*items, *({"id": one, "refreshMode": "tags"} for one in (1, 2)), task_id="key")
    return batch_id_of("key")


def indexes(document: dict[str, Any]) -> list[int]:
    return [item["index"] for item in document["items"]]


def test_a_page_begins_behind_the_last_index_seen_and_says_whether_more_follow(world: World, batch_id: str) -> None:
    first = show_batch(world.context, batch_id, page=LedgerPage(limit=4))
    second = show_batch(world.context, batch_id, page=LedgerPage(after=3, limit=4))
    third = show_batch(world.context, batch_id, page=LedgerPage(after=7, limit=4))

    assert [indexes(page) for page in (first, second, third)] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10]]
    assert [page["page"] for page in (first, second, third)] == [
        {"after": 3, "more": True},
        {"after": 7, "more": True},
        {"after": 10, "more": False},
    ]


def test_a_last_page_that_is_full_is_the_last(world: World, batch_id: str) -> None:
    page = show_batch(world.context, batch_id, page=LedgerPage(after=6, limit=4))["page"]

    assert page == {"after": 10, "more": False}


def test_a_page_behind_the_end_is_empty(world: World, batch_id: str) -> None:
    shown = show_batch(world.context, batch_id, page=LedgerPage(after=10, limit=4))

    assert (shown["items"], shown["page"]) == ([], {"after": None, "more": False})
    assert (shown["refreshes"], shown["webhooks"]) == ([], [])


def test_items_are_filtered_by_any_of_several_outcomes(world: World, batch_id: str) -> None:
    wanted = (Outcome.REJECTED, Outcome.REFRESH_SCHEDULED)

    assert indexes(show_batch(world.context, batch_id, page=LedgerPage(wanted))) == [6, 7, 8, 9, 10]
    assert indexes(show_batch(world.context, batch_id, page=LedgerPage(wanted, after=7, limit=2))) == [8, 9]


def test_a_page_has_the_refreshes_and_webhooks_of_its_tickets(world: World, batch_id: str) -> None:
    shown = show_batch(world.context, batch_id, page=LedgerPage(after=0, limit=2))

    assert [one["ticketId"] for one in shown["refreshes"]] == [2]
    assert [one["ticketId"] for one in shown["webhooks"]] == [2, 3]


def test_counts_are_those_of_the_whole_batch_on_every_page(world: World, batch_id: str) -> None:
    whole, page = show_batch(world.context, batch_id), show_batch(world.context, batch_id, page=LedgerPage(limit=1))

    for name in ("counts", "refreshCounts", "webhookCounts", "stillOpen"):
        assert page[name] == whole[name]
    assert whole["refreshCounts"] == {"waiting": 2}
    assert whole["webhookCounts"] == {"waiting": 6}


def test_the_overview_begins_with_what_failed(world: World, batch_id: str) -> None:
    with world.context.database.write() as connection:
        connection.execute(update(RefreshRunRow).where(RefreshRunRow.ticket_id == 2).values(state="failed"))
        connection.execute(update(DeliveryRow).where(DeliveryRow.ticket_id == 4).values(state="dead"))

    shown = batch_overview(world.context, batch_id, rows=5, named=5)

    assert indexes(shown) == [6, 7, 8, 0, 1]
    assert [run["ticketId"] for run in shown["refreshes"]] == [2, 1]
    assert [one["ticketId"] for one in shown["webhooks"]] == [4, 1, 2, 3, 5]
    assert shown["refreshCounts"] == {"failed": 1, "waiting": 1}
    assert shown["webhookCounts"] == {"dead": 1, "waiting": 5}


def test_the_overview_names_the_first_of_what_still_runs(world: World, batch_id: str) -> None:
    with world.context.database.write() as connection:
        failed_once = {"state": "running", "reason": "engine_away", "started_at": world.now, "lease_until": world.now}
        connection.execute(update(RefreshRunRow).where(RefreshRunRow.ticket_id == 1).values(**failed_once))

    shown = batch_overview(world.context, batch_id, rows=5, named=2)

    now = "2026-11-23 12:00:00"
    assert shown["named"]["refreshes"] == [
        {"ticketId": 1, "mode": "tags", "state": "running", "since": now, "nextAttemptAt": now},
        {"ticketId": 2, "mode": "tags", "state": "waiting", "since": now, "nextAttemptAt": None},
    ]
    webhook = {"endpointId": "crm", "state": "waiting", "since": now, "nextAttemptAt": now}
    assert shown["named"]["webhooks"] == [{"ticketId": one} | webhook for one in (1, 2)]
    assert shown["stillOpen"] == {
        "refreshes": [
            {"mode": "tags", "state": "running", "count": 1, "ofThisBatch": True},
            {"mode": "tags", "state": "waiting", "count": 1, "ofThisBatch": True},
        ],
        "webhooks": [{"endpointId": "crm", "state": "waiting", "count": 6, "ofThisBatch": True}],
    }


def test_a_batch_is_still_open_while_a_run_of_another_goes_on_that_covers_its_own(world: World, batch_id: str) -> None:
    world.patch({"id": 1, "refreshMode": "full"}, {"id": 2, "refreshMode": "full"}, task_id="other")

    shown = batch_overview(world.context, batch_id, rows=5, named=5)

    assert shown["refreshCounts"] == {"merged": 2}
    assert shown["stillOpen"]["refreshes"] == [{"mode": "full", "state": "waiting", "count": 2, "ofThisBatch": False}]
    assert [one["ticketId"] for one in shown["named"]["refreshes"]] == [1, 2]


def test_an_overview_of_a_large_batch_takes_as_many_statements_as_of_a_small_one(
    world: World, batch_id: str, add_tickets: Add
) -> None:
    ids = range(100, 700)
    add_tickets(*ids)
    saved = ({"id": one, "priority": "high"} for one in ids)
    world.patch(*saved, *({"id": one, "refreshMode": "full"} for one in ids), {"id": 1000}, task_id="large")
    statements: list[str] = []
    event.listen(world.context.database.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))

    batch_overview(world.context, batch_id, rows=5, named=5)
    of_small = len(statements)
    shown = batch_overview(world.context, batch_id_of("large"), rows=5, named=5)

    assert len(statements) == 2 * of_small
    assert [len(shown[name]) for name in ("items", "refreshes", "webhooks")] == [5, 5, 5]
    assert indexes(shown)[0] == 1200


def test_a_batch_is_found_by_key_or_said_to_be_unknown(world: World, batch_id: str) -> None:
    assert find_batch_id(world.context, key="key") == batch_id
    with pytest.raises(Unknown):
        find_batch_id(world.context, "7")
