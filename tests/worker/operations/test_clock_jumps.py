"""A clock that was wrong for a while: nothing is lost, nothing waits for years, nothing comes out of order."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from config.routing import TaskName
from tests.services.plans import plans_of
from tests.worker.operations.conftest import START, Add, World
from tests.worker.operations.plants import Killed, Plant, add_intents, kill_once
from tests.worker.operations.receivers import OK, Receiver, change, listen, run_all, status
from worker.domain.words import RefreshMode
from worker.operations.execution.run import execute_due
from worker.operations.publish import publish
from worker.operations.webhook_endpoints import list_endpoints
from worker.storage.far_times import bring_back
from worker.storage.outbox import add_messages
from worker.storage.runs import claim_runs
from worker.storage.tables import DeliveryRow, ExecutionRow, IntentRow, OutboxRow, RefreshRunRow

YEAR = timedelta(days=365)


def waiting(world: World) -> list[dict[str, Any]]:
    return [row for row in world.rows(DeliveryRow) if row["state"] == "waiting"]


@pytest.mark.parametrize("refusal", [status(400), status(429, Retry_After="3600")])
def test_what_was_refused_while_the_clock_was_a_year_ahead_is_sent_when_it_is_right_again(
    world: World,
    add_tickets: Add,
    receiver: Receiver,
    refusal: Any,  # noqa: ANN401
) -> None:
    listen(world, receiver, "a")
    add_tickets(1)
    world.now += YEAR
    receiver.answers["a"] = [refusal, OK]
    change(world, 1, subject="first")
    run_all(world)
    world.now -= YEAR
    change(world, 1, subject="second")
    run_all(world)
    assert len(waiting(world)) == 2

    with capture_logs() as logs:
        publish(world.context)
    for _ in range(3):
        run_all(world)
        world.pass_time(seconds=5)
        publish(world.context)

    assert [body["changes"]["subject"] for _, body in receiver.got] == ["first", "first", "second"]
    assert waiting(world) == []
    assert world.rows(OutboxRow) == []
    assert [log["event"] for log in logs] == ["clock_jumped"]
    assert str(list_endpoints(world.context)[0]["lastSuccessAt"]).startswith("2026-11-23")


def test_a_wait_that_a_clock_may_have_meant_is_left_alone(world: World, add_tickets: Add, receiver: Receiver) -> None:
    listen(world, receiver, "a")
    add_tickets(1)
    receiver.answers["a"] = [status(503, Retry_After="86400"), OK]
    change(world, 1)
    run_all(world)

    for _ in range(3):
        publish(world.context)
        world.pass_time(hours=1)
    run_all(world)

    assert len(receiver.got) == 1


def test_a_webhook_whose_process_died_while_the_clock_was_ahead_is_taken_over(
    world: World, add_tickets: Add, receiver: Receiver
) -> None:
    listen(world, receiver, "a")
    add_tickets(1)
    world.now += YEAR

    def die() -> Any:  # noqa: ANN401
        raise Killed

    change(world, 1)
    alive = world.context
    world.context = replace(alive, sender=die)
    with pytest.raises(Killed):
        run_all(world)
    world.context = alive
    world.now -= YEAR

    publish(world.context)
    run_all(world)

    assert receiver.tickets("a") == [1]


def test_a_refresh_whose_process_died_while_the_clock_was_ahead_is_taken_over(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    world.now += YEAR
    (message,) = world.request(RefreshMode.TAGS, 1)
    ids = message.arguments["run_ids"]
    with world.context.database.write() as connection:
        claim_runs(connection, ids, now=world.now, lease_until=world.now + timedelta(minutes=5))
    world.now -= YEAR

    publish(world.context)

    assert [row["lease_until"] for row in world.rows(RefreshRunRow)] == [START]
    assert [sent.id for sent in world.sent] == [message.id]


def test_an_action_whose_process_died_while_the_clock_was_ahead_is_taken_over(
    world: World, add_tickets: Add, plant: Plant
) -> None:
    plant.ends = kill_once()
    world.now += YEAR
    add_tickets(1, auto_execute_at=START)
    add_intents(world, 1)
    with pytest.raises(Killed):
        execute_due(world.context)
    world.now -= YEAR

    publish(world.context)
    execute_due(world.context)

    assert len(set(plant.keys)) == 1
    assert [row["status"] for row in world.rows(IntentRow)] == ["executed"]
    assert world.rows(ExecutionRow) == []


def test_the_sweep_finds_such_times_by_an_index(world: World) -> None:
    with world.context.database.write() as connection:
        arguments = [{"delivery_ids": [str(number)]} for number in range(2_000)]
        add_messages(connection, TaskName.DELIVER_WEBHOOKS, arguments, now=START)
        connection.exec_driver_sql("ANALYZE")

    plans = plans_of(world.context.database, lambda connection: bring_back(connection, START, START + YEAR))

    assert "ix_outbox_due_at" in plans[0]
