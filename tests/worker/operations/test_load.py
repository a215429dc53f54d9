"""What `load` writes, on both databases, and what it refuses."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.worker.operations.conftest import START, Add, World
from worker.domain.intents import Intent, IntentChange
from worker.domain.words import TagSource
from worker.operations.inspection.ticket import show_tickets
from worker.operations.load import load
from worker.payload.loading.errors import LoadRefused
from worker.storage.directory import ai_agent_definitions, customers_by_id, tag_definitions
from worker.storage.intents import read_intents, save_intents
from worker.storage.tables import (
    AiAgentRow,
    Base,
    ContractRow,
    CustomerRow,
    EndpointRow,
    HistoryRow,
    OutboxRow,
    PersonRow,
    TagRow,
    TicketRow,
    TicketTagRow,
)
from worker.storage.tickets import read_tickets

DEMO = Path("worker/demo/data")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TAGS = [{"id": 61, "name": "Zählerstand"}, {"id": 62, "name": "Rechnung", "parent": 61}]
AGENTS = [{"id": 1, "code": "meter", "name": "Zähler"}, {"id": 2, "code": "move", "name": "Umzug"}]
WEBHOOK = {"id": "shop", "url": "https://example.com/hook", "secret": SECRET}
EVERYTHING: dict[str, list[dict[str, Any]]] = {
    "tags": TAGS,
    "customers": [{"id": 1, "firstname": "Tom", "lastname": "Mustermann", "contracts": [{"id": 10}, {"id": 11}]}],
    "agents": [{"id": 1, "firstName": "Max", "password": "geheim", "image": "iVBOR"}],
    "aiAgents": AGENTS,
    "webhooks": [WEBHOOK],
    "tickets": [{"id": 7, "tagIds": [61, 62], "tagSources": [{"id": 62, "source": "ai"}], "externalTicketId": "E-7"}],
}
TABLES = (TicketRow, TicketTagRow, TagRow, CustomerRow, ContractRow, PersonRow, AiAgentRow, EndpointRow)

Load = Callable[..., dict[str, int]]


@pytest.fixture
def load_lists(world: World) -> Load:
    """Loads lists: `load_lists(tickets=[…], tags=[…])`."""
    return lambda **lists: load(world.context, lists)


def rows(world: World, table: type[Base]) -> int:
    with world.context.database.read() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def refusal(load_lists: Load, **lists: object) -> list[tuple[str, str]]:
    with pytest.raises(LoadRefused) as caught:
        load_lists(**lists)
    return [(error.path, error.code.value) for error in caught.value.errors]


def shown(world: World, ticket_id: int) -> dict[str, Any]:
    return show_tickets(world.context, [ticket_id])[0]


def test_a_file_is_written_whole_and_counted(world: World, load_lists: Load) -> None:
    assert load_lists(**EVERYTHING) == {
        "tags": 2,
        "customers": 1,
        "agents": 1,
        "aiAgents": 2,
        "webhooks": 1,
        "tickets": 1,
    }
    assert [rows(world, table) for table in TABLES] == [1, 2, 2, 1, 2, 1, 2, 1]
    with world.context.database.read() as connection:
        assert tag_definitions(connection)[62].parent == 61
        assert ai_agent_definitions(connection)[2].code == "move"
        assert [one.id for one in customers_by_id(connection, ["1"])["1"].contracts] == ["10", "11"]
        assert connection.scalar(select(PersonRow.definition)) == {"id": 1, "firstName": "Max"}
        assert read_tickets(connection, [7])[7].tags == {61: TagSource.MANUAL, 62: TagSource.AI}


def test_a_second_load_of_a_file_only_makes_newer_versions(world: World, load_lists: Load) -> None:
    load_lists(**EVERYTHING)
    before = shown(world, 7)
    load_lists(**EVERYTHING)
    assert [rows(world, table) for table in TABLES] == [1, 2, 2, 1, 2, 1, 2, 1]
    assert shown(world, 7) == before
    with world.context.database.read() as connection:
        assert read_tickets(connection, [7])[7].version == 1


def test_nothing_of_a_file_with_an_error_is_loaded(world: World, load_lists: Load) -> None:
    wrong = {**EVERYTHING, "tickets": [{"id": 7, "tagIds": [61]}, {"id": 8, "status": "shut", "tagIds": [99]}]}
    assert refusal(load_lists, **wrong) == [
        ("tickets[1].status", "invalid_value"),
        ("tickets[1].tagIds[0]", "unknown_tag"),
    ]
    assert [rows(world, table) for table in TABLES] == [0] * len(TABLES)


def test_a_ticket_that_exists_is_replaced_and_keeps_its_past(world: World, load_lists: Load) -> None:
    load_lists(tags=TAGS, tickets=[{"id": 7, "subject": "Alt", "tagIds": [61], "priority": "high"}])
    world.patch({"id": 7, "status": "closed"}, task_id="k")
    load_lists(tickets=[{"id": 7, "subject": "Neu", "tagIds": [62]}])
    ticket = shown(world, 7)
    assert (ticket["subject"], ticket["status"], ticket["priority"], ticket["closedAt"]) == (
        "Neu",
        "open",
        "medium",
        None,
    )
    assert ticket["tagIds"] == [62]
    assert rows(world, HistoryRow) == 1


def test_given_times_are_stored_and_the_time_of_loading_is_the_default(world: World, load_lists: Load) -> None:
    times = {"createdAt": "2026-01-02 03:04:05", "modifiedAt": "2026-02-02 03:04:05", "closedAt": "2026-02-02 03:04:05"}
    load_lists(tickets=[{"id": 1, "status": "closed", **times}, {"id": 2}])
    assert {name: shown(world, 1)[name] for name in times} == times
    with world.context.database.read() as connection:
        assert read_tickets(connection, [2])[2].values["createdAt"] == START


def test_a_loaded_ticket_read_and_sent_back_whole_is_unchanged(world: World, load_lists: Load) -> None:
    load_lists(**EVERYTHING)
    answer = world.patch(shown(world, 7), task_id="k")
    assert answer["counts"]["unchanged"] == 1


def test_what_is_shown_can_be_loaded(world: World, load_lists: Load) -> None:
    load_lists(
        **{**EVERYTHING, "tickets": [{"id": 7, "tagIds": [61], "customerId": 1, "intents": [{"code": "meter"}]}]}
    )
    [before] = show_tickets(world.context, [7], history=True)
    load_lists(tickets=[before])
    assert show_tickets(world.context, [7], history=True) == [before]


def test_loading_announces_nothing(world: World, load_lists: Load) -> None:
    load_lists(**EVERYTHING)
    load_lists(**EVERYTHING)
    assert (rows(world, OutboxRow), world.sent) == (0, [])


def test_tickets_hand_an_external_id_from_one_to_the_other(world: World, load_lists: Load) -> None:
    load_lists(tickets=[{"id": 1, "externalTicketId": "A"}, {"id": 2, "externalTicketId": "B"}])
    load_lists(tickets=[{"id": 1, "externalTicketId": "B"}, {"id": 2, "externalTicketId": "A"}])
    assert [shown(world, one)["externalTicketId"] for one in (1, 2)] == ["B", "A"]


def test_an_external_id_of_a_stored_ticket_is_taken(load_lists: Load) -> None:
    load_lists(tickets=[{"id": 1, "externalTicketId": "A"}])
    told = refusal(load_lists, tickets=[{"id": 2, "externalTicketId": "A"}])
    assert told == [("tickets[0].externalTicketId", "duplicate_external_ticket_id")]


def test_contracts_of_a_reloaded_customer_are_replaced(world: World, load_lists: Load) -> None:
    load_lists(customers=[{"id": 1, "contracts": [{"id": 10}, {"id": 11}]}])
    load_lists(customers=[{"id": 1, "contracts": [{"id": 12}]}])
    with world.context.database.read() as connection:
        assert [one.id for one in customers_by_id(connection, ["1"])["1"].contracts] == ["12"]


def test_a_contract_moves_between_customers_of_one_file_only(world: World, load_lists: Load) -> None:
    load_lists(customers=[{"id": 1, "contracts": [{"id": 10}]}])
    assert refusal(load_lists, customers=[{"id": 2, "contracts": [{"id": 10}]}]) == [
        ("customers[0].contracts[0].id", "contradiction")
    ]
    load_lists(customers=[{"id": 2, "contracts": [{"id": 10}]}, {"id": 1}])
    with world.context.database.read() as connection:
        found = customers_by_id(connection, ["1", "2"])
    assert [len(found[one].contracts) for one in ("1", "2")] == [0, 1]


def test_ai_agents_hand_a_code_from_one_to_the_other(world: World, load_lists: Load) -> None:
    load_lists(aiAgents=AGENTS)
    load_lists(aiAgents=[{**AGENTS[0], "code": "move"}, {**AGENTS[1], "code": "meter"}])
    with world.context.database.read() as connection:
        assert ai_agent_definitions(connection)[1].code == "move"


def test_a_code_of_a_stored_ai_agent_is_taken(load_lists: Load) -> None:
    load_lists(aiAgents=AGENTS)
    assert refusal(load_lists, aiAgents=[{**AGENTS[0], "id": 3}]) == [("aiAgents[0].code", "contradiction")]


def test_a_stored_default_tag_has_no_rival(load_lists: Load) -> None:
    default = {"id": 1, "name": "Rest", "properties": ["defaultSkill"]}
    load_lists(tags=[default])
    assert refusal(load_lists, tags=[{**default, "id": 2}]) == [("tags[0].properties", "contradiction")]
    load_lists(tags=[{**default, "id": 2}, {**default, "properties": []}])


def test_a_tag_in_use_is_redefined_in_place(world: World, load_lists: Load) -> None:
    load_lists(**EVERYTHING)
    load_lists(tags=[{"id": 61, "name": "Ablesung", "visibility": "disabled"}])
    with world.context.database.read() as connection:
        assert not tag_definitions(connection)[61].enabled
    assert shown(world, 7)["tagIds"] == [61, 62]


def test_an_endpoint_is_stored_with_its_secret_and_replaced_by_id(world: World, load_lists: Load) -> None:
    load_lists(**EVERYTHING)
    load_lists(webhooks=[{**WEBHOOK, "enabled": False, "channels": ["email"]}])
    with world.context.database.read() as connection:
        [endpoint] = connection.execute(select(EndpointRow.__table__)).mappings()
    assert (endpoint["secret"], endpoint["enabled"], endpoint["channels"]) == (SECRET, False, ["email"])


@pytest.mark.parametrize("url", ["https://user:pass@example.com", "http://", "file:///etc/passwd"])
def test_a_webhook_goes_to_a_plain_http_address(load_lists: Load, url: str) -> None:
    wrong = [{"id": "a", "url": url, "secret": "whsec_!"}]
    assert refusal(load_lists, webhooks=wrong) == [
        ("webhooks[0].url", "invalid_value"),
        ("webhooks[0].secret", "invalid_value"),
    ]


def test_intents_are_stored_as_given_under_their_ids(world: World, load_lists: Load) -> None:
    done = {
        "id": 500,
        "code": "meter",
        "contractId": 10,
        "confidence": 0.9,
        "confidenceColor": "success",
        "data": {"a": 1},
    }
    done |= {"outcome": {"success": True}, "verified": True}
    load_lists(aiAgents=AGENTS, tickets=[{"id": 7, "intents": [done, {"aiAgentId": 2, "status": "incomplete"}]}])
    with world.context.database.write() as connection:
        executed, waiting = sorted(read_intents(connection, [7])[7], key=lambda one: one.id != 500)
        assert (executed.id, executed.open, executed.verified, executed.intent.data) == (500, False, True, {"a": 1})
        assert (waiting.open, waiting.intent.agent_id, waiting.intent.contract_id) == (True, 2, None)
        later = Intent(1, "11", "ready", 1.0, "success")
        save_intents(connection, {7: [IntentChange(None, later)]}, START)
        assert {one.id for one in read_intents(connection, [7])[7]} > {500, 501}


def test_a_ticket_loaded_without_intents_keeps_those_it_has(world: World, load_lists: Load) -> None:
    load_lists(aiAgents=AGENTS, tickets=[{"id": 7, "intents": [{"code": "meter"}]}])
    load_lists(tickets=[{"id": 7}])
    assert len(shown(world, 7)["intents"]) == 1
    load_lists(tickets=[{"id": 7, "intents": []}])
    assert shown(world, 7)["intents"] == []


def test_an_intents_id_belongs_to_one_ticket(load_lists: Load) -> None:
    load_lists(aiAgents=AGENTS, tickets=[{"id": 7, "intents": [{"id": 5, "code": "meter"}]}])
    told = refusal(load_lists, tickets=[{"id": 8, "intents": [{"id": 5, "code": "meter"}]}])
    assert told == [("tickets[0].intents[0].id", "duplicate_id")]


def test_a_load_replaces_what_a_service_has_written(world: World, load_lists: Load, add_tickets: Add) -> None:
    add_tickets(7, due_by_manual=True)
    load_lists(tickets=[{"id": 7}])
    with world.context.database.read() as connection:
        assert read_tickets(connection, [7])[7].values["dueByManual"] is False


def test_the_demo_data_is_loaded(world: World) -> None:
    counts = load(world.context, json.loads((DEMO / "master.json").read_text(encoding="utf-8")))
    tickets = json.loads((DEMO / "tickets.json").read_text(encoding="utf-8"))
    assert load(world.context, tickets)["tickets"] == rows(world, TicketRow) == len(tickets["tickets"])
    assert (counts["tags"], counts["customers"]) == (rows(world, TagRow), rows(world, CustomerRow))


def test_ten_thousand_tickets_take_seconds(world: World, load_lists: Load) -> None:
    tickets = [
        {"id": one, "body": "Guten Tag, " * 50, "tagIds": [61], "from": "a@example.com"} for one in range(1, 10_001)
    ]
    load_lists(tags=TAGS)
    began = time.monotonic()
    load_lists(tickets=tickets)
    assert time.monotonic() - began < 20  # about 1.5 on two free cores
    assert rows(world, TicketTagRow) == 10_000
