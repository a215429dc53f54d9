"""What a bulk patch does to tickets, on both databases (contract sections 1 to 3)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.worker.operations.conftest import Add, World, ticket_row
from worker.operations.ingest.accept import Flags
from worker.operations.ingest.bulk_patch import bulk_patch, resume
from worker.storage.batches import ledger_items
from worker.storage.bulk import insert_rows
from worker.storage.tables import (
    Base,
    BatchItemRow,
    BatchRow,
    DeliveryRow,
    EndpointRow,
    EventRow,
    HistoryRow,
    OutboxRow,
    RefreshRunRow,
    TicketRow,
    TicketTagRow,
    WorklogRow,
)
from worker.storage.tickets import read_tickets

Patch = Callable[..., dict[str, Any]]


@pytest.fixture
def patch(world: World) -> Patch:
    """Sends a batch and gives the answer: `patch({"id": 1}, …, key="k")`."""

    def send(*items: object, key: str = "key", **flags: Any) -> dict[str, Any]:  # noqa: ANN401
        return world.patch(*items, task_id=key, **flags)

    return send


def values_of(world: World, ticket_id: int) -> dict[str, Any]:
    with world.context.database.read() as connection:
        return dict(read_tickets(connection, [ticket_id])[ticket_id].values)


def tags_of(world: World, ticket_id: int) -> dict[int, str]:
    with world.context.database.read() as connection:
        query = select(TicketTagRow.tag_id, TicketTagRow.source).where(TicketTagRow.ticket_id == ticket_id)
        return {row.tag_id: row.source for row in connection.execute(query)}


def rows_of(world: World, model: type[Base]) -> list[dict[str, Any]]:
    with world.context.database.read() as connection:
        return [dict(row) for row in connection.execute(select(model.__table__)).mappings()]


def ledger(world: World, answer: dict[str, Any]) -> list[dict[str, Any]]:
    with world.context.database.read() as connection:
        return ledger_items(connection, answer["batchId"])


def codes(item: dict[str, Any]) -> list[tuple[str, str]]:
    return [(error["code"], error["field"]) for error in item["errors"]]


def test_a_changed_field_is_saved_and_counted(world: World, add_tickets: Add, patch: Patch) -> None:
    add_tickets(1)

    answer = patch({"id": 1, "status": "closed", "priority": "high"})

    assert answer["state"] == "done"
    assert answer["counts"] == {
        "received": 1,
        "updated": 1,
        "unchanged": 0,
        "refreshScheduled": 0,
        "refreshSkipped": 0,
        "rejected": 0,
    }
    assert values_of(world, 1)["status"] == "closed"
    assert values_of(world, 1)["closedAt"] == world.now
    assert values_of(world, 1)["modifiedAt"] == world.now
    assert ledger(world, answer)[0]["changed_fields"] == ["status", "priority"]


def test_equal_values_write_nothing(world: World, add_tickets: Add, patch: Patch) -> None:
    add_tickets(1, status="closed")

    answer = patch({"id": 1, "status": "closed", "to": ["service@example.com"]})

    assert answer["counts"]["unchanged"] == 1
    assert values_of(world, 1)["modifiedAt"] is None
    assert rows_of(world, HistoryRow) == rows_of(world, EventRow) == rows_of(world, WorklogRow) == []


def test_history_tells_old_new_who_and_which_batch(world: World, add_tickets: Add, patch: Patch) -> None:
    add_tickets(1)

    answer = patch({"id": 1, "dueBy": "2026-12-01 10:00:00"}, user_id=7)

    (row,) = rows_of(world, HistoryRow)
    assert (row["field"], row["old"], row["new"]) == ("dueBy", None, "2026-12-01T10:00:00Z")
    assert (row["actor_type"], row["actor_id"], row["batch_id"]) == ("user", 7, answer["batchId"])
    assert values_of(world, 1)["dueByManual"] is True


def test_one_worklog_entry_a_ticket_unless_the_batch_says_no(world: World, add_tickets: Add, patch: Patch) -> None:
    add_tickets(1, 2)

    patch({"id": 1, "status": "closed", "priority": "low"}, user_id=7)
    patch({"id": 2, "status": "closed"}, key="other", include_in_worklog=False)

    (entry,) = rows_of(world, WorklogRow)
    assert (entry["ticket_id"], entry["action"], entry["user_id"]) == (1, "closed", 7)


def test_a_bad_item_is_rejected_and_the_others_go_on(world: World, add_tickets: Add, patch: Patch) -> None:
    add_tickets(1, 2)

    answer = patch({"id": 1, "status": "gone"}, {"id": 99, "status": "open"}, 7, {"id": 2, "status": "closed"})

    items = ledger(world, answer)
    assert [item["outcome"] for item in items] == ["rejected", "rejected", "rejected", "updated"]
    assert codes(items[0]) == [("invalid_value", "status")]
    assert codes(items[1]) == [("ticket_not_found", "id")]
    assert codes(items[2]) == [("not_an_object", "")]
    assert values_of(world, 2)["status"] == "closed"


def test_errors_of_shape_and_of_state_are_told_at_once(world: World, add_tickets: Add, patch: Patch) -> None:
    add_tickets(1, 2, 3)
    patch({"id": 3, "externalTicketId": "E-1"}, key="owner")

    answer = patch(
        {"id": 1, "priority": "bad", "direction": "out", "status": "pending", "from": None, "externalTicketId": "E-1"},
        {"id": 2, "dueBy": "someday", "status": "pending", "channel": "fax", "from": None},
    )

    first, second = ledger(world, answer)
    assert set(codes(first)) == {
        ("invalid_value", "priority"),
        ("immutable_field", "direction"),
        ("pending_requires_future_due_by", "status"),
        ("null_not_allowed", "from"),
        ("duplicate_external_ticket_id", "externalTicketId"),
    }
    # Whether it would do for that status, or on that channel, nobody can tell.
    assert set(codes(second)) == {("invalid_value", "dueBy"), ("invalid_value", "channel")}


def test_an_all_or_nothing_batch_with_a_bad_item_saves_nothing(world: World, add_tickets: Add, patch: Patch) -> None:
    add_tickets(1, 2)

    answer = patch({"id": 1, "status": "closed"}, {"id": 2, "nosuch": 1}, {"id": 1, "refreshMode": "full"}, atomic=True)

    items = ledger(world, answer)
    assert [codes(item)[0][0] for item in items] == ["aborted", "unknown_field", "aborted"]
    assert answer["counts"]["rejected"] == 3
    assert values_of(world, 1)["status"] == "open"
    assert rows_of(world, RefreshRunRow) == []


def test_items_of_one_ticket_end_in_one_write_and_one_event(world: World, add_tickets: Add, patch: Patch) -> None:
    add_tickets(1)

    answer = patch({"id": 1, "status": "closed"}, {"id": 1, "priority": "low"}, {"id": 1, "status": "open"})

    assert [item["outcome"] for item in ledger(world, answer)] == ["updated"] * 3
    (event,) = rows_of(world, EventRow)
    assert event["body"]["changes"] == {"priority": "low"}
    assert event["body"]["previous"] == {"priority": "medium"}
    assert [row["field"] for row in rows_of(world, HistoryRow)] == ["priority"]
    assert values_of(world, 1)["closedAt"] is None


def test_items_of_one_ticket_stand_in_one_chunk(world: World, add_tickets: Add, patch: Patch) -> None:
    world.with_settings(chunk_size=2)
    add_tickets(*range(1, 8))

    answer = patch(*({"id": ticket_id, "status": "closed"} for ticket_id in range(1, 8)), {"id": 1, "priority": "low"})

    assert answer["counts"]["updated"] == 8
    events = [event for event in rows_of(world, EventRow) if event["ticket_id"] == 1]
    assert [event["body"]["changes"] for event in events] == [{"status": "closed", "priority": "low"}]


def test_the_same_key_and_body_give_the_stored_result(world: World, add_tickets: Add, patch: Patch) -> None:
    add_tickets(1)

    first = patch({"id": 1, "status": "closed"})
    patch({"id": 1, "status": "open"}, key="other")
    again = patch({"id": 1, "status": "closed"})

    assert again == first
    assert values_of(world, 1)["status"] == "open"
    assert len(rows_of(world, HistoryRow)) == 2


@pytest.mark.parametrize("second", [{"items": [{"id": 1, "status": "open"}]}, {"flags": {"atomic": True}}])
def test_the_same_key_with_another_body_or_flag_is_refused(
    world: World, add_tickets: Add, second: dict[str, Any]
) -> None:
    add_tickets(1)
    items = [{"id": 1, "status": "closed"}]
    world.patch(*items, idempotency_key="k")

    answer = world.patch(*second.get("items", items), idempotency_key="k", **second.get("flags", {}))

    assert answer["success"] is False
    assert answer["error"]["code"] == "idempotency_key_reused"
    assert len(rows_of(world, BatchRow)) == 1


@pytest.mark.parametrize(
    ("payload", "code"), [("text", "not_a_list"), ([{}] * 11, "batch_too_large"), ([float("nan")], "invalid_json")]
)
def test_a_batch_refused_whole_leaves_nothing_behind(world: World, payload: object, code: str) -> None:
    context = world.with_settings(max_batch_items=10)

    answer = bulk_patch(context, payload, Flags(), "task")

    assert answer is not None
    assert answer["error"]["code"] == code
    assert rows_of(world, BatchRow) == []


def test_a_batch_too_large_names_size_and_limit(world: World) -> None:
    answer = bulk_patch(world.with_settings(max_batch_items=10), [{}] * 11, Flags(), "task")

    assert answer is not None
    assert "11" in answer["error"]["message"]
    assert "10" in answer["error"]["message"]


def test_an_empty_array_is_an_accepted_batch_of_nothing(patch: Patch) -> None:
    answer = patch()

    assert (answer["success"], answer["state"], answer["counts"]["received"]) == (True, "done", 0)


def test_a_dry_run_writes_nothing_and_leaves_its_key_free(world: World, add_tickets: Add, patch: Patch) -> None:
    add_tickets(1)
    item = {"id": 1, "status": "closed", "addTagIds": [5]}

    dry = patch(item, {"id": 1, "status": "closed"}, dry_run=True)

    assert [codes(one) for one in dry["items"]] == [[("unknown_tag", "addTagIds[0]")], []]
    assert [one["outcome"] for one in dry["items"]] == ["rejected", "updated"]
    assert values_of(world, 1)["status"] == "open"
    assert rows_of(world, BatchRow) == []
    assert patch({"id": 1, "priority": "low"})["counts"]["updated"] == 1


@pytest.mark.parametrize("automatic", ["auto_spam", "auto_clean", "auto_programmatic"])
@pytest.mark.parametrize("manual", ["manual_spam", "manual_clean"])
def test_a_manual_mark_is_never_overwritten_by_an_automatic_one(
    world: World, add_tickets: Add, patch: Patch, manual: str, automatic: str
) -> None:
    add_tickets(1, spam_status=manual)

    answer = patch({"id": 1, "spamStatus": automatic, "priority": "low"})

    (item,) = ledger(world, answer)
    assert values_of(world, 1)["spamStatus"] == manual
    assert values_of(world, 1)["priority"] == "low"
    assert item["changed_fields"] == ["priority"]
    assert item["ignored_fields"] == [{"field": "spamStatus", "reason": "manual_spam_status_kept"}]


def test_automatic_marks_of_many_tickets_spare_the_manual_ones(world: World, add_tickets: Add, patch: Patch) -> None:
    add_tickets(1, 2)
    add_tickets(3, spam_status="manual_clean")

    answer = patch(*({"id": ticket_id, "spamStatus": "auto_spam"} for ticket_id in (1, 2, 3)))

    assert [values_of(world, ticket_id)["spamStatus"] for ticket_id in (1, 2, 3)] == [
        "auto_spam",
        "auto_spam",
        "manual_clean",
    ]
    assert answer["counts"]["updated"] == 2


@pytest.mark.parametrize("before", [None, "auto_spam", "auto_clean", "manual_clean"])
def test_a_person_may_mark_over_anything(world: World, add_tickets: Add, patch: Patch, before: str | None) -> None:
    add_tickets(1, spam_status=before)

    patch({"id": 1, "spamStatus": "manual_spam"})

    assert values_of(world, 1)["spamStatus"] == "manual_spam"


def test_null_is_a_persons_reset_of_a_manual_mark(world: World, add_tickets: Add, patch: Patch) -> None:
    add_tickets(1, spam_status="manual_spam")

    patch({"id": 1, "spamStatus": None}, {"id": 1, "spamStatus": "auto_clean"})

    assert values_of(world, 1)["spamStatus"] == "auto_clean"


def test_tags_are_replaced_added_and_removed_as_manual_ones(
    world: World, add_tickets: Add, add_tags: Callable[..., None], patch: Patch
) -> None:
    add_tags(1, 2, 3, 4)
    add_tickets(1, tags={1: "ai", 2: "rule"})

    patch({"id": 1, "tagIds": [2, 3]})
    assert tags_of(world, 1) == {2: "rule", 3: "manual"}

    answer = patch({"id": 1, "addTagIds": [4, 2], "removeTagIds": [3, 1]}, key="other")
    assert tags_of(world, 1) == {2: "rule", 4: "manual"}
    assert ledger(world, answer)[0]["changed_fields"] == ["addTagIds", "removeTagIds"]
    told = rows_of(world, HistoryRow)[-1]
    assert (told["field"], told["old"], told["new"]) == ("tagIds", [2, 3], [2, 4])


def test_the_default_tag_goes_when_another_comes(
    world: World, add_tickets: Add, add_tags: Callable[..., None], patch: Patch
) -> None:
    add_tags(1, 2)
    add_tickets(1, tags={1: "default"})

    patch({"id": 1, "addTagIds": [2]})

    assert tags_of(world, 1) == {2: "manual"}


@pytest.mark.parametrize("operation", ["tagIds", "addTagIds", "removeTagIds"])
def test_an_unknown_tag_is_an_error_with_its_position(
    world: World, add_tickets: Add, add_tags: Callable[..., None], patch: Patch, operation: str
) -> None:
    add_tags(1)
    add_tickets(1)

    answer = patch({"id": 1, operation: [1, 9]})

    assert codes(ledger(world, answer)[0]) == [("unknown_tag", f"{operation}[1]")]


@pytest.mark.parametrize(
    ("status", "patched", "field"),
    [
        ("open", {"status": "pending"}, "status"),
        ("open", {"status": "pending", "dueBy": "2026-11-23 11:00:00"}, "status"),
        ("pending", {"dueBy": None}, "dueBy"),
    ],
)
def test_a_pending_ticket_needs_a_due_date_in_the_future(
    world: World,
    add_tickets: Add,
    patch: Patch,
    *,
    status: str,
    patched: dict[str, Any],
    field: str,
) -> None:
    add_tickets(1, status=status, due_by=world.now.replace(year=2027) if status == "pending" else None)

    answer = patch({"id": 1} | patched)

    assert codes(ledger(world, answer)[0]) == [("pending_requires_future_due_by", field)]


def test_a_closed_ticket_may_become_pending_with_a_due_date(world: World, add_tickets: Add, patch: Patch) -> None:
    add_tickets(1, status="closed", closed_at=world.now)

    patch({"id": 1, "status": "pending", "dueBy": "2026-12-24 10:00:00"})

    assert values_of(world, 1)["status"] == "pending"
    assert values_of(world, 1)["closedAt"] is None


def test_an_external_id_belongs_to_one_ticket(world: World, add_tickets: Add, patch: Patch) -> None:
    add_tickets(1, external_ticket_id="A")
    add_tickets(2, 3)

    answer = patch(
        {"id": 2, "externalTicketId": "A"}, {"id": 2, "externalTicketId": "B"}, {"id": 3, "externalTicketId": "B"}
    )

    items = ledger(world, answer)
    assert [item["outcome"] for item in items] == ["rejected", "updated", "rejected"]
    assert codes(items[0]) == codes(items[2]) == [("duplicate_external_ticket_id", "externalTicketId")]


def test_an_empty_external_id_is_one_like_any_other(world: World, add_tickets: Add, patch: Patch) -> None:
    add_tickets(1, external_ticket_id="")
    add_tickets(2)

    answer = patch(
        {"id": 2, "externalTicketId": ""}, {"id": 1, "externalTicketId": None}, {"id": 2, "externalTicketId": ""}
    )

    assert [codes(item) for item in ledger(world, answer)] == [
        [("duplicate_external_ticket_id", "externalTicketId")],
        [],
        [],
    ]


def test_tickets_of_one_batch_may_hand_an_external_id_on(world: World, add_tickets: Add, patch: Patch) -> None:
    add_tickets(1, external_ticket_id="A")
    add_tickets(2, external_ticket_id="B")

    answer = patch(
        {"id": 1, "externalTicketId": "C"}, {"id": 2, "externalTicketId": "A"}, {"id": 1, "externalTicketId": "B"}
    )

    assert answer["counts"]["updated"] == 3
    assert (values_of(world, 1)["externalTicketId"], values_of(world, 2)["externalTicketId"]) == ("B", "A")


def test_the_direction_cannot_be_changed(world: World, add_tickets: Add, patch: Patch) -> None:
    add_tickets(1)

    answer = patch({"id": 1, "direction": "out"}, {"id": 1, "direction": "in"})

    items = ledger(world, answer)
    assert codes(items[0]) == [("immutable_field", "direction")]
    assert items[1]["outcome"] == "unchanged"


def test_deprecated_copies_are_joined_into_the_stored_ones(world: World, add_tickets: Add, patch: Patch) -> None:
    add_tickets(1)

    answer = patch({"id": 1, "ccEmails": ["a@example.com"], "replyCcEmails": ["b@example.com", "a@example.com"]})

    (item,) = ledger(world, answer)
    assert values_of(world, 1)["ccEmails"] == ["a@example.com", "b@example.com"]
    assert item["changed_fields"] == item["deprecations"] == ["ccEmails", "replyCcEmails"]


def test_a_refresh_saves_nothing_and_schedules_a_run(world: World, add_tickets: Add, patch: Patch) -> None:
    add_tickets(1)

    answer = patch({"id": 1, "refreshMode": "tags", "status": "closed"})

    (run,) = rows_of(world, RefreshRunRow)
    (item,) = ledger(world, answer)
    assert item["outcome"] == "refresh_scheduled"
    assert item["ignored_fields"] == [{"field": "status", "reason": "refresh_saves_nothing"}]
    assert (run["mode"], run["state"], run["batch_id"]) == ("tags", "waiting", answer["batchId"])
    assert values_of(world, 1)["status"] == "open"
    assert rows_of(world, EventRow) == []


def test_messages_carry_ids_alone_and_many_of_them(world: World, add_tickets: Add, patch: Patch) -> None:
    add_tickets(*range(1, 61))

    patch(*({"id": ticket_id, "refreshMode": "agents"} for ticket_id in range(1, 61)))

    assert [message.task for message in world.sent] == ["tasks.refresh.agents"] * 2
    sizes = sorted(len(message.arguments["run_ids"]) for message in world.sent)
    assert (sizes, {tuple(message.arguments) for message in world.sent}) == ([10, 50], {("run_ids",)})


def test_spam_is_skipped_when_a_refresh_is_requested(
    world: World, add_tickets: Add, add_tags: Callable[..., None], patch: Patch
) -> None:
    add_tags(5)
    world.with_settings(spam_detection_tag_ids=frozenset({5}))
    add_tickets(1, spam_status="auto_spam")
    add_tickets(2, tags={5: "manual"})
    add_tickets(3, tags={5: "manual"}, spam_status="manual_clean")

    answer = patch(*({"id": ticket_id, "refresh": True} for ticket_id in (1, 2, 3)))

    items = ledger(world, answer)
    assert [item["outcome"] for item in items] == ["refresh_skipped", "refresh_skipped", "refresh_scheduled"]
    assert [item["reason"] for item in items] == ["spam", "spam", None]


def test_a_refresh_sees_what_earlier_items_saved(world: World, add_tickets: Add, patch: Patch) -> None:
    add_tickets(1)

    answer = patch(
        {"id": 1, "spamStatus": "manual_spam"},
        {"id": 1, "refreshMode": "full"},
        {"id": 1, "spamStatus": "manual_clean"},
        {"id": 1, "refreshMode": "full"},
    )

    outcomes = [item["outcome"] for item in ledger(world, answer)]
    assert outcomes == ["updated", "refresh_skipped", "updated", "refresh_scheduled"]


def test_waiting_requests_merge_and_full_covers_the_rest(world: World, add_tickets: Add, patch: Patch) -> None:
    add_tickets(1)

    patch({"id": 1, "refreshMode": "tags"}, {"id": 1, "refreshMode": "tags"})
    patch({"id": 1, "refreshMode": "full"}, {"id": 1, "refreshMode": "agents"}, key="other")

    runs = rows_of(world, RefreshRunRow)
    full = next(run for run in runs if run["mode"] == "full")
    assert full["state"] == "waiting"
    assert sorted((run["mode"], run["state"]) for run in runs if run is not full) == [
        ("agents", "merged"),
        ("tags", "merged"),
        ("tags", "merged"),
    ]
    assert {run["merged_into"] for run in runs if run["mode"] == "agents"} == {full["id"]}


def test_each_endpoint_that_asked_gets_a_delivery(world: World, add_tickets: Add, patch: Patch) -> None:
    add_tickets(1)
    endpoints: list[tuple[str, list[str], bool]] = [("a", [], True), ("b", ["chat"], True), ("c", [], False)]
    with world.context.database.write() as connection:
        rows = [
            {
                "id": name,
                "url": "https://example.com/hook",
                "secret": "whsec_c2VjcmV0",
                "enabled": enabled,
                "events": ["ticketUpdated"],
                "channels": channels,
                "subchannels": [],
            }
            for name, channels, enabled in endpoints
        ]
        insert_rows(connection, EndpointRow, rows)

    answer = patch({"id": 1, "status": "closed"}, user_id=7)

    (delivery,) = rows_of(world, DeliveryRow)
    assert (delivery["endpoint_id"], delivery["state"]) == ("a", "waiting")
    assert [message.arguments for message in world.sent] == [{"delivery_ids": [delivery["id"]]}]
    (event,) = rows_of(world, EventRow)
    assert event["body"] == {
        "type": "ticketUpdated",
        "ticketId": 1,
        "userId": 7,
        "batchId": answer["batchId"],
        "changes": {"status": "closed"},
        "previous": {"status": "open"},
        "occurredAt": "2026-11-23T12:00:00Z",
    }


def test_a_batch_whose_process_died_goes_on_where_it_stopped(world: World, add_tickets: Add) -> None:
    context = world.with_settings(chunk_size=1)
    add_tickets(1, 2, 3)
    items = [{"id": ticket_id, "status": "closed"} for ticket_id in (1, 2, 3)]
    dying = _dies_after(world, chunks=1)
    with pytest.raises(KeyboardInterrupt):
        bulk_patch(dying, items, Flags(), "key")
    (batch,) = rows_of(world, BatchRow)
    assert (batch["state"], batch["next_chunk"], batch["updated"]) == ("running", 1, 1)
    assert [row["task"] for row in rows_of(world, OutboxRow)] == ["tasks.ingest.resume"]

    answer = resume(context, batch["id"], "key")

    assert answer is not None
    assert answer["counts"]["updated"] == 3
    assert len(rows_of(world, HistoryRow)) == 3
    assert rows_of(world, OutboxRow) == []


def _dies_after(world: World, chunks: int) -> Any:  # noqa: ANN401
    """A context whose clock is asked twice before the first chunk and three times for each chunk, and then no more."""
    from dataclasses import replace  # noqa: PLC0415

    left = [2 + 3 * chunks]

    def clock() -> Any:  # noqa: ANN401
        if left[0] == 0:
            raise KeyboardInterrupt
        left[0] -= 1
        return world.now

    return replace(world.context, clock=clock)


def test_the_same_message_twice_at_once_is_applied_once(world: World, add_tickets: Add) -> None:
    world.with_settings(chunk_size=5)
    add_tickets(*range(1, 41))
    items = [{"id": ticket_id, "status": "closed"} for ticket_id in range(1, 41)]
    answers: list[dict[str, Any]] = []

    def send() -> None:
        answers.append(world.patch(*items, task_id="key"))

    threads = [threading.Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [answer["counts"]["updated"] for answer in answers] == [40, 40, 40]
    assert len(rows_of(world, HistoryRow)) == 40
    assert len(rows_of(world, EventRow)) == 40


def test_two_batches_on_the_same_tickets_lose_no_change(
    world: World, add_tickets: Add, add_tags: Callable[..., None]
) -> None:
    add_tags(1, 2)
    add_tickets(*range(1, 31))
    batches = {
        "one": [{"id": ticket_id, "priority": "low", "addTagIds": [1]} for ticket_id in range(1, 31)],
        "two": [{"id": ticket_id, "subject": "neu", "addTagIds": [2]} for ticket_id in range(30, 0, -1)],
    }
    threads = [
        threading.Thread(target=bulk_patch, args=(world.context, items, Flags(), key)) for key, items in batches.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for ticket_id in (1, 15, 30):
        assert values_of(world, ticket_id)["priority"] == "low"
        assert values_of(world, ticket_id)["subject"] == "neu"
        assert tags_of(world, ticket_id) == {1: "manual", 2: "manual"}
    with world.context.database.read() as connection:
        assert set(connection.scalars(select(TicketRow.version))) == {2}
        assert connection.scalar(select(func.count()).select_from(EventRow)) == 60


def test_the_number_of_statements_does_not_grow_with_the_batch(world: World, patch: Patch) -> None:
    world.with_settings(chunk_size=500)
    with world.context.database.write() as connection:
        insert_rows(connection, TicketRow, [ticket_row(ticket_id) for ticket_id in range(1, 501)])

    def statements(count: int, **change: str) -> int:
        items = [{"id": ticket_id} | change for ticket_id in range(1, count + 1)]
        return _statements(world, lambda: patch(*items, key=str(count), priority="interactive"))

    few, many = statements(10, status="closed"), statements(500, subject="neu")

    assert many == few


def _statements(world: World, work: Callable[[], object]) -> int:
    from sqlalchemy import event  # noqa: PLC0415

    seen = []

    def count(*_: object) -> None:
        seen.append(1)

    event.listen(world.context.database.engine, "before_cursor_execute", count)
    work()
    event.remove(world.context.database.engine, "before_cursor_execute", count)
    return len(seen)


def test_a_list_of_recipients_of_an_e_mail_holds_addresses_alone(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    add_tickets(2, channel="chat")
    to = ["kundin@example.com", "no address"]

    world.patch(
        {"id": 1, "to": to}, {"id": 1, "to": to, "channel": "chat"}, {"id": 2, "to": to}, {"id": 1, "to": "Team"}
    )

    first, *others = world.rows(BatchItemRow)
    assert [(error["code"], error["field"]) for error in first["errors"]] == [("invalid_value", "to[1]")]
    assert [one["outcome"] for one in others] == ["updated", "updated", "updated"]


def test_recipients_that_stand_there_already_are_no_error(world: World, add_tickets: Add) -> None:
    add_tickets(1, recipients=["no address"])

    assert world.patch({"id": 1, "to": ["no address"]})["counts"]["unchanged"] == 1
