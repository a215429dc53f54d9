"""A dry run tells what a batch would do, item by item, and writes nothing, on both databases."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.worker.operations.conftest import START, Add, World
from worker.operations.inspection.ticket import show_tickets
from worker.storage.batches import ledger_items
from worker.storage.tables import Base

AddTags = Callable[..., None]

SECRET = "Bitte auf IBAN DE02120300000000202051 an Lena Vogt, 0171 5550123"


def told(world: World, *items: object, **flags: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    answer: list[dict[str, Any]] = world.patch(*items, dry_run=True, **flags)["items"]
    return answer


def differences(items: list[dict[str, Any]]) -> list[list[tuple[str, object, object]]]:
    return [[(one["field"], one["old"], one["new"]) for one in item["difference"]] for item in items]


def everything(world: World) -> dict[str, list[dict[str, Any]]]:
    return {mapper.class_.__name__: world.rows(mapper.class_) for mapper in Base.registry.mappers}


def test_a_difference_is_told_against_what_earlier_items_leave(
    world: World, add_tickets: Add, add_tags: AddTags
) -> None:
    add_tags(1, 2)
    add_tickets(1, tags={1: "ai"})

    items = told(
        world,
        {"id": 1, "priority": "low", "addTagIds": [2], "isEscalated": False},
        {"id": 1, "priority": "high", "removeTagIds": [1, 2], "dueBy": "2026-12-01 10:00:00"},
        {"id": 1, "priority": "high", "tagIds": []},
    )

    assert differences(items) == [
        [("priority", "medium", "low"), ("tagIds", [1], [1, 2])],
        [("priority", "low", "high"), ("dueBy", None, "2026-12-01 10:00:00"), ("tagIds", [1, 2], [])],
        [],
    ]


def test_what_follows_from_a_change_is_told_with_it(world: World, add_tickets: Add) -> None:
    add_tickets(1)

    items = told(world, {"id": 1, "status": "closed"}, {"id": 1, "status": "open"})

    assert differences(items) == [
        [("status", "open", "closed"), ("closedAt", None, "2026-11-23 12:00:00")],
        [("status", "closed", "open"), ("closedAt", "2026-11-23 12:00:00", None)],
    ]


def test_a_mark_that_a_person_set_is_in_no_difference(world: World, add_tickets: Add) -> None:
    add_tickets(1, spam_status="manual_clean")

    (item,) = told(world, {"id": 1, "spamStatus": "auto_spam", "priority": "low"})

    assert differences([item]) == [[("priority", "medium", "low")]]
    assert item["ignoredFields"] == [{"field": "spamStatus", "reason": "manual_spam_status_kept"}]


def test_what_people_wrote_is_told_by_its_size_alone(world: World, add_tickets: Add) -> None:
    before = {"sender": SECRET, "recipients": [SECRET], "body": SECRET, "subject": SECRET, "from_name": SECRET}
    add_tickets(1, modified_at=START, channel="chat", **before)
    patch = {
        "body": None,
        "subject": SECRET * 2,
        "fromName": SECRET + "!",
        "to": [SECRET, SECRET + "!"],
        "additionalData": {SECRET: SECRET},
        "bccEmails": ["lena.vogt@example.com"],
    }

    answer = world.patch({"id": 1} | patch, {"id": 1, "ifModifiedAt": None} | patch, {"id": 1, "body": 5}, dry_run=True)

    sent = json.dumps(answer, ensure_ascii=False)
    assert not [part for part in ("DE02120300000000202051", "Lena", "lena", "5550123") if part in sent]
    size = len(SECRET)
    saved, conflict, _ = answer["items"]
    assert differences([saved])[0] == [
        ("body", {"characters": size}, None),
        ("subject", {"characters": size}, {"characters": size * 2}),
        ("fromName", {"characters": size}, {"characters": size + 1}),
        ("to", {"entries": 1}, {"entries": 2}),
        ("additionalData", None, {"entries": 1}),
        ("bccEmails", {"entries": 0}, {"entries": 1}),
    ]
    assert conflict["current"]["subject"] == {"characters": size * 2}
    assert conflict["current"]["to"] == {"entries": 2}


def test_a_conflict_tells_what_stands_there_and_changes_nothing(world: World, add_tickets: Add) -> None:
    add_tickets(1, modified_at=START)

    (item,) = told(world, {"id": 1, "priority": "low", "ifModifiedAt": None})

    assert (item["outcome"], item["current"], item["difference"]) == ("conflict", {"priority": "medium"}, [])


def test_nothing_is_different_when_an_all_or_nothing_batch_fails(world: World, add_tickets: Add) -> None:
    add_tickets(1)

    items = told(world, {"id": 1, "priority": "low"}, {"id": 2}, atomic=True)

    assert [item["errors"][0]["code"] for item in items] == ["aborted", "ticket_not_found"]
    assert differences(items) == [[], []]


@pytest.mark.parametrize("chunk_size", [1, 2, 100])
def test_a_dry_run_foretells_the_batch_whatever_its_chunks_and_writes_nothing(
    world: World, add_tickets: Add, add_tags: AddTags, chunk_size: int
) -> None:
    world.with_settings(chunk_size=chunk_size)
    add_tags(1)
    add_tickets(1, external_ticket_id="A")
    add_tickets(2, external_ticket_id="B")
    add_tickets(3, 4, spam_status="auto_spam", modified_at=START - timedelta(days=1))
    items: list[object] = [
        {"id": 1, "externalTicketId": "C"},
        {"id": 2, "externalTicketId": "A"},
        {"id": 3, "externalTicketId": "B"},
        {"id": 4, "externalTicketId": "C"},
        {"id": 2, "status": "closed", "addTagIds": [1]},
        {"id": 3, "refreshMode": "full"},
        {"id": 1, "refresh": True},
        {"id": 4, "ifModifiedAt": None, "status": "closed"},
        {"nosuch": 1},
        "text",
    ]
    before = everything(world)

    foretold = world.patch(*items, dry_run=True)

    assert everything(world) == before
    answer = world.patch(*items)
    with world.context.database.read() as connection:
        rows = ledger_items(connection, answer["batchId"])
    assert foretold["counts"] == answer["counts"]
    names = {
        "index": "index",
        "id": "ticket_id",
        "outcome": "outcome",
        "reason": "reason",
        "changedFields": "changed_fields",
        "ignoredFields": "ignored_fields",
        "deprecations": "deprecations",
        "errors": "errors",
    }
    assert [{name: item[name] for name in names} for item in foretold["items"]] == [
        {name: row[column] for name, column in names.items()} for row in rows
    ]
    assert [item.get("current") for item in foretold["items"]] == [row["current"] for row in rows]


def test_differences_end_where_the_batch_ends(world: World, add_tickets: Add) -> None:
    add_tickets(1, external_ticket_id="A", sentiment="neutral")
    items = [{"id": 1, "status": "closed", "externalTicketId": None}, {"id": 1, "sentiment": None, "partnerId": 7}]

    foretold = [one for item in told(world, *items) for one in item["difference"]]
    before = show_tickets(world.context, [1])[0]
    world.patch(*items)
    after = show_tickets(world.context, [1])[0]

    assert {one["field"]: one["old"] for one in foretold} == {one["field"]: before[one["field"]] for one in foretold}
    assert {one["field"]: one["new"] for one in foretold} == {one["field"]: after[one["field"]] for one in foretold}
    assert {name for name in after if after[name] != before[name]} - {"modifiedAt", "workedOnByIds"} == {
        one["field"] for one in foretold
    }
