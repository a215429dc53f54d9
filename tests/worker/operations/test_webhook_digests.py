"""An endpoint with `digest` gets one call a batch, in order with everything else that it gets."""

from __future__ import annotations

from typing import Any

from standardwebhooks import Webhook

from tests.worker.operations.conftest import Add, World
from tests.worker.operations.receivers import OK, SECRET, Receiver, listen, run_all, status
from worker.operations.control import cancel, pause
from worker.operations.dead import retry_dead
from worker.operations.explanation.explain import explain
from worker.operations.ingest.accept import Flags, accept
from worker.operations.ingest.chunk import apply_next_chunk
from worker.operations.inspection.batch import show_batch
from worker.operations.publish import publish, send_claimed
from worker.storage.tables import AttemptRow, DeadLetterRow, DeliveryRow, OutboxRow


def bodies(receiver: Receiver, endpoint: str = "a") -> list[dict[str, Any]]:
    return [body for name, body in receiver.got if name == endpoint]


def tickets_of(digest: dict[str, Any]) -> list[int]:
    return [event["ticketId"] for event in digest["events"]]


def close(*ids: int) -> list[dict[str, object]]:
    return [{"id": ticket_id, "status": "closed"} for ticket_id in ids]


def test_a_batch_in_several_chunks_is_one_signed_call(world: World, add_tickets: Add, receiver: Receiver) -> None:
    world.with_settings(chunk_size=2)
    world.now = world.now.now(world.now.tzinfo)
    listen(world, receiver, "a", digest=True)
    add_tickets(*range(1, 6))

    batch_id = world.patch(*close(1, 2, 3, 4, 5))["batchId"]
    run_all(world)

    (digest,), (request,) = bodies(receiver), receiver.requests
    assert (digest["type"], digest["batchId"], tickets_of(digest)) == (
        "ticketUpdated.digest",
        batch_id,
        [1, 2, 3, 4, 5],
    )
    assert {event["type"] for event in digest["events"]} == {"ticketUpdated"}
    assert Webhook(SECRET).verify(request.data, dict(request.headers)) == digest
    shown = show_batch(world.context, batch_id)["webhooks"]
    assert [(one["ticketId"], one["state"], one["attempts"]) for one in shown] == [
        (n, "delivered", 1) for n in range(1, 6)
    ]
    assert {one["id"] for one in shown} == {request.headers["webhook-id"]}
    assert world.rows(OutboxRow) == []


def test_a_large_digest_is_several_calls(world: World, add_tickets: Add, receiver: Receiver) -> None:
    world.with_settings(webhook_digest_size=2, chunk_size=3)
    listen(world, receiver, "a", digest=True)
    add_tickets(*range(1, 6))

    world.patch(*close(1, 2, 3, 4, 5))
    run_all(world)

    assert sorted(tickets_of(digest) for digest in bodies(receiver)) == [[1, 2], [3, 4], [5]]
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 3


def test_other_endpoints_are_told_one_by_one(world: World, add_tickets: Add, receiver: Receiver) -> None:
    listen(world, receiver, "a", digest=True)
    listen(world, receiver, "b")
    add_tickets(1, 2)

    world.patch(*close(1, 2))
    run_all(world)

    assert [tickets_of(digest) for digest in bodies(receiver)] == [[1, 2]]
    assert sorted(body["ticketId"] for body in bodies(receiver, "b")) == [1, 2]


def test_nothing_leaves_before_the_batch_has_ended(world: World, add_tickets: Add, receiver: Receiver) -> None:
    world.with_settings(chunk_size=1)
    listen(world, receiver, "a", digest=True)
    add_tickets(1, 2)
    batch = accept(world.context, close(1, 2), Flags(idempotency_key="key"))
    apply_next_chunk(world.context, batch.id)

    world.pass_time(days=1)
    publish(world.context)
    run_all(world)

    assert receiver.got == []
    (webhook,) = explain(world.context, batch.id, 1)["webhooks"]
    assert "It goes in a digest, when all of its batch has been applied." in webhook["why"]


def test_a_cancelled_batch_tells_of_what_was_applied(world: World, add_tickets: Add, receiver: Receiver) -> None:
    world.with_settings(chunk_size=1)
    listen(world, receiver, "a", digest=True)
    add_tickets(1, 2)
    batch = accept(world.context, close(1, 2), Flags(idempotency_key="key"))
    apply_next_chunk(world.context, batch.id)
    pause(world.context, batch.id)

    cancel(world.context, batch.id)
    run_all(world)

    assert [tickets_of(digest) for digest in bodies(receiver)] == [[1]]


def test_an_endpoint_that_wants_digests_no_more_gets_what_was_gathered(
    world: World, add_tickets: Add, receiver: Receiver
) -> None:
    world.with_settings(chunk_size=1)
    listen(world, receiver, "a", digest=True)
    add_tickets(1, 2)
    batch = accept(world.context, close(1, 2), Flags(idempotency_key="key"))
    apply_next_chunk(world.context, batch.id)

    listen(world, receiver, "a", digest=False)
    send_claimed(world.context, apply_next_chunk(world.context, batch.id).messages)
    run_all(world)

    assert sorted(body.get("ticketId", 0) or tickets_of(body)[0] for body in bodies(receiver)) == [1, 2]


def test_a_digest_waits_for_what_came_before_and_holds_what_comes_after(
    world: World, add_tickets: Add, receiver: Receiver
) -> None:
    listen(world, receiver, "a")
    receiver.answers["a"] = [status(500), OK]
    add_tickets(1, 2)
    world.patch({"id": 1, "priority": "low"})
    run_all(world)
    listen(world, receiver, "a", digest=True)
    world.patch({"id": 1, "priority": "high"}, {"id": 2, "priority": "high"})
    listen(world, receiver, "a", digest=False)
    world.patch({"id": 2, "priority": "urgent"})

    run_all(world)
    assert len(receiver.got) == 1
    for _ in range(3):
        world.pass_time(seconds=10)
        publish(world.context)
        run_all(world)

    told = [body["changes"]["priority"] if "changes" in body else tickets_of(body) for body in bodies(receiver)]
    assert told == ["low", "low", [1, 2], "urgent"]


def test_a_digest_is_tried_again_whole_under_one_id(world: World, add_tickets: Add, receiver: Receiver) -> None:
    listen(world, receiver, "a", digest=True)
    receiver.answers["a"] = [status(503), OK]
    add_tickets(1, 2)
    world.patch(*close(1, 2))
    run_all(world)

    world.pass_time(seconds=10)
    publish(world.context)
    run_all(world)

    first, second = bodies(receiver)
    assert first == second
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1
    assert [row["status"] for row in world.rows(AttemptRow)] == [503, 204]


def test_a_dead_digest_is_one_letter_and_is_replayed_whole(world: World, add_tickets: Add, receiver: Receiver) -> None:
    listen(world, receiver, "a", digest=True)
    receiver.answers["a"] = [status(410), OK]
    add_tickets(1, 2)
    batch_id = world.patch(*close(1, 2))["batchId"]
    run_all(world)

    assert {one["state"] for one in show_batch(world.context, batch_id)["webhooks"]} == {"dead"}
    (letter,) = world.rows(DeadLetterRow)
    assert (
        f"Dead letter {letter['id']} can be tried again." in explain(world.context, batch_id, 2)["webhooks"][0]["why"]
    )
    assert retry_dead(world.context) == {"retried": [letter["id"]], "kept": []}
    run_all(world)

    assert [tickets_of(digest) for digest in bodies(receiver)] == [[1, 2], [1, 2]]
    assert {row["state"] for row in world.rows(DeliveryRow)} == {"delivered"}
