"""An automatic action that failed for good is a dead letter, and is carried out again when a person says so."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.worker.operations.conftest import START, Add, World
from tests.worker.operations.plants import ENTER, Killed, Plant, add_intents, fail, listen, told
from worker.domain.actions import ActionResult
from worker.domain.failures import Permanent, Transient
from worker.operations.clean_up import clean_up, count_old
from worker.operations.dead import drop_dead, list_dead, retry_dead
from worker.operations.execution.run import execute_due
from worker.operations.load import load
from worker.storage.tables import EventRow, ExecutionRow, IntentRow

DUE = START - timedelta(minutes=1)
BROKEN = Permanent("meter_unknown")


@pytest.fixture
def letter(world: World, add_tickets: Add, plant: Plant) -> int:
    """The number of the letter of an action that failed; its plug-in works by now."""
    plant.ends = fail(BROKEN)
    add_tickets(1, auto_execute_at=DUE)
    add_intents(world, 1)
    execute_due(world.context)
    plant.ends = lambda _: ActionResult(success=True, message="Entered.")
    return int(list_dead(world.context)[0]["id"])


def intents(world: World) -> list[tuple[str, bool, bool | None]]:
    return [(row["status"], row["open"], (row["outcome"] or {}).get("success")) for row in world.rows(IntentRow)]


@pytest.mark.parametrize(
    ("ends", "reason"),
    [
        (fail(BROKEN), "meter_unknown"),
        (fail(ValueError("Erika Musterfrau")), "action_error"),
        (lambda _: ActionResult(success=False, message="Erika Musterfrau", data={"reason": "Erika"}), "unsuccessful"),
    ],
)
def test_a_failed_action_is_a_dead_letter_without_personal_data(
    world: World, add_tickets: Add, plant: Plant, ends: Callable[..., ActionResult], reason: str
) -> None:
    plant.ends = ends
    add_tickets(1, auto_execute_at=DUE)
    add_intents(world, 1)

    execute_due(world.context)

    (letter,) = list_dead(world.context)
    (intent,) = world.rows(IntentRow)
    assert (letter["kind"], letter["reason"], letter["subject"]) == ("execution", reason, str(intent["id"]))
    assert letter["detail"] == {"ticketId": 1, "agent": "meter", "option": "enter"}
    assert "Erika" not in str(letter)


def test_the_last_retry_and_a_lost_process_leave_a_letter_and_one_that_succeeds_none(
    world: World, add_tickets: Add, plant: Plant
) -> None:
    world.with_settings(retry_delays=(), max_attempts=1)
    plant.ends = fail(Transient("erp_away"))
    add_tickets(1, auto_execute_at=DUE)
    add_intents(world, 1)
    execute_due(world.context)
    plant.ends = fail(Killed())  # type: ignore[arg-type]
    add_tickets(2, auto_execute_at=DUE)
    add_intents(world, 2)
    with pytest.raises(Killed):
        execute_due(world.context)
    world.pass_time(minutes=5)
    plant.ends = lambda _: ActionResult(success=True)
    add_tickets(3, auto_execute_at=DUE)
    add_intents(world, 3)

    execute_due(world.context)

    assert [one["reason"] for one in list_dead(world.context)] == ["worker_lost", "erp_away"]


def test_a_retried_action_runs_once_more_under_the_key_of_before(world: World, plant: Plant, letter: int) -> None:
    assert retry_dead(world.context, [letter]) == {"retried": [letter], "kept": []}
    assert list_dead(world.context) == []
    assert intents(world) == [("ready", True, None)]

    for _ in range(3):
        execute_due(world.context)
        world.pass_time(hours=1)

    assert plant.keys == [plant.keys[0]] * 2
    assert intents(world) == [("executed", False, True)]
    assert world.rows(ExecutionRow) == []


def test_history_and_webhooks_tell_that_it_is_tried_again(world: World, letter: int) -> None:
    listen(world, "ticketUpdated")
    world.pass_time(milliseconds=400)

    retry_dead(world.context, [letter])

    assert told(world)[-1] == ("2026-11-23T12:00:00Z", {"deadLetter": letter})
    assert [status["status"] for status in told(world, "intents")[-1][0]] == ["ready"]
    assert {"autoExecuteAt", "intents"} in [set(row["body"]["changes"]) for row in world.rows(EventRow)]
    assert world.sent


def test_what_fails_again_is_a_letter_again_and_may_wait_for_what_passes(
    world: World, plant: Plant, letter: int
) -> None:
    world.with_settings(retry_delays=(timedelta(seconds=5),))
    plant.ends = fail(Transient("erp_away"))
    retry_dead(world.context, [letter])

    for _ in range(3):
        execute_due(world.context)
        world.pass_time(seconds=10)

    assert len(plant.keys) == 3
    assert [(one["kind"], one["reason"]) for one in list_dead(world.context)] == [("execution", "erp_away")]


def test_the_gates_are_asked_again(world: World, plant: Plant, letter: int) -> None:
    world.patch({"id": 1, "spamStatus": "manual_spam"})

    retry_dead(world.context, [letter])
    execute_due(world.context)

    assert len(plant.keys) == 1
    assert told(world)[-1] == (None, {"gate": "not_spam"})


def test_what_was_found_anew_since_stays_a_letter(world: World, plant: Plant, letter: int) -> None:
    add_intents(world, 1, status="executed", open=False, outcome={"success": True})

    assert retry_dead(world.context) == {"retried": [], "kept": [{"id": letter, "reason": "subject_is_gone"}]}
    execute_due(world.context)

    assert len(plant.keys) == 1
    assert intents(world)[0] == ("failed", False, False)


def test_of_one_request_that_failed_twice_the_newest_is_tried_again(
    world: World, add_tickets: Add, plant: Plant, letter: int
) -> None:
    plant.ends = fail(BROKEN)
    add_intents(world, 1)
    world.patch({"id": 1, "autoExecuteAt": "2026-11-23 11:00:00"})
    execute_due(world.context)
    add_tickets(2)
    newest = list_dead(world.context)[0]["id"]

    answer = retry_dead(world.context)

    assert answer == {"retried": [newest], "kept": [{"id": letter, "reason": "subject_is_gone"}]}


def test_two_who_retry_at_once_have_it_run_once(world: World, plant: Plant, letter: int) -> None:
    start = threading.Barrier(2)
    answers: list[dict[str, Any]] = []

    def work() -> None:
        start.wait()
        answers.append(retry_dead(world.context))
        execute_due(world.context)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [one for answer in answers for one in answer["retried"]] == [letter]
    assert len(plant.keys) == 2


def test_a_letter_of_another_kind_with_the_same_subject_stays(world: World, letter: int) -> None:
    endpoint = {"id": str(world.rows(IntentRow)[0]["id"]), "url": "https://example.com/", "secret": "whsec_c2VjcmV0"}
    load(world.context, {"webhooks": [endpoint]})

    assert retry_dead(world.context, [letter])["retried"] == [letter]
    assert [one["status"] for one in world.rows(IntentRow)] == ["ready"]


def test_a_dropped_letter_leaves_the_outcome(world: World, letter: int) -> None:
    drop_dead(world.context, [letter])

    assert intents(world) == [("failed", False, False)]


@pytest.fixture
def put_off(world: World, add_tickets: Add, plant: Plant) -> None:
    """Two actions that are to be tried again, of which one ticket's time is taken away."""
    plant.ends = fail(Transient("erp_away"))
    add_tickets(1, 2, auto_execute_at=DUE)
    add_intents(world, 1, 2, options=[ENTER])
    execute_due(world.context)
    world.patch({"id": 1, "autoExecuteAt": None})


@pytest.mark.usefixtures("put_off")
def test_an_action_that_nobody_tries_again_is_cleaned_up(world: World) -> None:
    assert {"what": "executions", "endedBefore": "2026-11-23 12:00:00", "rows": 1} in count_old(world.context)["rows"]

    clean_up(world.context)

    assert [row["ticket_id"] for row in world.rows(ExecutionRow)] == [2]


def test_an_action_that_is_under_way_is_not_cleaned_up(world: World, add_tickets: Add, plant: Plant) -> None:
    plant.ends = lambda _: ActionResult(success=bool(clean_up(world.context)), message="Entered.")
    add_tickets(1, auto_execute_at=DUE)
    add_intents(world, 1)

    execute_due(world.context)

    assert intents(world) == [("executed", False, True)]
