"""How long the phases of a batch took, and how fast they went."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, update

from tests.worker.operations.conftest import START, Add, World
from worker.domain.words import BatchState, Lane
from worker.operations.ingest.accept import Flags, accept
from worker.operations.ingest.bulk_patch import resume
from worker.operations.inspection.batch import show_batch
from worker.operations.inspection.phases import phases
from worker.storage.batches import Batch
from worker.storage.bulk import insert_rows
from worker.storage.caused import Tally
from worker.storage.tables import AttemptRow, DeliveryRow, EndpointRow, RefreshRunRow


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def batch(state: BatchState, **values: Any) -> Batch:  # noqa: ANN401 - a field's own type
    """A batch of 100 items that was accepted at the start."""
    given: dict[str, Any] = dict.fromkeys(Batch.__dataclass_fields__, 0)
    given |= {"state": state, "received": 100, "lane": Lane.BULK, "created_at": START}
    given |= {"started_at": None, "finished_at": None}
    return Batch(**given | values)


def tally(state: str, count: int, first: float, last: float | None = None, *, own: bool = True) -> Tally:
    return Tally("tags", state, own, count, after(first), None if last is None else after(last))


def told(one: Batch, runs: list[Tally] | None = None, at: float = 10) -> dict[str, tuple[Any, ...]]:
    """Seconds, done, total, pace and whether it runs, by the phase's name."""
    documents = [phase.document for phase in phases(one, runs or [], [], after(at))]
    names = ("seconds", "done", "total", "perSecond", "running")
    return {document["phase"]: tuple(document[name] for name in names) for document in documents}


def test_an_accepted_batch_waits() -> None:
    shown = told(batch(BatchState.ACCEPTED))

    assert shown["waiting"] == (10.0, 0, 100, None, True)
    assert shown["applying"] == (None, 0, 100, None, False)


def test_a_running_batch_is_applied_until_now() -> None:
    shown = told(batch(BatchState.RUNNING, started_at=after(2), updated=30, rejected=10))

    assert shown["waiting"] == (2.0, 100, 100, None, False)
    assert shown["applying"] == (8.0, 40, 100, 5.0, True)


def test_a_batch_that_is_done_was_applied_until_its_end() -> None:
    shown = told(batch(BatchState.DONE, started_at=after(2), finished_at=after(4), updated=100), at=1000)

    assert shown["applying"] == (2.0, 100, 100, 50.0, False)


@pytest.mark.parametrize("started", [None, after(2)])
def test_nothing_of_a_paused_batch_runs(started: datetime | None) -> None:
    shown = told(batch(BatchState.PAUSED, started_at=started))

    assert [phase[-1] for phase in shown.values()] == [False] * 4


def test_a_batch_that_was_cancelled_before_it_began_has_only_waited() -> None:
    shown = told(batch(BatchState.CANCELLED, finished_at=after(3), rejected=100))

    assert shown["waiting"] == (3.0, 0, 100, None, False)
    assert shown["applying"] == (None, 100, 100, None, False)


def test_refreshing_lasts_from_the_first_request_until_now_while_one_is_open() -> None:
    runs = [tally("done", 6, 2, 5), tally("waiting", 4, 3)]

    assert told(batch(BatchState.RUNNING, started_at=START), runs)["refreshing"] == (8.0, 6, 10, 0.8, True)


def test_refreshing_lasts_until_the_last_end() -> None:
    runs = [tally("done", 6, 2, 5), tally("failed", 2, 3, 6)]

    assert told(batch(BatchState.DONE, started_at=START), runs, at=1000)["refreshing"] == (4.0, 8, 8, 2.0, False)


def test_a_run_of_another_batch_does_not_begin_before_this_one_asked() -> None:
    runs = [tally("merged", 1, 2, 2), tally("done", 1, -500, 6, own=False)]

    assert told(batch(BatchState.DONE, started_at=START), runs)["refreshing"] == (4.0, 2, 2, 0.5, False)


def test_clocks_that_differ_make_no_negative_time() -> None:
    assert told(batch(BatchState.RUNNING, started_at=after(-1)))["waiting"][0] == 0.0


def test_phases_are_measured_on_what_is_stored(world: World, add_tickets: Add) -> None:
    add_tickets(1, 2, 3)
    endpoint: dict[str, Any] = {"id": "crm", "url": "http://127.0.0.1:1/", "secret": "whsec_AAAA", "enabled": True}
    with world.context.database.write() as connection:
        insert_rows(
            connection, EndpointRow, [endpoint | {"events": ["ticketUpdated"], "channels": [], "subchannels": []}]
        )
    world.with_settings(chunk_size=1)
    items = [{"id": 1, "status": "closed"}, {"id": 2, "status": "closed"}, {"id": 3, "refreshMode": "tags"}]
    batch_id = accept(world.context, items, Flags(idempotency_key="key")).id
    world.pass_time(seconds=3)
    resume(world.context, batch_id, batch_id)
    with world.context.database.write() as connection:
        end_by_hand(connection, world)

    shown = {phase["phase"]: phase for phase in show_batch(world.context, batch_id)["phases"]}

    assert list(shown) == ["waiting", "applying", "refreshing", "delivering"]
    assert shown["waiting"]["seconds"] == 3.0
    assert (shown["refreshing"]["seconds"], shown["refreshing"]["done"]) == (20.0, 1)
    # The delivered one ended after 5 seconds, the one that was given up with its last attempt after 10.
    assert (shown["delivering"]["seconds"], shown["delivering"]["done"]) == (10.0, 2)


def end_by_hand(connection: Connection, world: World) -> None:
    """Ends the refresh after 20 seconds, one delivery after 5, and the other as dead after 10."""
    later = {seconds: world.now + timedelta(seconds=seconds) for seconds in (5, 8, 10, 20)}
    connection.execute(update(RefreshRunRow).values(state="done", finished_at=later[20]))
    delivered = update(DeliveryRow).where(DeliveryRow.ticket_id == 1)
    connection.execute(delivered.values(state="delivered", delivered_at=later[5]))
    dead = update(DeliveryRow).where(DeliveryRow.ticket_id == 2).values(state="dead")
    (delivery_id,) = connection.execute(dead.returning(DeliveryRow.id)).one()
    attempt: dict[str, Any] = {"delivery_id": delivery_id, "status": 500, "error": None, "duration_ms": 1}
    insert_rows(connection, AttemptRow, [attempt | {"at": later[8]}, attempt | {"at": later[10]}])
