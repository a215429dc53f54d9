"""A ticket as `show ticket` gives it, on both databases."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, update

from tests.worker.operations.conftest import START, Add, World
from worker.operations.inspection.batch import show_batch
from worker.operations.inspection.ticket import show_tickets
from worker.operations.inspection.unknown import Unknown
from worker.storage.bulk import insert_rows
from worker.storage.tables import (
    AiAgentRow,
    ContractRow,
    CustomerRow,
    IntentRow,
    PersonRow,
    RefreshRunRow,
    TicketRow,
    WorklogRow,
)

Send = Callable[..., str]


def show(world: World, ticket_id: int = 1, *, history: bool = False) -> dict[str, Any]:
    (ticket,) = show_tickets(world.context, [ticket_id], history=history)
    return ticket


@pytest.fixture
def send(world: World) -> Send:
    """Applies a batch and gives its id."""

    def apply(*items: object, key: str = "key", **flags: Any) -> str:  # noqa: ANN401 - a flag's own type
        return str(world.patch(*items, task_id=key, **flags)["batchId"])

    return apply


@pytest.fixture
def directory(world: World) -> None:
    """A customer with a contract, two people, an AI agent."""
    customer = {"id": "C1", "email_key": None, "phone_key": None, "name_key": None}
    contract = {"id": "V1", "customer_id": "C1", "email_key": None}
    with world.context.database.write() as connection:
        insert_rows(connection, CustomerRow, [customer | {"definition": {"id": "C1", "lastname": "Huber"}}])
        insert_rows(connection, ContractRow, [contract | {"definition": {"id": "V1", "status": "active"}}])
        people = [{"id": one, "definition": {"id": one, "firstName": f"Person {one}"}} for one in (7, 8)]
        insert_rows(connection, PersonRow, people)
        agent = {"id": 3, "code": "meter", "definition": {"id": 3, "code": "meter", "name": "Meter reading"}}
        insert_rows(connection, AiAgentRow, [agent])


FULL: dict[str, Any] = {
    "external_ticket_id": "EXT-1",
    "channel_id": "room",
    "subchannel_id": 5,
    "spam_status": "manual_clean",
    "from_name": "Käthe Huber",
    "recipients": ["a@example.com", "b@example.com"],
    "reply_cc": ["cc@example.com", "more@example.com"],
    "reply_bcc": ["bcc@example.com"],
    "body_plain": "Text",
    "body_clean": "Text",
    "sentiment": "positive",
    "language": "German",
    "language_code": "de",
    "auto_execute_at": datetime(2026, 3, 29, 0, 30, tzinfo=UTC),
    "due_by": datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
    "first_response_due_by": START + timedelta(days=1),
    "modified_at": START,
    "customer_id": "C1",
    "contract_id": "V1",
    "partner_id": 9,
    "customer_legitimation": 13,
    "customer_legitimation_message": "Number and name were found",
    "responder_id": 8,
    "agent_id": 7,
    "assigned_agent_ids": [8, 99],
    "additional_data": {"shop": [1, 2.5, None]},
    "attachments": [{"id": "1", "name": "photo.jpg"}],
    "raw_data": {"headers": {"X-Spam": "no"}},
}


@pytest.mark.parametrize(
    "values",
    [
        {},
        FULL,
        {"channel": "system", "sender": None},
        {"channel": "phone", "sender": None, "recipients": "+49 89 1234"},
        {"status": "pending", "due_by": START - timedelta(days=3)},
        {"status": "closed", "closed_at": START, "direction": "out"},
    ],
    ids=["plain", "full", "system", "phone", "overdue", "closed"],
)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_a_ticket_sent_back_whole_changes_nothing(
    world: World, add_tickets: Add, add_tags: Add, send: Send, *, values: dict[str, Any], zone: str
) -> None:
    world.with_settings(time_zone=ZoneInfo(zone))
    add_tags(4, 5)
    add_tickets(1, tags={5: "manual", 4: "ai"}, **values)
    document = json.loads(json.dumps(show(world, history=True)))

    (item,) = show_batch(world.context, send(document))["items"]

    assert (item["outcome"], item["errors"], item["changedFields"]) == ("unchanged", [], [])
    assert show(world, history=True) == document


def test_stored_fields_are_shown_under_their_names(world: World, add_tickets: Add) -> None:
    add_tickets(1, **FULL)

    shown = show(world)

    assert shown["id"] == 1
    assert (shown["from"], shown["fromName"], shown["to"]) == (
        "kunde@example.com",
        "Käthe Huber",
        ["a@example.com", "b@example.com"],
    )
    assert (shown["additionalData"], shown["partnerId"]) == ({"shop": [1, 2.5, None]}, 9)
    assert shown["ccEmails"] == shown["replyCcEmails"] == ["cc@example.com", "more@example.com"]
    assert shown["bccEmails"] == ["bcc@example.com"]
    assert shown["attachments"] == [{"id": "1", "name": "photo.jpg"}]


def test_times_are_shown_in_the_form_of_the_page(world: World, add_tickets: Add) -> None:
    world.with_settings(time_zone=ZoneInfo("Europe/Berlin"))
    add_tickets(1, **FULL)

    shown = show(world)

    assert shown["modifiedAt"] == "2026-11-23 13:00:00"
    assert shown["autoExecuteAt"] == "2026-03-29T00:30:00Z"
    assert shown["closedAt"] is None


def test_a_ticket_shows_no_columns_that_the_page_does_not_know(world: World, add_tickets: Add) -> None:
    add_tickets(1)

    assert not {"version", "dueByManual", "customerEvidence", "replyCc", "recipients"} & show(world).keys()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"direction": "in"}, ["kunde@example.com"]),
        ({"direction": "in", "sender": None, "channel": "phone"}, []),
        ({"direction": "out"}, ["service@example.com"]),
        ({"direction": "internal", "recipients": "team"}, ["team"]),
    ],
)
def test_a_reply_goes_to_the_sender_or_to_the_recipients(
    world: World, add_tickets: Add, values: dict[str, Any], expected: list[str]
) -> None:
    add_tickets(1, reply_cc=["cc@example.com"], reply_bcc=["bcc@example.com"], **values)

    assert show(world)["replyRecipients"] == {"to": expected, "cc": ["cc@example.com"], "bcc": ["bcc@example.com"]}


def test_nobody_can_reply_to_a_system_ticket(world: World, add_tickets: Add) -> None:
    add_tickets(1, channel="system", sender=None)

    shown = show(world)

    assert shown["replyRecipients"] is None
    assert shown["from"] is None


@pytest.mark.parametrize(("level", "shown"), [(9, None), (10, "Why"), (19, "Why"), (20, None), (30, None)])
def test_a_legitimation_message_is_shown_from_10_to_19(
    world: World, add_tickets: Add, level: int, shown: str | None
) -> None:
    add_tickets(1, customer_legitimation=level, customer_legitimation_message="Why")

    assert show(world)["customerLegitimationMessage"] == shown


def test_tags_are_shown_with_their_sources_and_definitions(world: World, add_tickets: Add, add_tags: Add) -> None:
    add_tags(4, t5={"color": "grey"})
    add_tickets(1, tags={5: "rule", 4: "manual"})

    shown = show(world)

    assert shown["tagIds"] == [4, 5]
    assert shown["tagSources"] == [{"id": 4, "source": "manual"}, {"id": 5, "source": "rule"}]
    assert shown["tags"] == [{"id": 4, "name": "Tag 4"}, {"id": 5, "name": "Tag 5", "color": "grey"}]


@pytest.mark.usefixtures("directory")
def test_customer_and_people_are_shown_when_they_are_known(world: World, add_tickets: Add) -> None:
    add_tickets(1, **FULL)
    add_tickets(2, customer_id="C2", agent_id=70)

    known, unknown = show_tickets(world.context, [1, 2])

    assert known["customer"] == {"id": "C1", "lastname": "Huber", "contracts": [{"id": "V1", "status": "active"}]}
    assert known["agent"] == {"id": 7, "firstName": "Person 7"}
    assert (known["assignedAgentIds"], known["assignedAgents"]) == ([8, 99], [{"id": 8, "firstName": "Person 8"}])
    assert (unknown["customerId"], unknown["customer"], unknown["agentId"], unknown["agent"]) == ("C2", None, 70, None)


@pytest.mark.usefixtures("directory")
def test_people_of_the_last_hour_are_shown_as_having_worked_on_the_ticket(
    world: World, add_tickets: Add, send: Send
) -> None:
    add_tickets(1)
    send({"id": 1, "status": "closed"}, key="early", user_id=9)
    world.pass_time(minutes=30)
    for key, user_id, status in (("second", 8, "open"), ("third", 7, "closed"), ("fourth", 8, "open")):
        send({"id": 1, "status": status}, key=key, user_id=user_id)
    send({"id": 1, "status": "closed"}, key="unseen", user_id=10, include_in_worklog=False)
    with world.context.database.write() as connection:
        automatic = {"ticket_id": 1, "action": "written", "user_id": 11, "automatic": True, "at": world.now}
        insert_rows(connection, WorklogRow, [automatic])
    world.pass_time(minutes=45)

    shown = show(world)

    assert shown["workedOnByIds"] == [7, 8]
    assert [person["id"] for person in shown["workedOnBy"]] == [7, 8]


@pytest.mark.usefixtures("directory")
def test_intents_are_shown_with_code_and_name_of_their_agents(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    row = {"ticket_id": 1, "ai_agent_id": 3, "contract_id": "V1", "open": True, "status": "ready", "confidence": 0.9}
    row |= {"confidence_color": "success", "verified": False, "data": {"reading": 317}, "options": [{"type": "enter"}]}
    row |= {"infos": [], "outcome": None, "created_at": START}
    with world.context.database.write() as connection:
        insert_rows(connection, IntentRow, [row, row | {"contract_id": ""}])

    first, second = show(world)["intents"]

    assert first.pop("id") < second.pop("id")
    assert first == {
        "aiAgentId": 3,
        "code": "meter",
        "name": "Meter reading",
        "contractId": "V1",
        "status": "ready",
        "confidence": 0.9,
        "confidenceColor": "success",
        "verified": False,
        "data": {"reading": 317},
        "options": [{"type": "enter"}],
        "infos": [],
        "outcome": None,
    }
    assert second["contractId"] is None


def test_history_tells_every_change_with_who_and_in_which_batch(world: World, add_tickets: Add, send: Send) -> None:
    add_tickets(1, due_by=START)
    batch_id = send({"id": 1, "priority": "high", "dueBy": "2026-12-24 18:00:00"}, user_id=8)

    shown = show(world, history=True)

    actor = {"type": "user", "id": 8}
    told = {"actor": actor, "batchId": batch_id, "at": "2026-11-23 12:00:00"}
    assert sorted(shown["history"], key=lambda change: str(change["field"])) == [
        {"field": "dueBy", "old": "2026-11-23T12:00:00Z", "new": "2026-12-24T18:00:00Z"} | told,
        {"field": "priority", "old": "medium", "new": "high"} | told,
    ]
    assert shown["worklog"] == [
        {"action": "written", "userId": 8, "automatic": False, "batchId": batch_id, "at": "2026-11-23 12:00:00"},
    ]


def test_history_tells_the_refreshes_of_the_ticket(world: World, add_tickets: Add, send: Send) -> None:
    add_tickets(1, 2)
    batch_id = send({"id": 1, "refreshMode": "tags"}, {"id": 2, "refreshMode": "tags"})
    stages = [{"stage": "tags", "state": "unchanged", "reason": None}]
    with world.context.database.write() as connection:
        connection.execute(update(RefreshRunRow).values(state="done", stages=stages))

    (refresh,) = show(world, history=True)["refreshes"]

    assert refresh.pop("runId")
    assert refresh == {
        "ticketId": 1,
        "mode": "tags",
        "state": "done",
        "reason": None,
        "stages": stages,
        "batchId": batch_id,
    }


def test_the_past_is_shown_only_when_asked_for(world: World, add_tickets: Add) -> None:
    add_tickets(1)

    assert not {"history", "worklog", "refreshes"} & show(world).keys()


def test_tickets_come_in_the_order_asked_for(world: World, add_tickets: Add) -> None:
    add_tickets(1, 2, 3)

    assert [ticket["id"] for ticket in show_tickets(world.context, [3, 1, 3])] == [3, 1, 3]


def test_all_unknown_tickets_are_named(world: World, add_tickets: Add) -> None:
    add_tickets(1)

    with pytest.raises(Unknown) as caught:
        show_tickets(world.context, [5, 1, 4])

    assert (caught.value.code, caught.value.message) == ("ticket_not_found", "there is no ticket 5, 4")


@pytest.mark.usefixtures("directory")
def test_many_tickets_are_read_with_as_many_statements_as_one(world: World, add_tickets: Add, add_tags: Add) -> None:
    add_tags(4)
    add_tickets(*range(1, 21), tags={4: "manual"}, **(FULL | {"external_ticket_id": None}))
    statements: list[str] = []
    event.listen(world.context.database.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))

    show_tickets(world.context, [1], history=True)
    of_one = len(statements)
    show_tickets(world.context, range(1, 21), history=True)

    assert len(statements) == 2 * of_one


def test_an_unknown_sender_is_left_out(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    with world.context.database.write() as connection:
        connection.execute(update(TicketRow).values(sender=None, channel="letter"))

    assert "from" not in show(world)
