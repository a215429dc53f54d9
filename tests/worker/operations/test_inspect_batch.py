"""What `show batch` and `enqueue --wait` see of a batch, on both databases."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, update

from tests.worker.operations.conftest import START, Add, World
from worker.operations.ingest.accept import Flags, accept, batch_id_of
from worker.operations.ingest.bulk_patch import resume
from worker.operations.inspection.batch import batch_is_settled, batch_progress, show_batch
from worker.operations.inspection.unknown import Unknown
from worker.operations.retry_failed import retry_failed
from worker.storage.bulk import insert_rows
from worker.storage.tables import BatchRow, DeliveryRow, EndpointRow, RefreshRunRow


def send(world: World, *items: object, key: str = "key", **flags: Any) -> str:  # noqa: ANN401 - a flag's own type
    world.patch(*items, task_id=key, **flags)
    return batch_id_of(key)


def add_endpoint(world: World) -> None:
    row = {"id": "crm", "url": "http://127.0.0.1:1/", "secret": "whsec_AAAA", "enabled": True}
    row |= {"events": ["ticketUpdated"], "channels": [], "subchannels": []}
    with world.context.database.write() as connection:
        insert_rows(connection, EndpointRow, [row])


def end_runs(world: World, batch_id: str) -> None:
    with world.context.database.write() as connection:
        connection.execute(update(RefreshRunRow).where(RefreshRunRow.batch_id == batch_id).values(state="done"))


def end_deliveries(world: World, state: str) -> None:
    with world.context.database.write() as connection:
        connection.execute(update(DeliveryRow).values(state=state))


def test_every_item_is_shown_with_its_end_in_the_order_of_the_batch(world: World, add_tickets: Add) -> None:
    add_tickets(1, 2)

    items = show_batch(
        world.context,
        send(world, {"id": 2, "status": "closed", "agent": None}, "no object", {"id": 1, "ccEmails": []}, {"id": 3}),
    )["items"]

    assert items == [
        {
            "index": 0,
            "id": 2,
            "outcome": "updated",
            "reason": None,
            "changedFields": ["status"],
            "ignoredFields": [{"field": "agent", "reason": "computed"}],
            "deprecations": [],
            "errors": [],
        },
        {
            "index": 1,
            "id": None,
            "outcome": "rejected",
            "reason": None,
            "changedFields": [],
            "ignoredFields": [],
            "deprecations": [],
            "errors": [{"code": "not_an_object", "field": "", "message": "must be an object"}],
        },
        {
            "index": 2,
            "id": 1,
            "outcome": "unchanged",
            "reason": None,
            "changedFields": [],
            "ignoredFields": [],
            "deprecations": ["ccEmails"],
            "errors": [],
        },
        {
            "index": 3,
            "id": 3,
            "outcome": "rejected",
            "reason": None,
            "changedFields": [],
            "ignoredFields": [],
            "deprecations": [],
            "errors": [{"code": "ticket_not_found", "field": "id", "message": "there is no such ticket"}],
        },
    ]


def test_an_invalid_id_is_not_repeated(world: World) -> None:
    batch_id = send(world, {"id": "4711 from somewhere"})

    assert show_batch(world.context, batch_id)["items"][0]["id"] is None


def test_state_and_counts_are_those_of_the_batch(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    batch_id = send(world, {"id": 1, "status": "closed"})

    shown = show_batch(world.context, batch_id)

    assert (shown["batchId"], shown["state"]) == (batch_id, "done")
    assert shown["counts"]["updated"] == 1
    assert set(shown) >= {"batchId", "state", "counts", "items", "refreshes", "webhooks"}
    assert "conflict" not in shown["counts"]
    assert "page" not in shown


def test_a_batch_is_shown_with_who_sent_it_and_when(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    world.with_settings(time_zone=ZoneInfo("Europe/Berlin"))
    accept(world.context, [{"id": 1}], Flags(idempotency_key="key", user_id=7, source="crm", priority="bulk"))
    accepted = show_batch(world.context, batch_id_of("key"))
    world.pass_time(seconds=5)
    resume(world.context, batch_id_of("key"), batch_id_of("key"))

    shown = show_batch(world.context, batch_id_of("key"))

    assert (shown["userId"], shown["source"], shown["lane"]) == (7, "crm", "bulk")
    assert (accepted["createdAt"], accepted["startedAt"], accepted["finishedAt"]) == ("2026-11-23 13:00:00", None, None)
    assert (shown["startedAt"], shown["finishedAt"]) == ("2026-11-23 13:00:05", "2026-11-23 13:00:05")


def test_a_batch_and_the_retries_of_what_failed_in_it_know_each_other(world: World) -> None:
    parent = send(world, {"id": 1}, key="parent")
    children = [str(retry_failed(world.context, parent)["batchId"])]
    world.pass_time(minutes=1)
    resume(world.context, children[0], children[0])

    assert show_batch(world.context, parent)["children"] == children
    assert show_batch(world.context, parent)["parentId"] is None
    assert show_batch(world.context, children[0])["parentId"] == parent


def test_only_a_conflict_is_shown_with_what_the_ticket_had_then(world: World, add_tickets: Add) -> None:
    add_tickets(1, 2, status="closed", modified_at=START)
    stale = {"id": 1, "status": "open", "priority": "low", "ifModifiedAt": "2020-01-01 00:00:00"}

    conflict, updated = show_batch(world.context, send(world, stale, {"id": 2, "status": "open"}))["items"]

    assert conflict["outcome"] == "conflict"
    assert conflict["current"] == {"status": "closed", "priority": "medium"}
    assert "current" not in updated


def test_a_batch_is_found_by_its_idempotency_key(world: World) -> None:
    send(world, key="import of monday")

    assert show_batch(world.context, key="import of monday")["batchId"] == batch_id_of("import of monday")


@pytest.mark.parametrize(("batch_id", "key"), [("7", None), (None, "7")])
def test_an_unknown_batch_is_said_to_be_unknown(world: World, batch_id: str | None, key: str | None) -> None:
    with pytest.raises(Unknown) as caught:
        show_batch(world.context, batch_id, key=key)

    assert caught.value.code == "batch_not_found"


def test_refreshes_are_shown_with_what_became_of_them(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    batch_id = send(world, {"id": 1, "refreshMode": "full"}, {"id": 1, "refreshMode": "tags"})

    shown = show_batch(world.context, batch_id)["refreshes"]

    assert sorted((run["mode"], run["state"], run["reason"]) for run in shown) == [
        ("full", "waiting", None),
        ("tags", "merged", "covered_by_full"),
    ]
    assert all(list(run) == ["runId", "ticketId", "mode", "state", "reason", "stages"] for run in shown)
    assert [run["ticketId"] for run in shown] == [1, 1]


def test_webhooks_are_shown_with_what_became_of_them(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    add_endpoint(world)
    batch_id = send(world, {"id": 1, "status": "closed"})

    (webhook,) = show_batch(world.context, batch_id)["webhooks"]

    assert webhook.pop("id")
    assert webhook == {
        "ticketId": 1,
        "endpointId": "crm",
        "state": "waiting",
        "attempts": 0,
        "status": None,
        "error": None,
    }


def test_an_accepted_batch_shows_no_items_yet(world: World) -> None:
    batch = accept(world.context, [{"id": 1}], Flags(idempotency_key="key"))

    shown = show_batch(world.context, batch.id)

    assert (shown["state"], shown["counts"]["received"], shown["items"]) == ("accepted", 1, [])
    assert not batch_is_settled(world.context, batch.id)


def test_a_large_batch_is_read_with_as_many_statements_as_a_small_one(world: World, add_tickets: Add) -> None:
    add_tickets(*range(1, 31))
    add_endpoint(world)
    small = send(world, {"id": 1, "status": "closed"}, {"id": 1, "refreshMode": "tags"}, key="small")
    pairs = [({"id": one, "priority": "high"}, {"id": one, "refreshMode": "full"}) for one in range(1, 31)]
    large = send(world, *(item for pair in pairs for item in pair), key="large")
    statements: list[str] = []
    event.listen(world.context.database.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))

    show_batch(world.context, small)
    of_small = len(statements)
    show_batch(world.context, large)

    assert len(statements) == 2 * of_small


def test_a_batch_that_caused_nothing_is_settled_when_it_is_done(world: World, add_tickets: Add) -> None:
    add_tickets(1)

    assert batch_is_settled(world.context, send(world, {"id": 1, "status": "closed"}))


def test_a_batch_that_nobody_knows_is_not_settled(world: World) -> None:
    assert not batch_is_settled(world.context, batch_id_of("unheard of"))


@pytest.mark.parametrize(("state", "settled"), [("paused", False), ("cancelled", True), ("running", False)])
def test_a_halted_batch_is_settled_when_it_was_cancelled(world: World, state: str, *, settled: bool) -> None:
    batch_id = send(world)
    with world.context.database.write() as connection:
        connection.execute(update(BatchRow).values(state=state))

    assert batch_is_settled(world.context, batch_id) is settled


def test_a_batch_is_settled_when_its_refreshes_have_ended(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    batch_id = send(world, {"id": 1, "refreshMode": "tags"})
    assert not batch_is_settled(world.context, batch_id)

    end_runs(world, batch_id)

    assert batch_is_settled(world.context, batch_id)


@pytest.mark.parametrize(("state", "settled"), [("waiting", False), ("delivered", True), ("dead", True)])
def test_a_batch_is_settled_when_its_webhooks_have_ended(
    world: World, add_tickets: Add, state: str, *, settled: bool
) -> None:
    add_tickets(1)
    add_endpoint(world)
    batch_id = send(world, {"id": 1, "status": "closed"})

    end_deliveries(world, state)

    assert batch_is_settled(world.context, batch_id) is settled


def test_a_batch_waits_for_the_run_of_another_batch_that_its_own_merged_into(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    first = send(world, {"id": 1, "refreshMode": "tags"}, key="first")
    second = send(world, {"id": 1, "refreshMode": "tags"}, key="second")
    third = send(world, {"id": 1, "refreshMode": "full"}, key="third")
    assert not batch_is_settled(world.context, second)

    end_runs(world, third)

    assert [batch_is_settled(world.context, one) for one in (first, second, third)] == [True, True, True]


def test_a_batch_waits_for_the_webhook_of_a_run_that_its_own_merged_into(world: World, add_tickets: Add) -> None:
    add_tickets(1, 2)
    add_endpoint(world)
    first = send(world, {"id": 1, "status": "closed"}, {"id": 1, "refreshMode": "tags"}, key="first")
    second = send(world, {"id": 1, "refreshMode": "tags"}, key="second")
    other = send(world, {"id": 2, "refreshMode": "tags"}, key="other")
    for batch_id in (first, second, other):
        end_runs(world, batch_id)

    assert [batch_is_settled(world.context, one) for one in (second, other)] == [False, True]
    end_deliveries(world, "delivered")
    assert batch_is_settled(world.context, second)


def test_progress_counts_what_has_ended(world: World, add_tickets: Add) -> None:
    add_tickets(1, 2)
    add_endpoint(world)
    batch_id = send(world, {"id": 1, "status": "closed"}, {"id": 2, "refreshMode": "tags"}, {"id": 3})
    end_deliveries(world, "dead")

    progress = batch_progress(world.context, batch_id)

    assert progress is not None
    assert (progress.received, progress.applied) == (3, 3)
    assert (progress.refreshes, progress.refreshes_ended) == (1, 0)
    assert (progress.webhooks, progress.webhooks_ended) == (1, 1)
