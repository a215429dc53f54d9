"""Why a refresh that a batch asked for is as it is, in sentences, on both databases."""

from __future__ import annotations

from typing import Any

import pytest

from tests.worker.operations.conftest import Add, World
from tests.worker.operations.engines import FULL, ScriptedEngine
from worker.ai.protocol import Message
from worker.domain.failures import Permanent, Transient
from worker.domain.words import ActorType, RefreshMode, RunState, StageState
from worker.operations.dead import drop_dead
from worker.operations.explanation.explain import explain
from worker.operations.explanation.refreshes import MERGED, REASONS, RUNS, STAGES
from worker.operations.explanation.wording import _ACTORS
from worker.operations.refresh.reasons import Reason
from worker.operations.rerun import rerun
from worker.storage.runs import COVERED, SAME, claim_runs
from worker.storage.tables import DeadLetterRow, RefreshRunRow


@pytest.fixture
def engine(world: World) -> ScriptedEngine:
    engine = ScriptedEngine(dict(FULL))
    world.with_engine(engine)
    return engine


def ask(world: World, mode: str, ticket_id: int = 1) -> str:
    """A batch that asks for a refresh; its id."""
    return str(world.patch({"id": ticket_id, "refreshMode": mode})["batchId"])


def run_all(world: World) -> None:
    """What workers do with everything that was sent to them."""
    messages = [message for message in world.sent if "run_ids" in message.arguments]
    world.sent.clear()
    for message in messages:
        world.run(message)


def only_run(world: World, batch_id: str) -> dict[str, Any]:
    run: dict[str, Any]
    (run,) = explain(world.context, batch_id, 1)["refreshes"]
    return run


def why(world: World, batch_id: str) -> list[str]:
    sentences: list[str] = only_run(world, batch_id)["why"]
    return sentences


def test_every_state_of_a_run_has_its_sentence() -> None:
    assert RUNS.keys() == {*RunState}


def test_every_state_of_a_stage_has_its_sentence() -> None:
    assert STAGES.keys() == {*StageState}


def test_every_reason_of_runs_and_stages_has_its_words() -> None:
    assert REASONS.keys() == {*Reason}


def test_every_reason_of_a_merge_has_its_words() -> None:
    assert MERGED.keys() == {SAME, COVERED}


def test_every_kind_of_author_has_a_name() -> None:
    assert _ACTORS.keys() == {*ActorType}


