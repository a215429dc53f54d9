"""What becomes of a refresh that fails: tried again, recorded, never passed off as a success (contract section 4)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from billiard.exceptions import SoftTimeLimitExceeded
from structlog.testing import capture_logs

from tests.worker.operations.conftest import Add, World
from tests.worker.operations.engines import FULL, ScriptedEngine, reasons, stages
from worker.ai.protocol import Message
from worker.domain.failures import Permanent, Transient
from worker.domain.words import RefreshMode
from worker.operations.load import load
from worker.operations.publish import publish
from worker.storage.tables import DeadLetterRow, HistoryRow, OutboxRow, RefreshRunRow

DELAYS = (timedelta(seconds=5), timedelta(seconds=30))
SECRET = "IBAN DE89370400440532013000"


@pytest.fixture
def engine(world: World) -> ScriptedEngine:
    engine = ScriptedEngine(dict(FULL))
    world.with_engine(engine)
    world.with_settings(retry_delays=DELAYS)
    return engine


class Killed(BaseException):
    """Ends an operation where it stands, as a lost process does."""


def kill(_: Message) -> None:
    raise Killed


def run_of(world: World, ticket_id: int = 1) -> dict[str, Any]:
    return next(run for run in world.rows(RefreshRunRow) if run["ticket_id"] == ticket_id)


def test_a_passing_failure_is_tried_again_with_growing_delays(
    world: World, add_tickets: Add, engine: ScriptedEngine
) -> None:
    engine.answers["summary"] = Transient("model_busy")
    add_tickets(1)
    (message,) = world.request(RefreshMode.SUMMARY_AND_TEXT, 1)

    for delay in DELAYS:
        assert world.run(message) == {}
        run = run_of(world)
        assert (run["state"], run["reason"], run["lease_until"] - world.now) == ("running", "model_busy", delay)
        assert [row["due_at"] - world.now for row in world.rows(OutboxRow)] == [delay]
        assert world.ticket(1).version == 0
        world.now += delay
    engine.answers["summary"] = "Der Kunde zieht um."

    assert world.run(message) == {"done": 1}
    assert (run_of(world)["attempt"], run_of(world)["crashes"], run_of(world)["reason"]) == (3, 0, None)
    assert world.rows(DeadLetterRow) == world.rows(OutboxRow) == []


def test_the_delays_are_jittered(world: World, add_tickets: Add, engine: ScriptedEngine) -> None:
    engine.answers["summary"] = Transient("model_busy")
    world.context = replace(world.context, jitter=lambda: 0.8)
    add_tickets(1)

    run = world.refresh(RefreshMode.SUMMARY_AND_TEXT, 1)

    assert DELAYS[0] < run["lease_until"] - world.now < DELAYS[1]


def test_a_provider_that_asks_for_patience_gets_it(world: World, add_tickets: Add, engine: ScriptedEngine) -> None:
    engine.answers["summary"] = Transient("rate_limited", retry_after=90)
    add_tickets(1)

    run = world.refresh(RefreshMode.SUMMARY_AND_TEXT, 1)

    assert run["lease_until"] - world.now == timedelta(seconds=90)


def test_it_is_not_tried_before_its_time(world: World, add_tickets: Add, engine: ScriptedEngine) -> None:
    engine.answers["summary"] = Transient("model_busy")
    add_tickets(1)
    (message,) = world.request(RefreshMode.SUMMARY_AND_TEXT, 1)
    world.run(message)
    engine.asked.clear()
    world.pass_time(seconds=4)

    assert world.run(message) == {}
    assert engine.asked == []


def test_when_the_delays_are_used_up_it_failed_and_is_a_dead_letter(
    world: World, add_tickets: Add, engine: ScriptedEngine
) -> None:
    engine.answers["summary"] = Transient("model_busy")
    add_tickets(1)
    (message,) = world.request(RefreshMode.SUMMARY_AND_TEXT, 1, batch_id="batch-1")
    for _ in DELAYS:
        world.run(message)
        world.pass_time(minutes=5)

    assert world.run(message) == {"failed": 1}

    run = run_of(world)
    assert (run["state"], run["reason"], run["finished_at"]) == ("failed", "model_busy", world.now)
    assert stages(run) == [("text", "done"), ("summary", "failed"), ("sentiment", "skipped")]
    assert reasons(run)["sentiment"] == "model_busy"
    assert world.ticket(1).values["bodyClean"] == "Ich ziehe um."
    (letter,) = world.rows(DeadLetterRow)
    assert (letter["kind"], letter["reason"], letter["subject"]) == ("run", "model_busy", run["id"])
    assert letter["detail"] == {"ticketId": 1, "mode": "summaryAndText", "batchId": "batch-1"}
    assert world.rows(OutboxRow) == []


def test_one_ticket_s_passing_failure_holds_up_no_other(world: World, add_tickets: Add, engine: ScriptedEngine) -> None:
    def think(message: Message) -> str:
        if message.body == "schwer":
            raise Transient("model_busy")
        return "Kurz"

    engine.answers["summary"] = think
    add_tickets(1, body="schwer")
    add_tickets(2)
    (message,) = world.request(RefreshMode.SUMMARY_AND_TEXT, 1, 2)

    assert world.run(message) == {"done": 1}
    assert (run_of(world, 1)["state"], run_of(world, 2)["state"]) == ("running", "done")


def test_a_lasting_failure_fails_the_run_and_lets_the_other_stages_write(
    world: World, add_tickets: Add, engine: ScriptedEngine
) -> None:
    engine.answers["summary"] = Permanent("refused_by_provider")
    add_tickets(1)

    run = world.refresh(RefreshMode.SUMMARY_AND_TEXT, 1)

    assert (run["state"], run["reason"], run["attempt"]) == ("failed", "refused_by_provider", 1)
    assert stages(run) == [("text", "done"), ("summary", "failed"), ("sentiment", "done")]
    assert reasons(run)["summary"] == "refused_by_provider"
    assert {row["field"] for row in world.rows(HistoryRow)} == {"bodyPlain", "bodyClean", "sentiment"}
    assert [letter["reason"] for letter in world.rows(DeadLetterRow)] == ["refused_by_provider"]
    assert world.rows(OutboxRow) == []


@pytest.mark.parametrize("method", ["language", "clues", "tags", "agents"])
def test_a_failure_of_any_stage_leaves_the_others_alone(
    world: World, add_tickets: Add, add_tags: Callable[..., None], engine: ScriptedEngine, method: str
) -> None:
    load(world.context, {"aiAgents": [{"id": 1, "code": "move", "name": "Umzug"}]})
    add_tags(t1={"detectionDetails": {"type": "aiDetection"}})
    engine.answers[method] = Permanent("refused_by_provider")
    add_tickets(1)

    run = world.refresh(RefreshMode.FULL, 1)

    failed = [stage for stage, state in stages(run) if state == "failed"]
    assert (run["state"], failed) == ("failed", [{"clues": "customer"}.get(method, method)])
    assert world.ticket(1).values["summary"] == "Der Kunde zieht um."


def test_a_bug_of_the_engine_is_recorded_without_the_customer_s_words(
    world: World, add_tickets: Add, engine: ScriptedEngine
) -> None:
    engine.answers["summary"] = ValueError(f"cannot read {SECRET}")
    add_tickets(1, body=SECRET, sender="geheim@example.com")

    with capture_logs() as lines:
        run = world.refresh(RefreshMode.SUMMARY_AND_TEXT, 1)

    assert (run["state"], run["reason"]) == ("failed", "engine_error")
    (line,) = [line for line in lines if line["event"] == "stage_failed"]
    assert line == {
        "event": "stage_failed",
        "log_level": "warning",
        "stage": "summary",
        "run_id": run["id"],
        "error": "ValueError",
    }
    told = f"{lines} {run} {world.rows(DeadLetterRow)}"
    assert "DE89" not in told
    assert "geheim" not in told


def test_a_crash_writes_nothing_and_the_run_is_taken_over_after_its_lease(
    world: World, add_tickets: Add, engine: ScriptedEngine
) -> None:
    engine.answers["summary"] = kill
    add_tickets(1)
    (message,) = world.request(RefreshMode.SUMMARY_AND_TEXT, 1)
    with pytest.raises(Killed):
        world.run(message)
    engine.answers["summary"] = "Der Kunde zieht um."
    assert world.ticket(1).version == 0

    assert world.run(message) == {}
    assert [row["due_at"] for row in world.rows(OutboxRow)] == [world.now + world.context.settings.lease]

    world.now += world.context.settings.lease
    assert publish(world.context) == 1
    assert world.run(world.sent[-1]) == {"done": 1}
    assert (run_of(world)["attempt"], run_of(world)["crashes"]) == (2, 1)


def test_a_run_that_takes_its_process_down_takes_the_others_along_once(
    world: World, add_tickets: Add, engine: ScriptedEngine
) -> None:
    engine.answers["text"] = lambda message: kill(message) if message.body == "tödlich" else FULL["text"]
    add_tickets(1, 3)
    add_tickets(2, body="tödlich")
    (message,) = world.request(RefreshMode.SUMMARY_AND_TEXT, 1, 2, 3)

    for _ in range(4):
        with suppress(Killed):
            world.run(message)
        world.now += world.context.settings.lease

    states = [run_of(world, ticket_id)["state"] for ticket_id in (1, 2, 3)]
    assert states == ["done", "failed", "done"]
    assert [run_of(world, ticket_id)["crashes"] for ticket_id in (1, 2, 3)] == [1, 3, 1]
    assert world.rows(OutboxRow) == []


def test_a_run_that_takes_its_process_down_too_often_is_given_up(
    world: World, add_tickets: Add, engine: ScriptedEngine
) -> None:
    engine.answers["text"] = kill
    add_tickets(1)
    (message,) = world.request(RefreshMode.SUMMARY_AND_TEXT, 1)
    for _ in range(world.context.settings.max_attempts):
        with pytest.raises(Killed):
            world.run(message)
        world.now += world.context.settings.lease
    engine.asked.clear()

    assert world.run(message) == {"failed": 1}

    run = run_of(world)
    assert (run["reason"], run["attempt"], run["crashes"]) == ("worker_lost", 4, 3)
    assert engine.asked == []
    assert [(letter["kind"], letter["reason"]) for letter in world.rows(DeadLetterRow)] == [("run", "worker_lost")]
    assert world.ticket(1).version == 0


def test_a_task_out_of_time_leaves_its_runs_to_their_lease(
    world: World, add_tickets: Add, engine: ScriptedEngine
) -> None:
    engine.answers["summary"] = SoftTimeLimitExceeded()
    add_tickets(1)
    (message,) = world.request(RefreshMode.SUMMARY_AND_TEXT, 1)

    with pytest.raises(SoftTimeLimitExceeded):
        world.run(message)

    assert run_of(world)["state"] == "running"
    assert world.rows(DeadLetterRow) == []
