"""What a person changes while a refresh runs goes before what it finds (contract section 4)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from threading import Event
from typing import Any

import pytest

from tests.worker.operations.conftest import Add, World
from tests.worker.operations.engines import FULL, ScriptedEngine, reasons, stages
from worker.ai.protocol import Finding, Language, Message, Text
from worker.domain.failures import Transient
from worker.domain.words import RefreshMode
from worker.operations.load import load
from worker.operations.reopen import reopen_pending
from worker.storage.tables import HistoryRow, RefreshRunRow, WorklogRow

MAIL = {"type": "conditionDetection", "condition": {"field": "channel", "operator": "Equal", "value": "email"}}


@pytest.fixture(autouse=True)
def engine(world: World) -> ScriptedEngine:
    engine = ScriptedEngine(dict(FULL))
    world.with_engine(engine)
    return engine


def meanwhile(world: World, engine: ScriptedEngine, method: str, **patch: object) -> None:
    """Lets a person patch ticket 1 while the engine thinks."""
    answer = engine.answers.get(method, [])

    def think(_: Message) -> object:
        world.patch({"id": 1} | patch)
        return answer

    engine.answers[method] = think


def written_by_ai(world: World) -> set[str]:
    return {row["field"] for row in world.rows(HistoryRow) if row["actor_type"] == "ai"}


def test_a_changed_field_is_left_alone_and_the_others_are_written(
    world: World, add_tickets: Add, engine: ScriptedEngine
) -> None:
    meanwhile(world, engine, "sentiment", summary="Von Hand")
    add_tickets(1)

    run = world.refresh(RefreshMode.SUMMARY_AND_TEXT, 1)

    assert stages(run) == [("text", "done"), ("summary", "superseded"), ("sentiment", "done")]
    assert (run["state"], reasons(run)["summary"]) == ("done", "changed_by_person")
    assert world.ticket(1).values["summary"] == "Von Hand"
    assert written_by_ai(world) == {"bodyPlain", "bodyClean", "sentiment"}


def test_a_stage_writes_those_of_its_fields_that_nobody_changed(
    world: World, add_tickets: Add, engine: ScriptedEngine
) -> None:
    meanwhile(world, engine, "text", bodyClean="Von Hand")
    add_tickets(1)

    run = world.refresh(RefreshMode.SUMMARY_AND_TEXT, 1)

    assert dict(stages(run))["text"] == "superseded"
    values = world.ticket(1).values
    assert (values["bodyClean"], values["bodyPlain"]) == ("Von Hand", "Ich ziehe um.\nTom Mustermann")


def test_a_person_s_equal_value_is_no_change(world: World, add_tickets: Add, engine: ScriptedEngine) -> None:
    meanwhile(world, engine, "summary", summary="Alt")
    add_tickets(1, summary="Alt")

    run = world.refresh(RefreshMode.SUMMARY_AND_TEXT, 1)

    assert dict(stages(run))["summary"] == "done"
    assert world.ticket(1).values["summary"] == "Der Kunde zieht um."


def test_a_change_taken_back_meanwhile_still_is_a_person_s_word(
    world: World, add_tickets: Add, engine: ScriptedEngine
) -> None:
    def think(_: Message) -> str:
        world.patch({"id": 1, "summary": "Neu"})
        world.patch({"id": 1, "summary": "Alt"})
        return "Der Kunde zieht um."

    engine.answers["summary"] = think
    add_tickets(1, summary="Alt")

    world.refresh(RefreshMode.SUMMARY_AND_TEXT, 1)

    assert world.ticket(1).values["summary"] == "Alt"


def test_what_a_person_changed_before_the_run_began_is_refreshed(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    world.patch({"id": 1, "summary": "Von Hand"})

    world.refresh(RefreshMode.SUMMARY_AND_TEXT, 1)

    assert world.ticket(1).values["summary"] == "Der Kunde zieht um."


def test_a_change_between_two_attempts_came_after_the_run_began(
    world: World, add_tickets: Add, engine: ScriptedEngine
) -> None:
    engine.answers["sentiment"] = Transient("model_busy")
    add_tickets(1)
    (message,) = world.request(RefreshMode.SUMMARY_AND_TEXT, 1)
    world.run(message)
    world.patch({"id": 1, "summary": "Von Hand"})
    engine.answers["sentiment"] = None
    world.pass_time(minutes=5)

    assert world.run(message) == {"done": 1}

    assert world.ticket(1).values["summary"] == "Von Hand"
    assert world.ticket(1).values["bodyClean"] == "Ich ziehe um."
    (run,) = world.rows(RefreshRunRow)
    assert dict(stages(run))["summary"] == "superseded"


@pytest.mark.parametrize("operation", [{"addTagIds": [2]}, {"tagIds": [2]}, {"removeTagIds": [3]}])
def test_tags_that_a_person_changed_are_left_alone_with_what_they_would_bring(
    world: World,
    add_tickets: Add,
    add_tags: Callable[..., None],
    engine: ScriptedEngine,
    operation: dict[str, Any],
) -> None:
    add_tags(2, 3, t1={"detectionDetails": {"type": "aiDetection"}, "priority": "urgent", "sla": 4})
    engine.answers["tags"] = [1]
    meanwhile(world, engine, "tags", **operation)
    add_tickets(1, tags={3: "manual"})

    run = world.refresh(RefreshMode.TAGS, 1)

    assert stages(run) == [("tags", "superseded")]
    assert 1 not in world.ticket(1).tags
    values = world.ticket(1).values
    assert (values["priority"], values["dueBy"]) == ("medium", None)
    assert written_by_ai(world) == set()


def test_a_priority_and_a_due_date_that_a_person_chose_are_left_alone_and_the_tags_written(
    world: World, add_tickets: Add, add_tags: Callable[..., None], engine: ScriptedEngine
) -> None:
    add_tags(t1={"detectionDetails": {"type": "aiDetection"}, "priority": "urgent", "sla": 4})
    engine.answers["tags"] = [1]
    meanwhile(world, engine, "tags", priority="low", dueBy="2026-12-24 10:00:00")
    add_tickets(1)

    run = world.refresh(RefreshMode.TAGS, 1)

    assert stages(run) == [("tags", "superseded")]
    values = world.ticket(1).values
    assert (values["priority"], values["dueBy"]) == ("low", datetime(2026, 12, 24, 10, tzinfo=UTC))
    assert world.ticket(1).tags == {1: "ai"}


@pytest.mark.parametrize("patch", [{"customerId": "7"}, {"contractId": "8"}, {"customerLegitimation": 30}])
def test_the_customer_is_left_alone_as_one(
    world: World, add_tickets: Add, engine: ScriptedEngine, patch: dict[str, Any]
) -> None:
    tom = {"id": "100", "email": "kunde@example.com", "contracts": [{"id": "1000"}]}
    load(world.context, {"customers": [tom], "aiAgents": [{"id": 1, "code": "move", "name": "Umzug"}]})
    meanwhile(world, engine, "agents", **patch)
    add_tickets(1)

    run = world.refresh(RefreshMode.CUSTOMER, 1)

    assert stages(run) == [("customer", "superseded"), ("agents", "unchanged")]
    values = world.ticket(1).values
    before = {"customerId": None, "contractId": None, "customerLegitimation": 0, "customerEvidence": None}
    assert {name: values[name] for name in before} == before | patch


def test_an_intent_is_not_bound_to_a_contract_that_was_not_written(
    world: World, add_tickets: Add, engine: ScriptedEngine
) -> None:
    tom = {"id": "100", "email": "kunde@example.com", "contracts": [{"id": "1000"}]}
    load(world.context, {"customers": [tom], "aiAgents": [{"id": 1, "code": "move", "name": "Umzug"}]})
    engine.answers["agents"] = [Finding(1, 0.9, {})]
    meanwhile(world, engine, "agents", customerLegitimation=30)
    add_tickets(1)

    world.refresh(RefreshMode.CUSTOMER, 1)

    (told,) = [row["new"] for row in world.rows(HistoryRow) if row["field"] == "intents"]
    assert told[0]["contractId"] is None


def test_a_language_is_two_fields_of_which_each_counts(world: World, add_tickets: Add, engine: ScriptedEngine) -> None:
    engine.answers = {"language": Language("German", "de"), "text": Text("a", "b")}
    meanwhile(world, engine, "language", languageCode="fr")
    add_tickets(1)

    world.refresh(RefreshMode.FULL, 1)

    values = world.ticket(1).values
    assert (values["language"], values["languageCode"]) == ("German", "fr")


def test_other_fields_of_a_person_survive(world: World, add_tickets: Add, engine: ScriptedEngine) -> None:
    meanwhile(world, engine, "summary", status="closed", subject="Neu", externalTicketId="E-1")
    add_tickets(1, 2)
    (message,) = world.request(RefreshMode.SUMMARY_AND_TEXT, 1, 2)
    engine.answers["text"] = lambda message: Text(message.body, message.body)

    world.run(message)

    values = world.ticket(1).values
    assert (values["status"], values["subject"], values["externalTicketId"]) == ("closed", "Neu", "E-1")
    assert (values["summary"], values["closedAt"]) == ("Der Kunde zieht um.", world.now)


def test_values_equal_to_what_a_person_wrote_meanwhile_write_nothing(
    world: World, add_tickets: Add, engine: ScriptedEngine
) -> None:
    engine.answers = {"text": Text("a", "b"), "summary": "Gleich"}
    meanwhile(world, engine, "summary", summary="Gleich")
    add_tickets(1, body_plain="a", body_clean="b")

    world.refresh(RefreshMode.SUMMARY_AND_TEXT, 1)

    assert world.ticket(1).version == 1
    assert [row["automatic"] for row in world.rows(WorklogRow)] == [False]


def test_the_system_s_own_changes_are_no_person_s(world: World, add_tickets: Add, engine: ScriptedEngine) -> None:
    def think(_: Message) -> str:
        reopen_pending(world.context)
        return "Der Kunde zieht um."

    engine.answers["summary"] = think
    add_tickets(1, status="pending", due_by=world.now)

    run = world.refresh(RefreshMode.SUMMARY_AND_TEXT, 1)

    assert dict(stages(run))["summary"] == "done"
    values = world.ticket(1).values
    assert (values["status"], values["summary"]) == ("open", "Der Kunde zieht um.")


MANY = range(1, 201)


def test_of_200_people_who_change_their_ticket_while_it_is_refreshed_none_loses(
    world: World, add_tickets: Add, engine: ScriptedEngine
) -> None:
    """The changes come one after another from the first thought on; half of them before the write, half around it."""
    add_tickets(*MANY)
    begun, half_done = Event(), Event()
    shuffled = sorted(MANY, key=lambda one: one * 77 % 211)

    def people() -> list[dict[str, Any]]:
        begun.wait()
        answers = []
        for at, ticket_id in enumerate(shuffled):
            answers.append(world.patch({"id": ticket_id, "summary": f"Von Hand {ticket_id}"}))
            if at == len(MANY) // 2:
                half_done.set()
        return answers

    def summary(_: Message) -> str:
        begun.set()
        half_done.wait()
        return "Vom Automaten"

    engine.answers["summary"] = summary
    with ThreadPoolExecutor() as pool:
        patched = pool.submit(people)
        message = world.request(RefreshMode.SUMMARY_AND_TEXT, *MANY)[0]
        world.run(replace(message, arguments={"run_ids": [run["id"] for run in world.rows(RefreshRunRow)]}))
        answers = patched.result()

    assert [answer["counts"]["updated"] for answer in answers] == [1] * len(MANY)
    assert [world.ticket(one).values["summary"] for one in MANY] == [f"Von Hand {one}" for one in MANY]
    assert [run["state"] for run in world.rows(RefreshRunRow)] == ["done"] * len(MANY)
    superseded = sum(reasons(run)["summary"] == "changed_by_person" for run in world.rows(RefreshRunRow))
    assert superseded >= len(MANY) // 2
