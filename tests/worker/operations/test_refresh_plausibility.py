"""What agents find is held against rules, those of plug-ins too, before it becomes an intent."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.worker.operations.conftest import Add, World
from tests.worker.operations.engines import ScriptedEngine
from worker.ai.protocol import Finding
from worker.domain import plausibility
from worker.domain.plausibility import GROUP
from worker.domain.plug_ins import plug_ins
from worker.domain.words import RefreshMode
from worker.operations.load import load
from worker.payload.loading.errors import LoadRefused
from worker.storage.tables import IntentRow

PLUG_IN = """
from worker.domain.intents import Info
from worker.domain.plausibility import Rule

def round_number(asked):
    if asked.value % 100 == 0:
        yield Info("ROUND", "warning", "A round number.")

def broken(asked):
    raise KeyError(asked.value)

ROUND, BROKEN = Rule("number", round_number), Rule("number", broken)
NO_RULE = print
"""
ENTRY_POINTS = f"""[{GROUP}]
round_number = ticket_worker_rules:ROUND
broken = ticket_worker_rules:BROKEN
no_rule = ticket_worker_rules:NO_RULE
missing = ticket_worker_nowhere:RULE
"""
CUSTOMER = {
    "id": "83771",
    "contracts": [{"id": "1000", "registers": [{"lastReading": 500, "lastReadingDate": "2026-01-01"}]}],
}


@pytest.fixture(autouse=True)
def plug_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installed distribution, as pip leaves it."""
    (tmp_path / "ticket_worker_rules.py").write_text(PLUG_IN)
    installed = tmp_path / "ticket_worker_rules-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: ticket-worker-rules\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(str(tmp_path))
    _forget()
    yield
    sys.modules.pop("ticket_worker_rules", None)
    _forget()


def _forget() -> None:
    plug_ins.cache_clear()
    plausibility._loaded.cache_clear()


def agent(*rules: str, type_: str = "number") -> dict[str, Any]:
    reading = {"name": "reading", "type": type_, "required": True, "plausibility": list(rules)}
    return {"id": 1, "code": "meter", "name": "Zählerstand", "fields": [reading]}


def found(world: World, add_tickets: Add, reading: float, *rules: str) -> dict[str, Any]:
    load(world.context, {"aiAgents": [agent(*rules)], "customers": [CUSTOMER]})
    world.with_engine(ScriptedEngine({"agents": [Finding(1, 0.95, {"reading": reading})]}))
    add_tickets(1, customer_id="83771", contract_id="1000")
    world.refresh(RefreshMode.AGENTS, 1)
    (intent,) = world.rows(IntentRow)
    return intent


def codes(intent: dict[str, Any]) -> list[str]:
    return [info["code"] for info in intent["infos"]]


def test_a_reading_below_the_last_one_warns_on_the_intent(world: World, add_tickets: Add) -> None:
    intent = found(world, add_tickets, 421, "meter_reading")

    assert (codes(intent), intent["confidence_color"]) == (["READING_BELOW_LAST"], "warning")


def test_rules_of_an_installed_plug_in_are_asked_beside_the_shipped_ones(world: World, add_tickets: Add) -> None:
    assert codes(found(world, add_tickets, 400, "meter_reading", "round_number")) == ["READING_BELOW_LAST", "ROUND"]


def test_a_rule_that_fails_costs_nothing_but_its_own_remark(world: World, add_tickets: Add) -> None:
    intent = found(world, add_tickets, 400, "broken", "round_number")

    assert (intent["data"], codes(intent)) == ({"reading": 400}, ["NOT_CHECKED", "ROUND"])


def test_a_plug_in_that_went_away_leaves_a_remark(world: World, add_tickets: Add, tmp_path: Path) -> None:
    load(world.context, {"aiAgents": [agent("round_number")]})
    (tmp_path / "ticket_worker_rules-1.0.dist-info" / "entry_points.txt").write_text("")
    _forget()
    world.with_engine(ScriptedEngine({"agents": [Finding(1, 0.95, {"reading": 400})]}))
    add_tickets(1)

    world.refresh(RefreshMode.AGENTS, 1)

    (intent,) = world.rows(IntentRow)
    assert codes(intent) == ["NOT_CHECKED"]


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        (agent("meter_raeding"), "is no known rule: broken, deposit, meter_reading, missing, no_rule"),
        (agent("missing"), "is a plug-in that cannot be loaded (ModuleNotFoundError)"),
        (agent("no_rule"), "is a plug-in that is no `Rule`"),
        (agent("meter_reading", type_="date"), "this rule is for fields of type number"),
    ],
)
def test_a_rule_that_cannot_be_asked_is_refused_when_it_is_loaded(
    world: World, definition: dict[str, Any], said: str
) -> None:
    with pytest.raises(LoadRefused) as refused:
        load(world.context, {"aiAgents": [definition]})

    (error,) = refused.value.errors
    assert error.path == "aiAgents[0].fields[0].plausibility[0]"
    assert said in error.message
