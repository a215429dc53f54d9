"""What has ended is removed when its days are over, and nothing else is."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Table, delete, update

from tests.worker.operations.conftest import Add, World
from worker.domain.words import DeliveryState, RefreshMode, RunState
from worker.operations.clean_up import clean_up, clean_up_some, count_old
from worker.operations.dead import retry_dead
from worker.operations.inspection.batch import show_batch
from worker.operations.inspection.ticket import show_tickets
from worker.operations.inspection.unknown import Unknown
from worker.operations.load import load
from worker.operations.replay_webhook import replay_webhook
from worker.storage.dead import Dead, bury
from worker.storage.tables import (
    AttemptRow,
    Base,
    BatchChunkRow,
    BatchItemRow,
    BatchRow,
    DeadLetterRow,
    DeliveryRow,
    EventRow,
    HistoryRow,
    OutboxRow,
    RefreshRunRow,
    TicketRow,
    WorklogRow,
)

SORTS = (
    "webhookAttempts webhooks webhookEvents refreshes batchItems batches executions history worklog deadLetters".split()
)
OF_A_BATCH = (AttemptRow, DeliveryRow, EventRow, RefreshRunRow, BatchItemRow, BatchChunkRow, BatchRow)

End = Callable[..., None]


def removed(document: dict[str, Any]) -> dict[str, int]:
    """What was removed at all."""
    return {one["what"]: one["rows"] for one in document["rows"] if one["rows"]}


def kept(world: World, *models: type[Base]) -> list[int]:
    return [len(world.rows(model)) for model in models]


@pytest.fixture
def end(world: World) -> End:
    """Ends whatever waits, as a worker does that has done it; of runs and deliveries, some may be left as they are."""

    def end(*, runs: bool = True, deliveries: bool = True) -> None:
        with world.context.database.write() as connection:
            if runs:
                done = {"state": RunState.DONE.value, "finished_at": world.now}
                connection.execute(update(RefreshRunRow).where(RefreshRunRow.finished_at.is_(None)).values(**done))
            if deliveries:
                connection.execute(update(DeliveryRow).values(state=DeliveryState.DELIVERED.value))
            if runs and deliveries:
                connection.execute(delete(OutboxRow))

    return end


@pytest.fixture
def batch_id(world: World, add_tickets: Add) -> str:
    """A batch that changed a ticket, told an endpoint, and refreshes another ticket."""
    load(world.context, {"webhooks": [{"id": "a", "url": "https://example.com/", "secret": "whsec_c2VjcmV0"}]})
    add_tickets(1, 2)
    items = ({"id": 1, "status": "closed"}, {"id": 2, "refreshMode": "tags"})
    batch_id: str = world.patch(*items, task_id="key", user_id=7)["batchId"]
    with world.context.database.write() as connection:
        (delivery,) = world.rows(DeliveryRow)
        row = {"delivery_id": delivery["id"], "status": 204, "error": None, "duration_ms": 5, "at": world.now}
        table = AttemptRow.__table__
        assert isinstance(table, Table)
        connection.execute(table.insert(), [row])
    return batch_id


def test_a_batch_goes_with_all_that_it_caused_when_its_days_are_over(world: World, batch_id: str, end: End) -> None:
    end()
    world.pass_time(days=30)
    assert removed(clean_up(world.context)) == {}

    world.pass_time(seconds=1)
    told = clean_up(world.context)

    assert removed(told) == {
        "webhookAttempts": 1,
        "webhooks": 1,
        "webhookEvents": 1,
        "refreshes": 1,
        "batchItems": 2,
        "batches": 1,
    }
    assert (told["finished"], kept(world, *OF_A_BATCH)) == (True, [0] * 7)
    with pytest.raises(Unknown, match="there is no batch"):
        show_batch(world.context, batch_id)


def test_the_ticket_and_its_history_stay(world: World, batch_id: str, end: End) -> None:
    end()
    before = show_tickets(world.context, [1], history=True)[0]
    world.pass_time(days=3_649)

    clean_up(world.context)

    assert show_tickets(world.context, [1], history=True)[0] == before | {"workedOnBy": [], "workedOnByIds": []}
    assert before["history"][0]["batchId"] == batch_id


def test_history_and_worklog_go_when_their_own_days_are_over(world: World, batch_id: str, end: End) -> None:  # noqa: ARG001
    end()
    world.pass_time(days=3_650, seconds=1)

    told = removed(clean_up(world.context))

    assert (told["history"], told["worklog"]) == (1, 1)
    assert kept(world, HistoryRow, WorklogRow, TicketRow) == [0, 0, 2]


def test_history_of_a_younger_change_stays(world: World, add_tickets: Add, end: End) -> None:
    add_tickets(1)
    world.patch({"id": 1, "status": "closed"}, task_id="old")
    world.pass_time(days=2_000)
    world.patch({"id": 1, "status": "open"}, task_id="young")
    end()
    world.pass_time(days=1_700)

    clean_up(world.context)

    assert [row["new"] for row in world.rows(HistoryRow)] == ["open"]
    assert [row["action"] for row in world.rows(WorklogRow)] == ["reopened"]


@pytest.mark.parametrize("left", ["runs", "deliveries"])
def test_a_batch_stays_while_something_that_it_caused_is_open(world: World, batch_id: str, end: End, left: str) -> None:
    end(**{left: False})
    world.pass_time(days=3_000)

    clean_up(world.context)

    document = show_batch(world.context, batch_id)
    assert len(document["items"]) == 2
    assert len(document["refreshes" if left == "runs" else "webhooks"]) == 1


def test_a_batch_that_has_not_ended_stays(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    world.patch({"id": 1, "status": "closed"}, task_id="key")
    with world.context.database.write() as connection:
        connection.execute(update(BatchRow).values(state="paused", finished_at=None))
    world.pass_time(days=3_000)

    clean_up(world.context)

    assert kept(world, BatchRow, BatchItemRow, BatchChunkRow) == [1, 1, 1]


def test_a_run_stays_while_the_one_that_it_was_merged_into_goes_on(
    world: World, batch_id: str, add_tickets: Add, end: End
) -> None:
    add_tickets(3)
    world.request(RefreshMode.TAGS, 3)
    merged = world.patch({"id": 3, "refreshMode": "tags"}, task_id="other")["batchId"]
    end(runs=False)
    with world.context.database.write() as connection:
        connection.execute(delete(OutboxRow))
    world.pass_time(days=3_000)

    clean_up(world.context)

    assert show_batch(world.context, merged)["refreshes"][0]["state"] == "merged"
    assert show_batch(world.context, batch_id)["items"]


def test_a_ledger_stays_as_long_as_the_webhooks_that_it_lists(world: World, batch_id: str, end: End) -> None:
    world.with_settings(results_kept_days=10, deliveries_kept_days=20)
    end()
    world.pass_time(days=15)
    assert removed(clean_up(world.context)) == {"refreshes": 1}
    assert show_batch(world.context, batch_id)["webhooks"]

    world.pass_time(days=6)
    clean_up(world.context)

    assert kept(world, *OF_A_BATCH) == [0] * 7


def test_dead_letters_go_when_their_days_are_over(world: World) -> None:
    with world.context.database.write() as connection:
        bury(connection, [Dead("message", "malformed", None, {})], world.now)
    world.pass_time(days=89)
    clean_up(world.context)
    assert kept(world, DeadLetterRow) == [1]

    world.pass_time(days=2)

    assert removed(clean_up(world.context)) == {"deadLetters": 1}


def test_what_is_gone_can_be_neither_retried_nor_replayed(world: World, batch_id: str, end: End) -> None:  # noqa: ARG001
    (run,), (webhook,) = world.rows(RefreshRunRow), world.rows(DeliveryRow)
    with world.context.database.write() as connection:
        letters = [Dead("run", "failed", run["id"], {}), Dead("webhook", "gone", webhook["id"], {})]
        bury(connection, letters, world.now)
    end()
    world.pass_time(days=31)
    clean_up(world.context)

    told = retry_dead(world.context)

    assert [one["reason"] for one in told["kept"]] == ["subject_is_gone"] * 2
    with pytest.raises(Unknown, match="there is no webhook"):
        replay_webhook(world.context, webhook["id"])


def test_a_key_may_be_used_again_when_its_batch_is_gone(world: World, batch_id: str, end: End) -> None:
    assert world.patch({"id": 1, "status": "open"}, task_id="key")["error"]["code"] == "idempotency_key_reused"
    end()
    world.pass_time(days=31)
    clean_up(world.context)

    answer = world.patch({"id": 1, "status": "open"}, task_id="key")

    assert (answer["batchId"], answer["counts"]["updated"]) == (batch_id, 1)
    assert len(show_batch(world.context, batch_id)["items"]) == 1


def test_counting_removes_nothing_and_says_what_would_go(world: World, batch_id: str, end: End) -> None:  # noqa: ARG001
    end()
    with world.context.database.write() as connection:
        bury(connection, [Dead("message", "malformed", None, {})], world.now)
    world.pass_time(days=4_000)

    counted = count_old(world.context)

    assert counted["rows"] == clean_up(world.context)["rows"]
    assert [one["what"] for one in counted["rows"]] == SORTS
    assert [one["rows"] for one in counted["rows"]] == [1, 1, 1, 1, 2, 1, 0, 1, 1, 1]
    assert [one["rows"] for one in count_old(world.context)["rows"]] == [0] * 10


def test_when_things_must_have_ended_is_told(world: World) -> None:
    told = {one["what"]: one["endedBefore"] for one in clean_up(world.context)["rows"]}

    assert (told["batches"], told["deadLetters"]) == ("2026-10-24 12:00:00", "2026-08-25 12:00:00")


def test_a_large_batch_goes_in_steps(world: World, add_tickets: Add, end: End) -> None:
    add_tickets(*range(1, 36))
    world.patch(*({"id": at, "priority": "high"} for at in range(1, 36)), task_id="large")
    world.patch({"id": 1, "priority": "low"}, task_id="small")
    end()
    world.with_settings(chunk_size=10)
    world.pass_time(days=31)
    steps: list[int] = []

    told = clean_up(world.context, told=steps.append)

    assert (removed(told)["batchItems"], removed(told)["batches"]) == (36, 2)
    assert max(steps) <= 11
    assert kept(world, *OF_A_BATCH) == [0] * 7


def test_what_there_was_no_time_for_goes_the_next_time(world: World, add_tickets: Add, end: End) -> None:
    add_tickets(*range(1, 31))
    world.patch(*({"id": at, "priority": "high"} for at in range(1, 31)), task_id="key")
    end()
    world.with_settings(chunk_size=10, clean_up_budget=timedelta(0))
    world.pass_time(days=31)

    first = clean_up_some(world.context)
    for _ in range(20):
        last = clean_up_some(world.context)

    assert (first["finished"], removed(first)) == (False, {"webhookEvents": 10})
    assert (last["finished"], removed(last)) == (False, {})
    assert kept(world, EventRow) == [0]


def test_several_processes_remove_each_row_once(world: World, add_tickets: Add, end: End) -> None:
    add_tickets(*range(1, 41))
    for at in range(1, 41):
        world.patch({"id": at, "priority": "high"}, task_id=f"key-{at}")
    end()
    world.with_settings(chunk_size=5)
    world.pass_time(days=31)
    start = threading.Barrier(3)
    told: list[dict[str, int]] = []

    def work() -> None:
        start.wait()
        told.append(removed(clean_up(world.context)))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told.append(removed(clean_up(world.context)))

    for sort in ("batches", "batchItems", "webhookEvents"):
        assert sum(one.get(sort, 0) for one in told) == 40
    assert kept(world, *OF_A_BATCH) == [0] * 7


def test_a_webhook_that_is_replayed_at_that_moment_stays(world: World, batch_id: str, end: End) -> None:  # noqa: ARG001
    end()
    world.pass_time(days=31)
    (webhook,) = world.rows(DeliveryRow)
    replay_webhook(world.context, webhook["id"])

    clean_up(world.context)

    assert kept(world, DeliveryRow, EventRow) == [1, 1]
    assert count_old(world.context)["rows"][1]["rows"] == 0
