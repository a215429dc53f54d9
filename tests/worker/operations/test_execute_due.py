"""Intents are carried out by themselves, once, when the time of their ticket has come and every gate is passed."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.worker.operations.conftest import START, Add, World
from tests.worker.operations.plants import DATA, ENTER, Killed, Plant, add_intents, fail, kill_once, listen, told
from worker.domain.actions import ActionRequest, ActionResult
from worker.domain.failures import Permanent, Transient
from worker.operations.execution.run import execute_due
from worker.operations.inspection.ticket import show_tickets
from worker.operations.load import load
from worker.storage.executions import key_of
from worker.storage.tables import EventRow, ExecutionRow, HistoryRow, IntentRow, WorklogRow

DUE = START - timedelta(minutes=1)


def test_an_intent_is_carried_out_once_and_its_outcome_stored(world: World, add_tickets: Add, plant: Plant) -> None:
    add_tickets(1, auto_execute_at=DUE)
    add_intents(world, 1)

    assert execute_due(world.context) == {"due": 1, "run": 1}
    assert execute_due(world.context) == {"due": 0, "run": 0}

    (intent,) = world.rows(IntentRow)
    (request,) = plant.asked
    assert (intent["status"], intent["open"]) == ("executed", False)
    assert intent["outcome"] == {
        "aiAgentId": 3,
        "success": True,
        "messageLocalized": "Entered.",
        "internalData": {"option": "enter", "idempotencyKey": key_of(intent["id"])},
        "executedAt": "2026-11-23 12:00:00",
        "userId": None,
        "ticketClosed": False,
        "txId": None,
    }
    assert (request.key, request.ticket.id, request.intent.intent.data) == (key_of(intent["id"]), 1, DATA)
    assert (request.option, request.agent.code) == (ENTER, "meter")
    assert world.ticket(1).values["autoExecuteAt"] is None
    assert told(world) == [(None, {"intentId": intent["id"], "option": "enter"})]
    assert world.rows(ExecutionRow) == []


def test_show_ticket_tells_what_was_done_and_why(world: World, add_tickets: Add, plant: Plant) -> None:
    plant.ends = lambda _: ActionResult(success=True, message="Entered.", data={"call": "save"}, tx_id="c916")
    add_tickets(1, auto_execute_at=DUE)
    add_intents(world, 1)

    execute_due(world.context)

    (shown,) = show_tickets(world.context, [1], history=True)
    (intent,) = shown["intents"]
    assert (intent["outcome"]["txId"], intent["outcome"]["internalData"]["call"]) == ("c916", "save")
    assert [(row["field"], row["actor"]["type"]) for row in shown["history"]] == [
        ("autoExecuteAt", "system"),
        ("intents", "ai"),
    ]


def test_a_ticket_is_closed_where_the_action_says_so(world: World, add_tickets: Add, plant: Plant) -> None:
    plant.ends = lambda _: ActionResult(success=True, close_ticket=True)
    listen(world, "ticketUpdated", "intentExecuted")
    add_tickets(1, auto_execute_at=DUE)
    add_intents(world, 1)

    execute_due(world.context)

    values = world.ticket(1).values
    (intent,) = world.rows(IntentRow)
    assert (values["status"], values["closedAt"]) == ("closed", START)
    assert intent["outcome"]["ticketClosed"] is True
    assert told(world, "status") == [("closed", {"intentId": intent["id"], "option": "enter"})]
    assert [(row["action"], row["automatic"]) for row in world.rows(WorklogRow)] == [("closed", True)]
    bodies = [row["body"] for row in world.rows(EventRow)]
    assert sorted(body["type"] for body in bodies) == ["intentExecuted", "ticketUpdated", "ticketUpdated"]
    (executed,) = [body for body in bodies if body["type"] == "intentExecuted"]
    assert (executed["code"], executed["option"], executed["data"]) == ("meter", "enter", DATA)
    assert executed["idempotencyKey"] == key_of(intent["id"])


@pytest.mark.parametrize(
    ("values", "gate"),
    [
        ({"status": "closed"}, "open_ticket"),
        ({"spam_status": "auto_spam"}, "not_spam"),
        ({"direction": "out"}, "inbound"),
        ({"contract_id": "1", "customer_legitimation": 15}, "legitimation"),
    ],
)
def test_the_first_failing_gate_is_recorded_and_not_asked_again(
    world: World, add_tickets: Add, plant: Plant, values: dict[str, Any], gate: str
) -> None:
    add_tickets(1, auto_execute_at=DUE, **values)
    add_intents(world, 1)

    assert execute_due(world.context) == {"due": 1, "run": 0}
    assert execute_due(world.context) == {"due": 0, "run": 0}

    assert plant.asked == []
    assert told(world) == [(None, {"gate": gate})]
    (shown,) = show_tickets(world.context, [1], history=True)
    assert shown["history"][0]["cause"] == {"gate": gate}
    assert [row["open"] for row in world.rows(IntentRow)] == [True]


def test_an_agent_without_a_plug_in_is_a_gate_of_its_own(world: World, add_tickets: Add, plant: Plant) -> None:
    world.context = replace(world.context, action=lambda _: None)
    add_tickets(1, auto_execute_at=DUE)
    add_intents(world, 1)

    execute_due(world.context)

    assert plant.asked == []
    assert told(world) == [(None, {"gate": "action"})]


def test_where_it_is_set_an_intent_is_announced_to_those_who_carry_it_out(
    world: World, add_tickets: Add, plant: Plant
) -> None:
    world.with_settings(default_action="announce")
    world.context = replace(world.context, action=lambda _: None)
    add_tickets(1, 2, auto_execute_at=DUE)
    add_intents(world, 1)
    execute_due(world.context)
    assert told(world)[0] == (None, {"gate": "action"})  # nobody asks for the event

    listen(world, "intentExecuted")
    add_intents(world, 2)
    world.patch({"id": 2, "autoExecuteAt": "2026-11-23 11:59:00"})
    execute_due(world.context)

    (event,) = [row for row in world.rows(EventRow) if row["type"] == "intentExecuted"]
    assert (event["ticket_id"], event["body"]["data"]) == (2, DATA)
    assert plant.asked == []


def test_nothing_happens_before_the_time(world: World, add_tickets: Add, plant: Plant) -> None:
    add_tickets(1, auto_execute_at=START + timedelta(seconds=1))
    add_tickets(2)
    add_intents(world, 1, 2)

    assert execute_due(world.context) == {"due": 0, "run": 0}
    world.pass_time(seconds=1)
    assert execute_due(world.context) == {"due": 1, "run": 1}
    assert [request.ticket.id for request in plant.asked] == [1]


@pytest.mark.parametrize(
    ("failure", "reason"),
    [(Permanent("meter_unknown"), "meter_unknown"), (ValueError("Erika Musterfrau"), "action_error")],
)
def test_a_lasting_failure_is_the_outcome_and_names_no_personal_data(
    world: World, add_tickets: Add, plant: Plant, failure: Exception, reason: str
) -> None:
    plant.ends = fail(failure)
    add_tickets(1, auto_execute_at=DUE)
    add_intents(world, 1)

    execute_due(world.context)

    (intent,) = world.rows(IntentRow)
    assert (intent["status"], intent["open"], intent["outcome"]["success"]) == ("failed", False, False)
    assert intent["outcome"]["internalData"]["reason"] == reason
    assert "Musterfrau" not in str(world.rows(HistoryRow)) + str(intent)
    assert world.ticket(1).values["status"] == "open"


def test_a_result_that_cannot_be_stored_is_a_failure(world: World, add_tickets: Add, plant: Plant) -> None:
    plant.ends = lambda _: ActionResult(success=True, data={"at": START})
    add_tickets(1, auto_execute_at=DUE)
    add_intents(world, 1)

    execute_due(world.context)

    assert [row["outcome"]["internalData"]["reason"] for row in world.rows(IntentRow)] == ["action_error"]


def test_a_passing_failure_is_tried_again_later_under_the_same_key(
    world: World, add_tickets: Add, plant: Plant
) -> None:
    plant.ends = fail(Transient("erp_away"))
    add_tickets(1, auto_execute_at=DUE)
    add_intents(world, 1)

    execute_due(world.context)
    assert execute_due(world.context) == {"due": 0, "run": 0}
    assert world.ticket(1).values["autoExecuteAt"] == START + timedelta(seconds=5)
    assert told(world)[-1] == ("2026-11-23T12:00:05Z", {"retryAfter": "erp_away", "attempt": 1})

    world.pass_time(seconds=5)
    plant.ends = lambda _: ActionResult(success=True)
    execute_due(world.context)

    assert len(plant.keys) == 2
    assert len(set(plant.keys)) == 1
    assert [row["status"] for row in world.rows(IntentRow)] == ["executed"]
    assert world.rows(ExecutionRow) == []


def test_before_it_is_tried_again_the_gates_are_asked_again(world: World, add_tickets: Add, plant: Plant) -> None:
    plant.ends = fail(Transient("erp_away"))
    add_tickets(1, auto_execute_at=DUE)
    add_intents(world, 1)
    execute_due(world.context)
    world.patch({"id": 1, "status": "closed"})

    world.pass_time(minutes=1)
    execute_due(world.context)

    assert len(plant.keys) == 1
    assert told(world)[-1] == (None, {"gate": "open_ticket"})
    assert world.rows(ExecutionRow) == []


def test_after_the_last_retry_it_has_failed(world: World, add_tickets: Add, plant: Plant) -> None:
    world.with_settings(retry_delays=(timedelta(seconds=5), timedelta(seconds=5)))
    plant.ends = fail(Transient("erp_away"))
    add_tickets(1, auto_execute_at=DUE)
    add_intents(world, 1)

    for _ in range(4):
        execute_due(world.context)
        world.pass_time(seconds=10)

    assert len(plant.keys) == 3
    assert [row["outcome"]["internalData"]["reason"] for row in world.rows(IntentRow)] == ["erp_away"]
    assert world.ticket(1).values["autoExecuteAt"] is None


def test_a_process_that_dies_after_the_action_runs_it_again_under_the_same_key(
    world: World, add_tickets: Add, plant: Plant
) -> None:
    plant.ends = kill_once()
    add_tickets(1, 2, auto_execute_at=DUE)
    add_intents(world, 1, 2)
    with pytest.raises(Killed):
        execute_due(world.context)

    assert execute_due(world.context) == {"due": 0, "run": 0}  # somebody may still be at it
    world.pass_time(minutes=5)
    assert execute_due(world.context) == {"due": 0, "run": 2}

    assert plant.keys == [plant.keys[0], plant.keys[0], plant.keys[2]]
    assert [row["status"] for row in world.rows(IntentRow)] == ["executed", "executed"]
    assert world.rows(ExecutionRow) == []


def test_what_was_done_by_somebody_else_meanwhile_is_not_done_again(
    world: World, add_tickets: Add, plant: Plant
) -> None:
    plant.ends = kill_once()
    add_tickets(1, auto_execute_at=DUE)
    add_intents(world, 1)
    with pytest.raises(Killed):
        execute_due(world.context)
    intents = [{"id": world.rows(IntentRow)[0]["id"], "code": "meter", "outcome": {"success": True, "userId": 7}}]
    load(world.context, {"tickets": [{"id": 1, "intents": intents}]})

    world.pass_time(minutes=5)
    assert execute_due(world.context) == {"due": 0, "run": 0}

    assert len(plant.keys) == 1
    assert [row["outcome"]["userId"] for row in world.rows(IntentRow)] == [7]
    assert world.rows(ExecutionRow) == []


def test_an_action_that_always_takes_its_process_along_is_given_up(
    world: World, add_tickets: Add, plant: Plant
) -> None:
    def die(_: ActionRequest) -> ActionResult:
        raise Killed

    plant.ends = die
    add_tickets(1, auto_execute_at=DUE)
    add_intents(world, 1)

    for _ in range(3):
        with pytest.raises(Killed):
            execute_due(world.context)
        world.pass_time(minutes=5)
    execute_due(world.context)

    assert len(plant.keys) == 3
    assert [row["outcome"]["internalData"]["reason"] for row in world.rows(IntentRow)] == ["worker_lost"]


def test_who_lost_his_claim_writes_nothing(world: World, add_tickets: Add, plant: Plant) -> None:
    """The first process is so slow that another takes its work over, and has stored the outcome when it comes back."""

    def slow(request: ActionRequest) -> ActionResult:
        if len(plant.asked) == 1:
            world.pass_time(minutes=5)
            execute_due(world.context)
            return ActionResult(success=True, message="late")
        return ActionResult(success=True, message=f"in time {request.key == plant.keys[0]}")

    plant.ends = slow
    add_tickets(1, auto_execute_at=DUE)
    add_intents(world, 1)

    execute_due(world.context)

    assert [row["outcome"]["messageLocalized"] for row in world.rows(IntentRow)] == ["in time True"]
    assert len(told(world, "intents")) == 1


def test_no_transaction_is_open_while_an_action_runs(world: World, add_tickets: Add, plant: Plant) -> None:
    def patch(_: ActionRequest) -> ActionResult:
        world.patch({"id": 1, "priority": "high"})  # would wait for the lock for ever
        return ActionResult(success=True)

    plant.ends = patch
    add_tickets(1, auto_execute_at=DUE)
    add_intents(world, 1)

    execute_due(world.context)

    assert world.ticket(1).values["priority"] == "high"
    assert [row["status"] for row in world.rows(IntentRow)] == ["executed"]


def test_several_processes_carry_out_each_intent_once(world: World, add_tickets: Add, plant: Plant) -> None:
    add_tickets(*range(1, 61), auto_execute_at=DUE)
    add_intents(world, *range(1, 51))
    start = threading.Barrier(3)
    seen: list[dict[str, int]] = []

    def work() -> None:
        start.wait()
        seen.append(execute_due(world.context))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(one["due"] for one in seen) == 60
    assert sorted(request.ticket.id for request in plant.asked) == [*range(1, 51)]
    assert {row["status"] for row in world.rows(IntentRow)} == {"executed"}
    assert len(told(world)) == 60