def test_a_run_that_waits_says_so(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    run = only_run(world, ask(world, "tags"))

    assert list(run) == ["runId", "mode", "state", "reason", "mergedInto", "stages", "why"]
    assert (run["mode"], run["state"], run["why"]) == ("tags", "waiting", ["It waits for a worker."])


def test_a_run_that_waits_behind_another_of_its_ticket_names_it(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    first = only_run(world, ask(world, "customer"))["runId"]
    with world.context.database.write() as connection:
        claim_runs(connection, [first], now=world.now, lease_until=world.now + world.context.settings.lease)

    assert why(world, ask(world, "tags"))[1] == (
        f"Run {first} of the same ticket goes first; runs of a ticket follow one another."
    )


def test_a_run_merged_into_one_of_its_mode_tells_how_that_one_ended(
    world: World, add_tickets: Add, engine: ScriptedEngine
) -> None:
    add_tickets(1)
    first, second = ask(world, "summaryAndText"), ask(world, "summaryAndText")
    into = only_run(world, first)["runId"]
    assert why(world, second) == [
        f"It was merged into run {into}, because one of the same mode waited already.",
        f"That run of batch {first}, mode summaryAndText, is waiting.",
        "It waits for a worker.",
    ]

    run_all(world)

    assert only_run(world, second)["mergedInto"] == into
    assert why(world, second)[1:] == [
        f"That run of batch {first}, mode summaryAndText, is done.",
        "It ended at 2026-11-23 12:00:00.",
        "Wrote something: text, summary and sentiment.",
    ]
    assert engine.methods == ["text", "summary", "sentiment"]


def test_a_run_covered_by_a_full_one_that_was_covered_itself_tells_the_whole_way(
    world: World, add_tickets: Add
) -> None:
    add_tickets(1)
    first, second = ask(world, "tags"), ask(world, "tags")
    middle = only_run(world, first)["runId"]
    rerun(world.context, mode="full", where={})
    full = next(run["id"] for run in world.rows(RefreshRunRow) if run["mode"] == "full")

    assert why(world, second) == [
        f"It was merged into run {middle}, because one of the same mode waited already.",
        f"That run of batch {first}, mode tags, is merged.",
        f"It was merged into run {full}, because a full refresh covers this mode.",
        "That run, mode full, is waiting.",
        "It waits for a worker.",
    ]


def test_a_skipped_run_tells_the_reason(world: World, add_tickets: Add) -> None:
    add_tickets(1, customer_legitimation=30)
    batch_id = ask(world, "customer")
    run_all(world)

    assert why(world, batch_id) == ["It was skipped, because a person had confirmed the customer."]


def test_stages_are_told_by_how_they_ended(world: World, add_tickets: Add, engine: ScriptedEngine) -> None:
    engine.answers["sentiment"] = None
    add_tickets(1, summary="Der Kunde zieht um.")
    batch_id = ask(world, "summaryAndText")
    run_all(world)

    assert why(world, batch_id) == [
        "It ended at 2026-11-23 12:00:00.",
        "Wrote something: text.",
        "Found what the ticket had already: summary.",
        "Left out: sentiment, because the engine came to no decision.",
    ]


def test_a_superseded_stage_tells_who_changed_what_meanwhile(
    world: World, add_tickets: Add, engine: ScriptedEngine
) -> None:
    add_tickets(1)
    meanwhile: list[str] = []

    def think(_: Message) -> str:
        meanwhile.append(world.patch({"id": 1, "summary": "Von Hand"}, user_id=7)["batchId"])
        return "Der Kunde zieht um."

    engine.answers["summary"] = think
    before = world.patch({"id": 1, "summary": "Alt"}, user_id=8)["batchId"]
    batch_id = ask(world, "summaryAndText")
    run_all(world)
    world.pass_time(minutes=5)
    world.patch({"id": 1, "summary": "Viel später"}, user_id=9)

    told = why(world, batch_id)

    assert "Not written: summary, because a person changed it after the run had begun." in told
    assert told[-1] == f"Meanwhile user 7 in batch {meanwhile[0]} changed summary, at 2026-11-23 12:00:00."
    assert before not in str(told)


def test_a_failed_run_tells_its_reason_and_its_dead_letter(
    world: World, add_tickets: Add, engine: ScriptedEngine
) -> None:
    engine.answers["summary"] = Permanent("model_refused")
    add_tickets(1)
    batch_id = ask(world, "summaryAndText")
    run_all(world)
    (letter,) = world.rows(DeadLetterRow)

    assert why(world, batch_id) == [
        "It failed, because of model_refused.",
        "Wrote something: text and sentiment.",
        "Failed: summary, because of model_refused.",
        f"Dead letter {letter['id']} can be tried again.",
    ]

    drop_dead(world.context)
    assert why(world, batch_id)[-1] == "Its dead letter is gone: somebody has tried it again or dropped it."


def test_an_engine_s_own_mistake_is_told_without_its_words(
    world: World, add_tickets: Add, engine: ScriptedEngine
) -> None:
    engine.answers["summary"] = ValueError("IBAN DE89370400440532013000")
    add_tickets(1)
    batch_id = ask(world, "summaryAndText")
    run_all(world)

    assert why(world, batch_id)[0] == "It failed, because the engine made a mistake on this ticket."
    assert "DE89" not in str(explain(world.context, batch_id, 1))


def test_a_run_that_is_tried_again_tells_why_and_when(world: World, add_tickets: Add, engine: ScriptedEngine) -> None:
    engine.answers["text"] = Transient("model_busy")
    add_tickets(1)
    batch_id = ask(world, "summaryAndText")
    run_all(world)
    wait = world.context.settings.retry_delays[0]

    assert why(world, batch_id) == [
        "It is under way, attempt 1.",
        f"That attempt failed, because of model_busy; tried again at {world.now + wait:%Y-%m-%d %H:%M:%S}.",
    ]


def test_runs_that_others_asked_for_are_not_told_of(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    batch_id = world.patch({"id": 1, "status": "closed"})["batchId"]
    world.request(RefreshMode.TAGS, 1)

    assert explain(world.context, batch_id, 1)["refreshes"] == []
