"""What each mode of a refresh does, on both databases (the table of contract section 4)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.worker.operations.conftest import Add, World
from tests.worker.operations.engines import FULL, ScriptedEngine, reasons, stages
from worker.ai.protocol import Clues, Finding, Language, SpamVerdict, Text
from worker.domain.words import RefreshMode, Sentiment, SpamStatus
from worker.operations.load import load
from worker.storage.tables import EventRow, HistoryRow, IntentRow, OutboxRow, RefreshRunRow, WorklogRow

DIRECTORY: dict[str, Any] = {
    "customers": [
        {
            "id": "100",
            "firstname": "Tom",
            "lastname": "Mustermann",
            "email": "kunde@example.com",
            "contracts": [{"id": "1000", "status": "active"}],
        }
    ],
    "aiAgents": [{"id": 1, "code": "move", "name": "Umzug"}],
    "tags": [
        {"id": 1, "name": "Umzug", "detectionDetails": {"type": "aiDetection"}},
        {"id": 2, "name": "Mail", "detectionDetails": {"type": "conditionDetection"}, "channels": ["email"]},
        {"id": 3, "name": "Hand"},
    ],
}
FINDING = Finding(1, 0.9, {"date": "2026-12-01"})
ANSWERS: dict[str, Any] = FULL | {
    "spam": SpamVerdict(SpamStatus.AUTO_CLEAN, "text"),
    "tags": [1],
    "agents": [FINDING],
}


@pytest.fixture
def engine(world: World) -> ScriptedEngine:
    load(world.context, DIRECTORY)
    engine = ScriptedEngine(dict(ANSWERS))
    world.with_engine(engine)
    return engine


def changed(world: World) -> list[str]:
    return [row["field"] for row in world.rows(HistoryRow)]


def test_full_runs_every_stage_in_order(world: World, add_tickets: Add, engine: ScriptedEngine) -> None:
    add_tickets(1)

    run = world.refresh(RefreshMode.FULL, 1)

    assert engine.methods == ["language", "text", "summary", "sentiment", "spam", "clues", "tags", "agents"]
    names = ["language", "text", "summary", "sentiment", "spam", "customer", "tags", "agents"]
    assert stages(run) == [(name, "done") for name in names]
    assert (run["state"], run["reason"]) == ("done", None)
    assert run["finished_at"] == world.now


def test_full_writes_what_every_stage_found(world: World, add_tickets: Add, engine: ScriptedEngine) -> None:
    add_tickets(1)

    world.refresh(RefreshMode.FULL, 1)

    values = world.ticket(1).values
    found: dict[str, object] = {
        "language": "German",
        "languageCode": "de",
        "bodyPlain": "Ich ziehe um.\nTom Mustermann",
        "bodyClean": "Ich ziehe um.",
        "summary": "Der Kunde zieht um.",
        "sentiment": "neutral",
        "spamStatus": "auto_clean",
        "customerId": "100",
        "contractId": "1000",
        "customerLegitimation": 20,
        "customerLegitimationMessage": None,
        "customerEvidence": ["last_name", "sender_matches"],
        "modifiedAt": world.now,
    }
    assert {name: values[name] for name in found} == found
    assert world.ticket(1).tags == {1: "ai", 2: "rule"}
    assert [intent["contract_id"] for intent in world.rows(IntentRow)] == ["1000"]
    assert engine.contract is not None
    assert engine.contract.id == "1000"


def test_later_stages_read_what_earlier_ones_found(world: World, add_tickets: Add, engine: ScriptedEngine) -> None:
    add_tickets(1, body="<p>Ich ziehe um.</p>")

    world.refresh(RefreshMode.FULL, 1)

    asked = dict(engine.asked)
    assert (asked["language"].text, asked["language"].language_code) == ("<p>Ich ziehe um.</p>", None)
    assert (asked["summary"].text, asked["summary"].language_code) == ("Ich ziehe um.", "de")
    assert engine.contract is not None


def test_full_stops_after_a_spam_verdict(world: World, add_tickets: Add, engine: ScriptedEngine) -> None:
    engine.answers["spam"] = SpamVerdict(SpamStatus.AUTO_SPAM, "header")
    add_tickets(1)

    run = world.refresh(RefreshMode.FULL, 1)

    assert engine.methods == ["language", "text", "summary", "sentiment", "spam"]
    assert stages(run)[4:] == [("spam", "done"), ("customer", "skipped"), ("tags", "skipped"), ("agents", "skipped")]
    assert reasons(run)["tags"] == "spam"
    assert run["state"] == "done"
    assert world.ticket(1).values["spamStatus"] == "auto_spam"
    assert world.ticket(1).values["summary"] == "Der Kunde zieht um."
    assert world.ticket(1).values["customerId"] is None
    assert (world.ticket(1).tags, world.rows(IntentRow)) == ({}, [])


@pytest.mark.usefixtures("engine")
def test_full_leaves_manual_tags(world: World, add_tickets: Add) -> None:
    add_tickets(1, tags={3: "manual"})

    world.refresh(RefreshMode.FULL, 1)

    assert world.ticket(1).tags == {1: "ai", 2: "rule", 3: "manual"}


def test_summary_and_text_leaves_everything_else_alone(world: World, add_tickets: Add, engine: ScriptedEngine) -> None:
    add_tickets(1, tags={3: "manual"})

    run = world.refresh(RefreshMode.SUMMARY_AND_TEXT, 1)

    assert engine.methods == ["text", "summary", "sentiment"]
    assert stages(run) == [("text", "done"), ("summary", "done"), ("sentiment", "done")]
    assert sorted(changed(world)) == ["bodyClean", "bodyPlain", "sentiment", "summary"]


def test_customer_runs_agents_for_another_customer(world: World, add_tickets: Add, engine: ScriptedEngine) -> None:
    add_tickets(1, customer_id="77")

    run = world.refresh(RefreshMode.CUSTOMER, 1)

    assert engine.methods == ["clues", "agents"]
    assert stages(run) == [("customer", "done"), ("agents", "done")]
    assert sorted(changed(world)) == ["contractId", "customerId", "customerLegitimation", "intents"]


def test_customer_leaves_agents_out_for_the_same_customer(
    world: World, add_tickets: Add, engine: ScriptedEngine
) -> None:
    add_tickets(1, customer_id="100", contract_id="1000", customer_legitimation=0)

    run = world.refresh(RefreshMode.CUSTOMER, 1)

    assert engine.methods == ["clues"]
    assert stages(run) == [("customer", "done"), ("agents", "skipped")]
    assert reasons(run)["agents"] == "no_new_customer"
    assert changed(world) == ["customerLegitimation"]


def test_agents_runs_agents_alone(world: World, add_tickets: Add, engine: ScriptedEngine) -> None:
    add_tickets(1)

    run = world.refresh(RefreshMode.AGENTS, 1)

    assert engine.methods == ["agents"]
    assert stages(run) == [("agents", "done")]
    assert changed(world) == ["intents"]


def test_tags_asks_for_tags_alone(world: World, add_tickets: Add, engine: ScriptedEngine) -> None:
    add_tickets(1)

    run = world.refresh(RefreshMode.TAGS, 1)

    assert engine.methods == ["tags"]
    assert stages(run) == [("tags", "done")]
    assert changed(world) == ["tagIds"]


def test_rule_based_tags_never_ask_for_the_engine(world: World, add_tickets: Add) -> None:
    load(world.context, DIRECTORY)
    add_tickets(1)

    # The context of this test raises when it is asked for an engine.
    run = world.refresh(RefreshMode.TAGS_RULE_BASED, 1)

    assert (run["state"], stages(run)) == ("done", [("tags", "done")])
    assert world.ticket(1).tags == {2: "rule"}


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("mode", RefreshMode)
def test_a_second_run_finds_nothing_to_write(world: World, add_tickets: Add, mode: RefreshMode) -> None:
    add_tickets(1, body_plain="Ich ziehe um.")
    world.refresh(mode, 1)
    before = (world.ticket(1), world.rows(HistoryRow), world.rows(WorklogRow), world.rows(IntentRow))
    world.pass_time(minutes=5)

    run = world.refresh(mode, 1)

    assert (world.ticket(1), world.rows(HistoryRow), world.rows(WorklogRow), world.rows(IntentRow)) == before
    assert run["state"] == "done"
    assert {state for _, state in stages(run)} <= {"unchanged", "skipped"}


@pytest.mark.usefixtures("engine")
def test_what_ai_writes_is_told_with_run_and_batch(world: World, add_tickets: Add) -> None:
    add_tickets(1)

    run = world.refresh(RefreshMode.SUMMARY_AND_TEXT, 1)

    history = world.rows(HistoryRow)
    assert {(row["actor_type"], row["actor_id"], row["run_id"], row["batch_id"]) for row in history} == {
        ("ai", None, run["id"], "batch-1")
    }
    summary = next(row for row in history if row["field"] == "summary")
    assert (summary["old"], summary["new"], summary["at"]) == ("", "Der Kunde zieht um.", world.now)
    (entry,) = world.rows(WorklogRow)
    assert (entry["action"], entry["automatic"], entry["run_id"], entry["user_id"]) == (
        "written",
        True,
        run["id"],
        None,
    )


@pytest.mark.usefixtures("engine")
def test_a_refresh_fires_no_webhook(world: World, add_tickets: Add) -> None:
    load(
        world.context,
        {
            "webhooks": [
                {"id": "a", "url": "https://example.com/", "secret": "whsec_c2VjcmV0", "events": ["ticketUpdated"]}
            ]
        },
    )
    add_tickets(1)

    world.refresh(RefreshMode.FULL, 1)

    assert world.rows(EventRow) == []


@pytest.mark.usefixtures("engine")
def test_the_message_of_ended_runs_is_forgotten(world: World, add_tickets: Add) -> None:
    add_tickets(1, 2, 3)

    (message,) = world.request(RefreshMode.SUMMARY_AND_TEXT, 1, 2, 3)

    assert world.run(message) == {"done": 3}
    assert [world.ticket(ticket_id).values["summary"] for ticket_id in (1, 2, 3)] == ["Der Kunde zieht um."] * 3
    assert world.rows(OutboxRow) == []


@pytest.mark.parametrize("mode", [RefreshMode.FULL, RefreshMode.SUMMARY_AND_TEXT, RefreshMode.AGENTS])
def test_a_ticket_without_text_asks_the_engine_for_no_reading(
    world: World, add_tickets: Add, engine: ScriptedEngine, mode: RefreshMode
) -> None:
    add_tickets(1, body=None)

    run = world.refresh(mode, 1)

    assert run["state"] == "done"
    assert set(engine.methods) <= {"spam", "clues"}
    assert {reasons(run)[stage] for stage in ("text", "agents") if stage in reasons(run)} == {"no_text"}


def test_a_cleaned_text_alone_is_no_source_for_the_text(world: World, add_tickets: Add, engine: ScriptedEngine) -> None:
    add_tickets(1, body=None, body_clean="Von Hand gekürzt.")

    run = world.refresh(RefreshMode.SUMMARY_AND_TEXT, 1)

    assert (reasons(run)["text"], engine.methods) == ("no_text", ["summary", "sentiment"])
    assert world.ticket(1).values["bodyClean"] == "Von Hand gekürzt."


def test_an_engine_that_finds_nothing_changes_nothing(world: World, add_tickets: Add) -> None:
    world.with_engine(ScriptedEngine({"text": Text("Guten Tag", "Guten Tag")}))
    add_tickets(1, body_plain="Guten Tag", body_clean="Guten Tag", summary="Von Hand", language="English")

    run = world.refresh(RefreshMode.FULL, 1)

    assert reasons(run)["summary"] == reasons(run)["language"] == reasons(run)["spam"] == "undecided"
    assert world.ticket(1).version == 0


def test_headers_and_the_local_day_reach_the_engine(world: World, add_tickets: Add, engine: ScriptedEngine) -> None:
    world.with_settings(time_zone=ZoneInfo("Europe/Berlin"))
    headers = {"Auto-Submitted": "auto-replied", "Received": ["a", "b"]}
    add_tickets(1, created_at=datetime(2026, 11, 22, 23, 30, tzinfo=UTC), raw_data={"headers": headers})

    world.refresh(RefreshMode.FULL, 1)

    asked = dict(engine.asked)["spam"]
    assert asked.headers == {"auto-submitted": ["auto-replied"], "received": ["a", "b"]}
    assert asked.today == date(2026, 11, 23)


def test_runs_of_several_tickets_stay_apart(world: World, add_tickets: Add, engine: ScriptedEngine) -> None:
    add_tickets(1, body="eins")
    add_tickets(2, body="zwei", sender="fremd@example.net")
    engine.answers |= {
        "summary": lambda message: message.body,
        "text": lambda message: Text(message.body, message.body),
        "language": Language("German", "de"),
        "sentiment": Sentiment.NEUTRAL,
        "clues": Clues(),
    }

    (message,) = world.request(RefreshMode.FULL, 1, 2)
    world.run(message)

    assert [world.ticket(ticket_id).values["summary"] for ticket_id in (1, 2)] == ["eins", "zwei"]
    assert [world.ticket(ticket_id).values["customerId"] for ticket_id in (1, 2)] == ["100", None]
    assert len({row["run_id"] for row in world.rows(HistoryRow)}) == 2
    assert {run["state"] for run in world.rows(RefreshRunRow)} == {"done"}
