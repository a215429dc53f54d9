"""A stage whose inputs have not changed since its last result is skipped, and says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.worker.operations.conftest import Add, World
from tests.worker.operations.engines import ScriptedEngine
from worker.ai.protocol import Finding, Language, SpamVerdict, Text
from worker.domain.words import RefreshMode, Sentiment, SpamStatus
from worker.operations.load import load
from worker.storage.tables import StageResultRow

ANSWERS = {
    "language": Language("German", "de"),
    "text": Text("Zähler 421", "Zähler 421"),
    "summary": "Kunde meldet einen Zählerstand.",
    "sentiment": Sentiment.NEUTRAL,
    "spam": SpamVerdict(SpamStatus.AUTO_CLEAN, "nothing"),
    "tags": [5],
    "agents": [Finding(1, 0.9, {"reading": 421})],
}
UNCHANGED = ("skipped", "inputs_unchanged")
TAG = {"id": 5, "name": "Zähler", "detectionDetails": {"type": "aiDetection", "description": "Zählerstand"}}
AGENT = {"id": 1, "code": "meter", "name": "Zählerstand", "fields": [{"name": "reading", "type": "number"}]}
ENGINE_STAGES = ["language", "text", "summary", "sentiment", "spam", "tags", "agents"]


@dataclass
class SteadyEngine(ScriptedEngine):
    """Claims to answer alike until its version changes."""

    version: int = 1

    @property
    def fingerprint(self) -> str:
        return str(self.version)


@pytest.fixture(autouse=True)
def engine(world: World, add_tickets: Add) -> SteadyEngine:
    load(world.context, {"tags": [TAG], "aiAgents": [AGENT]})
    engine = SteadyEngine(dict(ANSWERS))
    world.with_engine(engine)
    add_tickets(1, body="Zähler 421")
    return engine


def ends(run: dict[str, Any]) -> dict[str, tuple[str, str | None]]:
    return {end["stage"]: (end["state"], end["reason"]) for end in run["stages"]}


def patch(world: World, **fields: object) -> None:
    answer = world.patch({"id": 1, **fields})
    assert answer["counts"]["updated"] == 1


def test_a_second_full_run_asks_the_engine_for_nothing_but_the_customer(world: World, engine: SteadyEngine) -> None:
    world.refresh(RefreshMode.FULL, 1)
    engine.asked.clear()

    run = world.refresh(RefreshMode.FULL, 1)

    ended = ends(run)
    assert {stage: ended[stage] for stage in ENGINE_STAGES} == dict.fromkeys(ENGINE_STAGES, UNCHANGED)
    assert engine.methods == ["clues"]
    assert run["state"] == "done"


def test_force_looks_again(world: World, engine: SteadyEngine) -> None:
    world.refresh(RefreshMode.FULL, 1)
    engine.asked.clear()

    ended = ends(world.refresh(RefreshMode.FULL, 1, force=True))

    assert UNCHANGED not in ended.values()
    assert set(engine.methods) >= set(ENGINE_STAGES)


def another_engine(_world: World, engine: SteadyEngine) -> None:
    engine.version += 1


def another_body(world: World, _engine: SteadyEngine) -> None:
    patch(world, body="Zähler 422")


def another_summary(world: World, _engine: SteadyEngine) -> None:
    patch(world, summary="von Hand")


def no_tags(world: World, _engine: SteadyEngine) -> None:
    patch(world, tagIds=[])


def another_tag_definition(world: World, _engine: SteadyEngine) -> None:
    load(world.context, {"tags": [TAG | {"name": "Zählerstände"}]})


def another_agent_definition(world: World, _engine: SteadyEngine) -> None:
    load(world.context, {"aiAgents": [AGENT | {"description": "Meldung"}]})


@pytest.mark.parametrize(
    ("changed", "asked_again"),
    [
        (another_engine, {*ENGINE_STAGES}),
        (another_body, {*ENGINE_STAGES}),
        (another_summary, {"summary"}),
        (no_tags, {"tags"}),
        (another_tag_definition, {"tags"}),
        (another_agent_definition, {"agents"}),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_only_stages_whose_inputs_changed_run_again(
    world: World,
    engine: SteadyEngine,
    changed: Callable[[World, SteadyEngine], None],
    asked_again: set[str],
) -> None:
    world.refresh(RefreshMode.FULL, 1)
    changed(world, engine)
    engine.asked.clear()

    ended = ends(world.refresh(RefreshMode.FULL, 1))

    assert {stage for stage in ENGINE_STAGES if ended[stage] != UNCHANGED} == asked_again


def test_a_result_that_somebody_took_away_is_found_again(world: World) -> None:
    world.refresh(RefreshMode.SUMMARY_AND_TEXT, 1)
    patch(world, summary="")

    ended = ends(world.refresh(RefreshMode.SUMMARY_AND_TEXT, 1))

    assert ended == {"text": UNCHANGED, "summary": ("done", None), "sentiment": UNCHANGED}
    assert world.ticket(1).values["summary"] == ANSWERS["summary"]


def test_a_manual_tag_that_came_since_is_dropped_again(world: World) -> None:
    load(world.context, {"tags": [{"id": 9, "name": "VIP"}]})
    world.refresh(RefreshMode.TAGS, 1)
    patch(world, addTagIds=[9])

    world.refresh(RefreshMode.TAGS, 1)

    assert list(world.ticket(1).tags) == [5]


def test_what_a_person_changed_while_the_engine_thought_lets_no_result_stand(
    world: World, engine: SteadyEngine
) -> None:
    def summary_while_the_body_changes(_: object) -> str:
        patch(world, body="Etwas anderes")
        return "Kunde meldet einen Zählerstand."

    engine.answers["summary"] = summary_while_the_body_changes
    world.refresh(RefreshMode.SUMMARY_AND_TEXT, 1)
    assert world.rows(StageResultRow) == []
    engine.answers["summary"] = "Etwas anderes."

    ended = ends(world.refresh(RefreshMode.SUMMARY_AND_TEXT, 1))

    assert ended["summary"] == ("done", None)


def test_a_stage_that_failed_is_tried_again(world: World, engine: SteadyEngine) -> None:
    engine.answers["sentiment"] = KeyError("broken")
    world.refresh(RefreshMode.SUMMARY_AND_TEXT, 1)
    engine.answers["sentiment"] = Sentiment.NEGATIVE

    ended = ends(world.refresh(RefreshMode.SUMMARY_AND_TEXT, 1))

    assert ended == {"text": UNCHANGED, "summary": UNCHANGED, "sentiment": ("done", None)}


def test_rules_alone_are_never_skipped(world: World) -> None:
    world.refresh(RefreshMode.TAGS_RULE_BASED, 1)

    ended = ends(world.refresh(RefreshMode.TAGS_RULE_BASED, 1))

    assert ended == {"tags": ("unchanged", None)}
