"""Which tags a refresh drops, keeps and finds, and what they bring (contract section 4)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.worker.operations.conftest import Add, World
from tests.worker.operations.engines import ScriptedEngine, stages
from worker.domain.words import RefreshMode
from worker.operations.load import load
from worker.storage.tables import HistoryRow

AddTags = Callable[..., None]
MAIL = {"field": "channel", "operator": "Equal", "value": "email"}
CHAT = {"field": "channel", "operator": "Equal", "value": "chat"}
DROPPING = [RefreshMode.TAGS, RefreshMode.TAGS_RULE_BASED]


def detected(kind: str, condition: object = None, **more: object) -> dict[str, object]:
    return {"detectionDetails": {"type": kind, "condition": condition}, **more}


@pytest.fixture(autouse=True)
def engine(world: World) -> ScriptedEngine:
    engine = ScriptedEngine()
    world.with_engine(engine)
    return engine


def told(world: World, field: str = "tagIds") -> list[tuple[Any, Any]]:
    return [(row["old"], row["new"]) for row in world.rows(HistoryRow) if row["field"] == field]


@pytest.mark.parametrize("mode", DROPPING)
def test_manual_tags_are_dropped_automatic_ones_kept_and_history_tells_it(
    world: World, add_tickets: Add, add_tags: AddTags, mode: RefreshMode
) -> None:
    add_tags(1, 2, 3)
    add_tickets(1, tags={1: "manual", 2: "rule", 3: "ai"})

    world.refresh(mode, 1)

    assert world.ticket(1).tags == {2: "rule", 3: "ai"}
    assert told(world) == [([1, 2, 3], [2, 3])]


@pytest.mark.parametrize("mode", DROPPING)
def test_a_dropped_tag_comes_back_when_it_is_found(
    world: World, add_tickets: Add, add_tags: AddTags, mode: RefreshMode
) -> None:
    add_tags(t1=detected("conditionDetection", MAIL))
    add_tickets(1, tags={1: "manual"})

    world.refresh(mode, 1)

    assert world.ticket(1).tags == {1: "rule"}


def test_rules_and_the_engine_find_what_their_types_allow(
    world: World, add_tickets: Add, add_tags: AddTags, engine: ScriptedEngine
) -> None:
    add_tags(
        1,
        t2=detected("aiDetection"),
        t3=detected("conditionDetection", MAIL),
        t4=detected("aiAndConditionDetection", MAIL),
        t5=detected("aiAndConditionDetection", CHAT),
        t6=detected("aiOrConditionDetection", MAIL),
        t7=detected("aiOrConditionDetection", CHAT),
        t8=detected("aiDetection", visibility="disabled"),
        t9=detected("aiDetection", channels=["chat"]),
    )
    engine.answers["tags"] = [2, 4, 7]
    add_tickets(1, 2)

    world.refresh(RefreshMode.TAGS, 1)
    world.refresh(RefreshMode.TAGS_RULE_BASED, 2)

    assert engine.candidates["tags"] == [2, 4, 6, 7]
    assert world.ticket(1).tags == {2: "ai", 3: "rule", 4: "ai", 6: "rule", 7: "ai"}
    assert world.ticket(2).tags == {3: "rule", 6: "rule"}


@pytest.mark.parametrize("mode", [*DROPPING, RefreshMode.FULL])
def test_a_ticket_left_without_tags_gets_the_default_one(
    world: World, add_tickets: Add, add_tags: AddTags, mode: RefreshMode
) -> None:
    add_tags(t9={"properties": ["defaultSkill"]})
    add_tickets(1)

    world.refresh(mode, 1)

    assert world.ticket(1).tags == {9: "default"}
    assert told(world) == [([], [9])]


@pytest.mark.parametrize("mode", [*DROPPING, RefreshMode.FULL])
def test_the_default_tag_goes_when_another_comes(
    world: World, add_tickets: Add, add_tags: AddTags, mode: RefreshMode
) -> None:
    add_tags(t1=detected("conditionDetection", MAIL), t9={"properties": ["defaultSkill"]})
    add_tickets(1, tags={9: "default"})

    world.refresh(mode, 1)

    assert world.ticket(1).tags == {1: "rule"}


def test_the_highest_priority_of_the_tags_becomes_the_ticket_s(
    world: World, add_tickets: Add, add_tags: AddTags
) -> None:
    add_tags(
        t1=detected("conditionDetection", MAIL, priority="high"),
        t2=detected("conditionDetection", MAIL, priority="low"),
        t3=detected("conditionDetection", MAIL, priority="do-not-change"),
    )
    add_tickets(1)

    world.refresh(RefreshMode.TAGS_RULE_BASED, 1)

    assert world.ticket(1).values["priority"] == "high"
    assert told(world, "priority") == [("medium", "high")]


def test_a_tag_may_lower_the_priority(world: World, add_tickets: Add, add_tags: AddTags) -> None:
    add_tags(t1=detected("conditionDetection", MAIL, priority="low"))
    add_tickets(1, priority="urgent")

    world.refresh(RefreshMode.TAGS_RULE_BASED, 1)

    assert world.ticket(1).values["priority"] == "low"


def test_a_new_tag_does_not_lower_what_a_standing_one_asks_for(
    world: World, add_tickets: Add, add_tags: AddTags
) -> None:
    add_tags(t1={"priority": "urgent", "sla": 1}, t2=detected("conditionDetection", MAIL, priority="low", sla=9))
    add_tickets(1, tags={1: "ai"}, created_at=datetime(2026, 11, 23, 9, tzinfo=UTC))

    world.refresh(RefreshMode.TAGS_RULE_BASED, 1)

    assert world.ticket(1).values["priority"] == "urgent"
    assert world.ticket(1).values["dueBy"] == datetime(2026, 11, 23, 10, tzinfo=UTC)


def test_without_a_new_tag_a_person_s_priority_stays(world: World, add_tickets: Add, add_tags: AddTags) -> None:
    add_tags(t1=detected("conditionDetection", MAIL, priority="urgent"))
    add_tickets(1, tags={1: "rule"}, priority="low")

    run = world.refresh(RefreshMode.TAGS_RULE_BASED, 1)

    assert stages(run) == [("tags", "unchanged")]
    assert world.ticket(1).values["priority"] == "low"


def test_the_shortest_sla_sets_the_due_date_in_business_hours(
    world: World, add_tickets: Add, add_tags: AddTags
) -> None:
    add_tags(
        t1=detected("conditionDetection", MAIL, sla=12),
        t2=detected("conditionDetection", MAIL, sla=4),
    )
    add_tickets(1, created_at=datetime(2026, 11, 20, 16, tzinfo=UTC))  # a Friday

    world.refresh(RefreshMode.TAGS_RULE_BASED, 1)

    values = world.ticket(1).values
    assert values["dueBy"] == datetime(2026, 11, 23, 10, tzinfo=UTC)
    assert values["dueByManual"] is False
    assert told(world, "dueBy") == [(None, "2026-11-23T10:00:00Z")]


def test_a_due_date_that_a_person_set_stays(world: World, add_tickets: Add, add_tags: AddTags) -> None:
    add_tags(t1=detected("conditionDetection", MAIL, sla=4))
    add_tickets(1)
    world.patch({"id": 1, "dueBy": "2026-12-24 10:00:00"})

    world.refresh(RefreshMode.TAGS_RULE_BASED, 1)

    assert world.ticket(1).tags == {1: "rule"}
    assert world.ticket(1).values["dueBy"] == datetime(2026, 12, 24, 10, tzinfo=UTC)


def test_conditions_ask_about_the_stored_customer(world: World, add_tickets: Add, add_tags: AddTags) -> None:

    load(world.context, {"customers": [{"id": "100", "firstname": "Tom", "contracts": [{"id": "1", "energy": "gas"}]}]})
    add_tags(
        t1=detected("conditionDetection", {"field": "customer.firstname", "operator": "Equal", "value": "Tom"}),
        t2=detected("conditionDetection", {"field": "contract.energy", "operator": "Equal", "value": "gas"}),
    )
    add_tickets(1, customer_id="100", contract_id="1")
    add_tickets(2, customer_id="100")

    world.refresh(RefreshMode.TAGS_RULE_BASED, 1, 2)

    assert world.ticket(1).tags == {1: "rule", 2: "rule"}
    assert world.ticket(2).tags == {1: "rule"}
