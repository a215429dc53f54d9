"""Spam is left alone by AI, and a person's word about it counts (contract section 3)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.worker.operations.conftest import Add, World
from tests.worker.operations.engines import FULL, ScriptedEngine, reasons, stages
from worker.ai.protocol import Message, SpamVerdict
from worker.domain.words import RefreshMode, SpamStatus
from worker.storage.tables import HistoryRow, OutboxRow, WorklogRow

SPAM = SpamVerdict(SpamStatus.AUTO_SPAM, "header")
CLEAN = SpamVerdict(SpamStatus.AUTO_CLEAN, "text")


@pytest.fixture
def engine(world: World) -> ScriptedEngine:
    engine = ScriptedEngine(dict(FULL))
    world.with_engine(engine)
    return engine


def meanwhile(engine: ScriptedEngine, method: str, do: Callable[[], object]) -> None:
    """Lets something happen, once, while the engine thinks."""
    answer = engine.answers.get(method)
    left = [do]

    def think(_: Message) -> object:
        if left:
            left.pop()()
        return answer

    engine.answers[method] = think


@pytest.mark.parametrize("mode", RefreshMode)
@pytest.mark.parametrize("status", ["manual_spam", "auto_spam", "auto_programmatic"])
def test_a_ticket_marked_after_the_request_is_skipped_at_the_start(
    world: World, add_tickets: Add, engine: ScriptedEngine, mode: RefreshMode, status: str
) -> None:
    add_tickets(1)
    (message,) = world.request(mode, 1)
    world.patch({"id": 1, "spamStatus": status})

    assert world.run(message) == {"skipped": 1}

    assert engine.asked == []
    assert world.ticket(1).version == 1
    assert world.rows(OutboxRow) == []


def test_a_spam_tag_skips_a_run_unless_a_person_said_clean(
    world: World, add_tickets: Add, add_tags: Callable[..., None], engine: ScriptedEngine
) -> None:
    add_tags(5)
    world.with_settings(spam_detection_tag_ids=frozenset({5}))
    add_tickets(1, tags={5: "ai"})
    add_tickets(2, tags={5: "ai"}, spam_status="manual_clean")

    skipped = world.refresh(RefreshMode.SUMMARY_AND_TEXT, 1)
    done = world.refresh(RefreshMode.SUMMARY_AND_TEXT, 2)

    assert (skipped["state"], skipped["reason"], set(reasons(skipped).values())) == ("skipped", "spam", {"spam"})
    assert done["state"] == "done"
    assert engine.methods == ["text", "summary", "sentiment"]


@pytest.mark.parametrize("mark", [{"spamStatus": "manual_spam"}, {"spamStatus": "auto_spam"}, {"addTagIds": [5]}])
def test_nothing_is_written_on_a_ticket_that_became_spam_meanwhile(
    world: World, add_tickets: Add, add_tags: Callable[..., None], engine: ScriptedEngine, mark: dict[str, object]
) -> None:
    add_tags(5)
    world.with_settings(spam_detection_tag_ids=frozenset({5}))
    add_tickets(1)
    meanwhile(engine, "summary", lambda: world.patch({"id": 1} | mark))

    run = world.refresh(RefreshMode.FULL, 1)

    assert (run["state"], run["reason"]) == ("skipped", "spam")
    assert {state for _, state in stages(run)} == {"skipped"}
    assert world.ticket(1).version == 1
    assert {row["actor_type"] for row in world.rows(HistoryRow)} == {"user"}
    assert [row["automatic"] for row in world.rows(WorklogRow)] == [False]


def test_no_verdict_goes_over_a_manual_clean(world: World, add_tickets: Add, engine: ScriptedEngine) -> None:
    engine.answers["spam"] = SPAM
    add_tickets(1, spam_status="manual_clean")

    run = world.refresh(RefreshMode.FULL, 1)

    assert reasons(run)["spam"] == "manual_spam_status_kept"
    assert world.ticket(1).values["spamStatus"] == "manual_clean"
    assert engine.methods[-1] == "clues"


def test_no_verdict_goes_over_a_manual_clean_that_came_meanwhile(
    world: World, add_tickets: Add, engine: ScriptedEngine
) -> None:
    engine.answers["spam"] = CLEAN
    add_tickets(1)
    meanwhile(engine, "sentiment", lambda: world.patch({"id": 1, "spamStatus": "manual_clean"}))

    run = world.refresh(RefreshMode.FULL, 1)

    assert (dict(stages(run))["spam"], reasons(run)["spam"]) == ("superseded", "changed_by_person")
    assert world.ticket(1).values["spamStatus"] == "manual_clean"
    assert world.ticket(1).values["summary"] == "Der Kunde zieht um."


def test_a_run_that_stopped_over_an_overruled_verdict_does_the_rest(
    world: World, add_tickets: Add, engine: ScriptedEngine
) -> None:
    engine.answers["spam"] = SPAM
    meanwhile(engine, "spam", lambda: world.patch({"id": 1, "spamStatus": "manual_clean"}))
    add_tickets(1)

    run = world.refresh(RefreshMode.FULL, 1)

    assert (run["state"], run["attempt"], run["crashes"]) == ("done", 2, 0)
    assert reasons(run)["spam"] == "manual_spam_status_kept"
    assert engine.methods[-1] == "clues"
    assert world.ticket(1).values["spamStatus"] == "manual_clean"
    assert world.ticket(1).values["summary"] == "Der Kunde zieht um."


def test_a_reset_meanwhile_stays_a_reset(world: World, add_tickets: Add, engine: ScriptedEngine) -> None:
    engine.answers["spam"] = CLEAN
    meanwhile(engine, "spam", lambda: world.patch({"id": 1, "spamStatus": None}))
    add_tickets(1, spam_status="manual_clean")

    run = world.refresh(RefreshMode.FULL, 1)

    assert run["state"] == "done"
    assert world.ticket(1).values["spamStatus"] is None


def test_an_automatic_status_may_change(world: World, add_tickets: Add, engine: ScriptedEngine) -> None:
    engine.answers["spam"] = SPAM
    add_tickets(1, spam_status="auto_clean")

    world.refresh(RefreshMode.FULL, 1)

    assert world.ticket(1).values["spamStatus"] == "auto_spam"
