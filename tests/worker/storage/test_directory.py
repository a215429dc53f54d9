"""Whom the directory finds by what messages say, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, event

from worker.domain.entities import AgentField, Contract, Customer
from worker.domain.evidence import Evidence
from worker.domain.legitimation import identify
from worker.domain.words import DetectionType, Priority
from worker.storage.database import Database
from worker.storage.directory import (
    MOST_NAMESAKES,
    ai_agent_definitions,
    customers_by_id,
    find_customers,
    tag_definitions,
)
from worker.storage.loading import save_ai_agents, save_customers, save_tags

IBAN = "DE89 3704 0044 0532 0130 00"


def customer(customer_id: str, *contracts: dict[str, Any], **values: Any) -> Customer:  # noqa: ANN401 - any value of a key
    owned = tuple(Contract(one["id"], customer_id, one) for one in contracts)
    return Customer(customer_id, {"id": customer_id, **values}, owned)


TOM = customer(
    "K-100",
    {"id": "746839", "counterNumber": "1 ESY 11 6066 9167", "iban": IBAN, "email": "Vertrag@Example.com"},
    {"id": "746840", "phone": 491721041689},
    firstname="Tom",
    lastname="Müstermann",
    email="tom@example.com",
    phone="0172 104 16 90",
    address="Hugo-Junkers-Str. 5, 82031 Grünwald",
)
FIRM = customer("200", company="Stadtbäckerei Grünwald GmbH")
OTHER = customer("300", {"id": "900"}, firstname="Anna", lastname="Beispiel", email="anna@example.com")


@pytest.fixture
def connection(migrated_database_url: str) -> Iterator[Connection]:
    database = Database(migrated_database_url)
    with database.write() as connection:
        save_customers(connection, [TOM, FIRM, OTHER])
        yield connection
    database.close()


def found_for(connection: Connection, evidence: Evidence) -> list[Customer]:
    (found,) = find_customers(connection, [evidence])
    return found


@pytest.mark.parametrize(
    ("evidence", "found"),
    [
        (Evidence(numbers=("k-100",)), []),
        (Evidence(numbers=("K-100",)), ["K-100"]),
        (Evidence(numbers=("746839",)), ["K-100"]),
        (Evidence(numbers=("1esy1160669167",)), ["K-100"]),
        (Evidence(ibans=("DE89370400440532013000",)), ["K-100"]),
        (Evidence(correspondents=("Tom <TOM@example.com>",)), ["K-100"]),
        (Evidence(emails=("vertrag@example.com",)), ["K-100"]),
        (Evidence(correspondents=("+49 172 1041689",)), ["K-100"]),
        (Evidence(phones=("+491721041690",)), ["K-100"]),
        (Evidence(names=("Tom Muestermann",)), ["K-100"]),
        (Evidence(names=("Müstermann, Tom",)), ["K-100"]),
        (Evidence(names=("Herr Dr. Tom Müstermann",)), ["K-100"]),
        (Evidence(names=("Firma Stadtbaeckerei Grünwald GmbH",)), ["200"]),
        (Evidence(names=("Tim Müstermann",)), []),
        (Evidence(numbers=("746841",), text="Tom Müstermann"), []),
        (Evidence(), []),
    ],
)
def test_customers_are_found_by_what_they_are_known_by(
    connection: Connection, evidence: Evidence, found: list[str]
) -> None:
    assert [one.id for one in found_for(connection, evidence)] == found


def test_a_found_customer_brings_all_contracts(connection: Connection) -> None:
    assert found_for(connection, Evidence(numbers=("746840",))) == [TOM]


def test_no_evidence_finds_nobody(connection: Connection) -> None:
    assert find_customers(connection, []) == []


def test_one_call_serves_many_messages_with_the_same_statements(connection: Connection) -> None:
    statements: list[str] = []
    event.listen(connection, "before_cursor_execute", lambda *told: statements.append(told[2]))
    many = [Evidence(numbers=(f"{number}", "900"), names=("Tom Müstermann",)) for number in range(50)]
    found = find_customers(connection, many)
    assert [[one.id for one in of_one] for of_one in found] == [["300", "K-100"]] * 50
    assert len(statements) == 3


def test_more_keys_than_a_statement_takes_are_all_looked_up(connection: Connection) -> None:
    numbers = tuple(f"{number}" for number in range(10**9, 10**9 + 3_000))
    found = found_for(connection, Evidence(numbers=(*numbers, "900", "746839")))
    assert [one.id for one in found] == ["300", "K-100"]


def test_of_many_who_share_a_key_some_are_found_and_nobody_is_identified(connection: Connection) -> None:
    shared = [customer(f"{number}", email="wg@example.com") for number in range(1_000, 1_000 + MOST_NAMESAKES * 2)]
    save_customers(connection, shared)
    evidence = Evidence(correspondents=("wg@example.com",))
    found = found_for(connection, evidence)
    assert len(found) == MOST_NAMESAKES
    assert identify(evidence, found).customer is None


def test_somebody_elses_candidates_change_no_verdict(connection: Connection) -> None:
    address = ("Hugo-Junkers-Str. 5, 82031 Grünwald",)
    last_name = Evidence(names=("Müstermann",), addresses=address)
    tom, anna = Evidence(numbers=("746839",)), Evidence(correspondents=("anna@example.com",))
    assert identify(last_name, [TOM]).customer == TOM  # it would be found, were he handed in

    together = find_customers(connection, [tom, anna, last_name])

    for evidence, candidates, owner in zip((tom, anna, last_name), together, (TOM, OTHER, None), strict=True):
        assert identify(evidence, candidates) == identify(evidence, found_for(connection, evidence))
        assert identify(evidence, candidates).customer == owner


def test_only_customers_of_the_directory_are_read(connection: Connection) -> None:
    assert customers_by_id(connection, ["300", "301"]) == {"300": OTHER}
    assert customers_by_id(connection, []) == {}


def test_a_tag_is_read_as_it_was_defined(connection: Connection) -> None:
    condition = {"field": "channel", "operator": "Equal", "value": "email"}
    details = {"type": "conditionDetection", "condition": condition, "examples": ["Zähler"]}
    definition = {"id": 61, "name": "Zählerstand", "sla": 8, "priority": "high", "channels": ["email"]}
    bare = {"id": 62, "name": "Rest", "priority": "do-not-change", "visibility": "disabled", "detectionDetails": {}}
    save_tags(connection, [{**definition, "detectionDetails": details}, {**bare, "properties": ["defaultSkill"]}])
    tags = tag_definitions(connection)
    assert tags[61].detection.condition == condition
    assert (tags[61].priority, tags[61].sla, tags[61].channels) == (Priority.HIGH, 8, frozenset({"email"}))
    assert (tags[61].enabled, tags[61].default) == (True, False)
    assert (tags[62].detection.type, tags[62].priority) == (DetectionType.MANUAL, None)
    assert (tags[62].enabled, tags[62].default) == (False, True)


def test_an_ai_agent_without_a_type_of_detection_is_found_by_ai(connection: Connection) -> None:
    fields = [{"name": "reading", "type": "number", "required": True}]
    options = [{"type": "enter", "name": "Eintragen"}]
    definition = {"id": 1, "code": "meter", "name": "Zähler", "fields": fields, "options": options}
    save_ai_agents(connection, [{**definition, "autoExecute": ["enter"]}])
    agent = ai_agent_definitions(connection)[1]
    assert agent.detection.type is DetectionType.AI
    assert agent.fields == (AgentField("reading", "number", required=True),)
    assert agent.options == tuple(options)
    assert agent.auto_execute == {"enter"}
