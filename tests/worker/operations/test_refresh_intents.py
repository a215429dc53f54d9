"""What AI agents find becomes intents (contract section 4)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from tests.worker.operations.conftest import Add, World
from tests.worker.operations.engines import ScriptedEngine, stages
from worker.ai.protocol import Finding
from worker.domain.intents import Info
from worker.domain.words import RefreshMode
from worker.operations.load import load
from worker.storage.tables import HistoryRow, IntentRow

AGENTS: list[dict[str, Any]] = [
    {
        "id": 1,
        "code": "meter",
        "name": "Zählerstand",
        "fields": [{"name": "reading", "type": "number", "required": True}, {"name": "date", "type": "date"}],
        "options": [{"type": "enter", "name": "Eintragen", "icon": "check", "recommended": True, "order": 1}],
    },
    {"id": 2, "code": "move", "name": "Umzug", "detectionDetails": {"type": "manualAssignment"}},
]
READING = Finding(1, 0.9, {"reading": 421}, (Info("plausible", "info", "Reading is plausible"),))


@pytest.fixture(autouse=True)
def engine(world: World) -> ScriptedEngine:
    load(world.context, {"aiAgents": AGENTS})
    engine = ScriptedEngine({"agents": [READING]})
    world.with_engine(engine)
    return engine


def intents(world: World) -> list[dict[str, Any]]:
    return world.rows(IntentRow)


def execute(world: World) -> None:
    with world.context.database.write() as connection:
        connection.execute(update(IntentRow).values(open=False, status="executed", outcome={"success": True}))


def test_a_finding_becomes_an_open_intent_as_on_the_page(
    world: World, add_tickets: Add, engine: ScriptedEngine
) -> None:
    add_tickets(1, contract_id="1000")

    world.refresh(RefreshMode.AGENTS, 1)

    (intent,) = intents(world)
    assert engine.candidates["agents"] == [1]
    assert (intent["ticket_id"], intent["ai_agent_id"], intent["contract_id"]) == (1, 1, "1000")
    assert (intent["open"], intent["status"], intent["verified"], intent["outcome"]) == (True, "ready", False, None)
    assert (intent["confidence"], intent["confidence_color"]) == (0.9, "success")
    assert intent["data"] == {"reading": 421}
    assert intent["options"] == AGENTS[0]["options"]
    assert intent["infos"] == [{"code": "plausible", "type": "info", "message": "Reading is plausible"}]
    assert (intent["created_at"], intent["modified_at"]) == (world.now, None)


def test_history_tells_of_intents_before_and_after(world: World, add_tickets: Add, engine: ScriptedEngine) -> None:
    add_tickets(1)
    world.refresh(RefreshMode.AGENTS, 1)
    engine.answers["agents"] = [Finding(1, 0.9, {"reading": 500})]

    world.refresh(RefreshMode.AGENTS, 1)

    first = {"code": "meter", "contractId": None, "status": "ready", "data": {"reading": 421}}
    told = [(row["field"], row["old"], row["new"]) for row in world.rows(HistoryRow)]
    assert told == [("intents", [], [first]), ("intents", [first], [first | {"data": {"reading": 500}}])]
    assert world.ticket(1).version == 2


def test_a_second_run_keeps_one_open_intent_and_the_values_it_no_longer_finds(
    world: World, add_tickets: Add, engine: ScriptedEngine
) -> None:
    add_tickets(1)
    world.refresh(RefreshMode.AGENTS, 1)
    engine.answers["agents"] = [Finding(1, 0.7, {"date": "2026-12-01"})]
    world.pass_time(hours=1)

    world.refresh(RefreshMode.AGENTS, 1)

    (intent,) = intents(world)
    assert intent["data"] == {"reading": 421, "date": "2026-12-01"}
    assert intent["modified_at"] == world.now


def test_a_run_that_finds_nothing_leaves_intents(world: World, add_tickets: Add, engine: ScriptedEngine) -> None:
    add_tickets(1)
    world.refresh(RefreshMode.AGENTS, 1)
    engine.answers["agents"] = []

    run = world.refresh(RefreshMode.AGENTS, 1)

    assert stages(run) == [("agents", "unchanged")]
    assert len(intents(world)) == 1


def test_an_executed_intent_is_never_touched(world: World, add_tickets: Add, engine: ScriptedEngine) -> None:
    add_tickets(1)
    world.refresh(RefreshMode.AGENTS, 1)
    execute(world)
    (before,) = intents(world)
    engine.answers["agents"] = [Finding(1, 0.9, {"reading": 500})]

    world.refresh(RefreshMode.AGENTS, 1)

    executed, fresh = intents(world)
    assert executed == before
    assert (fresh["open"], fresh["data"]) == (True, {"reading": 500})


def test_what_was_executed_is_not_asked_for_again(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    world.refresh(RefreshMode.AGENTS, 1)
    execute(world)

    run = world.refresh(RefreshMode.AGENTS, 1, force=True)

    assert stages(run) == [("agents", "unchanged")]
    assert len(intents(world)) == 1


def test_each_contract_has_an_open_intent_of_its_own(world: World, add_tickets: Add) -> None:
    add_tickets(1, contract_id="1000")
    world.refresh(RefreshMode.AGENTS, 1)
    world.patch({"id": 1, "contractId": "1001"})

    world.refresh(RefreshMode.AGENTS, 1)

    assert [(intent["contract_id"], intent["open"]) for intent in intents(world)] == [("1000", True), ("1001", True)]


def test_an_intent_of_a_contract_that_a_person_chose_meanwhile_is_this_contract_s(
    world: World, add_tickets: Add, engine: ScriptedEngine
) -> None:
    def choose(_: object) -> list[Finding]:
        world.patch({"id": 1, "contractId": "1001"})
        return [READING]

    engine.answers["agents"] = choose
    add_tickets(1, contract_id="1000")

    world.refresh(RefreshMode.AGENTS, 1)

    assert [intent["contract_id"] for intent in intents(world)] == ["1001"]
