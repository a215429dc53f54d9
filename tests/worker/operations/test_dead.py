"""What people do with dead letters, on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, select, update

from config.routing import TaskName
from tests.worker.operations.conftest import START, Add, World
from worker.operations.dead import drop_dead, list_dead, retry_dead
from worker.operations.inspection.batch import show_batch
from worker.operations.inspection.unknown import Unknown
from worker.storage.bulk import insert_rows
from worker.storage.dead import Dead, bury
from worker.storage.tables import DeliveryRow, EndpointRow, OutboxRow, RefreshRunRow


def send(world: World, *items: object) -> str:
    return str(world.patch(*items, task_id="key")["batchId"])


def give_up(world: World, *letters: Dead) -> list[int]:
    """Buries letters; their numbers, oldest first."""
    with world.context.database.write() as connection:
        bury(connection, letters, world.now)
    return sorted(int(letter["id"]) for letter in list_dead(world.context))


def failed_runs(world: World, *items: object) -> tuple[str, list[int]]:
    """A batch whose runs failed, and the numbers of their letters."""
    batch_id = send(world, *items)
    with world.context.database.write() as connection:
        ended = {"state": "failed", "reason": "engine_broken", "finished_at": world.now}
        ids = connection.scalars(update(RefreshRunRow).values(**ended).returning(RefreshRunRow.id)).all()
        connection.execute(delete(OutboxRow))
    return batch_id, give_up(world, *(Dead("run", "engine_broken", run_id, {}) for run_id in ids))


def dead_delivery(world: World) -> tuple[str, int]:
    """The id of a delivery that was given up, and the number of its letter."""
    endpoint = {"id": "crm", "url": "http://127.0.0.1:1/", "secret": "whsec_AAAA", "enabled": True}
    with world.context.database.write() as connection:
        insert_rows(
            connection, EndpointRow, [endpoint | {"events": ["ticketUpdated"], "channels": [], "subchannels": []}]
        )
    send(world, {"id": 1, "status": "closed"})
    ended = {"state": "dead", "attempts": 9, "status": 500, "next_attempt_at": None}
    with world.context.database.write() as connection:
        delivery_id = connection.scalars(update(DeliveryRow).values(**ended).returning(DeliveryRow.id)).one()
        connection.execute(delete(OutboxRow))
    (letter,) = give_up(world, Dead("webhook", "http_status", delivery_id, {"ticketId": 1}))
    return delivery_id, letter


def messages(world: World) -> list[tuple[str, Any]]:
    with world.context.database.read() as connection:
        return [(task, ids) for task, ids in connection.execute(select(OutboxRow.task, OutboxRow.arguments))]


def test_letters_are_listed_newest_first_with_reason_and_time(world: World) -> None:
    first, second = give_up(
        world, Dead("message", "not_json", "m1", {"queue": "ingest"}), Dead("run", "broken", "r1", {})
    )

    letters = list_dead(world.context)

    assert [letter["id"] for letter in letters] == [second, first]
    assert letters[1] == {
        "id": first,
        "kind": "message",
        "reason": "not_json",
        "subject": "m1",
        "task": None,
        "detail": {"queue": "ingest"},
        "at": "2026-11-23 12:00:00",
    }
    assert len(list_dead(world.context, limit=1)) == 1


def test_a_failed_run_is_requested_again_in_the_name_of_its_batch(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    batch_id, letters = failed_runs(world, {"id": 1, "refreshMode": "tags"})

    assert retry_dead(world.context, letters) == {"retried": letters, "kept": []}

    runs = show_batch(world.context, batch_id)["refreshes"]
    assert sorted((run["mode"], run["state"]) for run in runs) == [("tags", "failed"), ("tags", "waiting")]
    (waiting,) = (run["runId"] for run in runs if run["state"] == "waiting")
    assert messages(world) == [(TaskName.REFRESH_TAGS, {"run_ids": [waiting]})]
    assert [message.task for message in world.sent[-1:]] == [TaskName.REFRESH_TAGS]
    assert list_dead(world.context) == []


def test_a_run_that_was_forced_is_forced_again(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    _, letters = failed_runs(world, {"id": 1, "refreshMode": "customer"})
    with world.context.database.write() as connection:
        connection.execute(update(RefreshRunRow).values(force=True))

    retry_dead(world.context, letters)

    with world.context.database.read() as connection:
        assert connection.scalars(select(RefreshRunRow.force)).all() == [True, True]


def test_all_letters_are_retried_at_once(world: World, add_tickets: Add) -> None:
    add_tickets(1, 2)
    _, letters = failed_runs(world, {"id": 1, "refreshMode": "tags"}, {"id": 2, "refreshMode": "agents"})

    assert retry_dead(world.context)["retried"] == letters

    assert sorted(task for task, _ in messages(world)) == [TaskName.REFRESH_AGENTS, TaskName.REFRESH_TAGS]


def test_a_dead_delivery_waits_again_with_all_its_attempts(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    delivery_id, letter = dead_delivery(world)

    assert retry_dead(world.context, [letter]) == {"retried": [letter], "kept": []}

    with world.context.database.read() as connection:
        (row,) = connection.execute(select(DeliveryRow.__table__)).mappings()
    assert (row["state"], row["attempts"], row["next_attempt_at"]) == ("waiting", 0, START)
    assert messages(world) == [(TaskName.DELIVER_WEBHOOKS, {"delivery_ids": [delivery_id]})]


def test_a_delivery_that_goes_already_is_not_touched(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    _, letter = dead_delivery(world)
    with world.context.database.write() as connection:
        connection.execute(update(DeliveryRow).values(state="delivered"))

    assert retry_dead(world.context, [letter])["kept"] == [{"id": letter, "reason": "subject_is_gone"}]

    assert messages(world) == []


@pytest.mark.parametrize(("kind", "reason"), [("message", "contents_not_kept"), ("run", "subject_is_gone")])
def test_what_cannot_be_retried_stays_with_the_reason(world: World, kind: str, reason: str) -> None:
    (letter,) = give_up(world, Dead(kind, "broken", "gone", {}))

    assert retry_dead(world.context) == {"retried": [], "kept": [{"id": letter, "reason": reason}]}

    assert len(list_dead(world.context)) == 1


def test_dropped_letters_are_gone(world: World) -> None:
    first, second, third = give_up(world, *(Dead("message", "not_json", str(one), {}) for one in range(3)))

    assert drop_dead(world.context, [second]) == {"dropped": [second]}
    assert drop_dead(world.context) == {"dropped": [first, third]}

    assert list_dead(world.context) == []


@pytest.mark.parametrize("handle", [retry_dead, drop_dead])
def test_an_unknown_letter_leaves_all_as_it_is(world: World, add_tickets: Add, handle: Any) -> None:  # noqa: ANN401
    add_tickets(1)
    _, letters = failed_runs(world, {"id": 1, "refreshMode": "tags"})

    with pytest.raises(Unknown, match="there is no dead letter 998, 999"):
        handle(world.context, [999, *letters, 998])

    assert len(list_dead(world.context)) == 1
    assert messages(world) == []
