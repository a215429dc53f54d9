"""A webhook that has ended is sent again: the same event under the same id."""

from __future__ import annotations

import pytest

from tests.worker.operations.conftest import Add, World
from tests.worker.operations.receivers import OK, Receiver, change, listen, run_all, status
from worker.operations.arguments import RefusedArguments
from worker.operations.inspection.unknown import Unknown
from worker.operations.replay_webhook import replay_webhook
from worker.operations.webhook_endpoints import disable_endpoint
from worker.storage.tables import AttemptRow, DeadLetterRow, DeliveryRow


def only_id(world: World) -> str:
    (row,) = world.rows(DeliveryRow)
    return str(row["id"])


@pytest.mark.parametrize("first", [status(410), OK])
def test_what_is_dead_or_delivered_goes_again_under_its_id(
    world: World, add_tickets: Add, receiver: Receiver, first: tuple[int, dict[str, str]]
) -> None:
    listen(world, receiver, "a")
    receiver.answers["a"] = [first, OK]
    add_tickets(1)
    change(world, 1)
    run_all(world)

    assert replay_webhook(world.context, only_id(world)) == {"success": True, "id": only_id(world), "state": "waiting"}
    assert world.rows(DeadLetterRow) == []
    run_all(world)

    assert {request.headers["webhook-id"] for request in receiver.requests} == {only_id(world)}
    assert receiver.got[0] == receiver.got[1]
    assert [row["status"] for row in world.rows(AttemptRow)] == [first[0], 204]
    assert [row["state"] for row in world.rows(DeliveryRow)] == ["delivered"]


def test_what_is_replayed_goes_before_what_waits_behind_it(world: World, add_tickets: Add, receiver: Receiver) -> None:
    listen(world, receiver, "a")
    receiver.answers["a"] = [status(410), OK]
    add_tickets(1)
    change(world, 1, priority="low")
    run_all(world)
    dead = only_id(world)
    change(world, 1, priority="high")

    replay_webhook(world.context, dead)
    world.sent.reverse()
    run_all(world)
    world.sent.reverse()

    assert [body["changes"]["priority"] for _, body in receiver.got] == ["low", "low", "high"]


def test_what_waits_is_not_replayed(world: World, add_tickets: Add, receiver: Receiver) -> None:
    listen(world, receiver, "a")
    add_tickets(1)
    change(world, 1)

    with pytest.raises(Unknown) as refusal:
        replay_webhook(world.context, only_id(world))
    assert refusal.value.code == "webhook_waits"


def test_nothing_is_replayed_to_an_endpoint_that_is_switched_off(
    world: World, add_tickets: Add, receiver: Receiver
) -> None:
    listen(world, receiver, "a")
    add_tickets(1)
    change(world, 1)
    disable_endpoint(world.context, "a")

    with pytest.raises(Unknown) as refusal:
        replay_webhook(world.context, only_id(world))
    assert refusal.value.code == "endpoint_disabled"
    assert [row["state"] for row in world.rows(DeliveryRow)] == ["dead"]


def test_an_unknown_webhook_is_told_without_its_id(world: World) -> None:
    with pytest.raises(Unknown) as refusal:
        replay_webhook(world.context, "nobody@example.com")
    assert refusal.value.code == "webhook_not_found"
    assert "nobody" not in refusal.value.message


@pytest.mark.parametrize("wrong", [None, 7, ["a"], {"id": "a"}, "a" * 256])
def test_what_is_no_id_is_refused(world: World, wrong: object) -> None:
    with pytest.raises(RefusedArguments, match="delivery_id"):
        replay_webhook(world.context, wrong)
