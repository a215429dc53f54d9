"""Refresh runs: who waits for whom, who may start, and who may write."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.worker.operations.conftest import ticket_row
from worker.domain.words import RefreshMode, RunState
from worker.storage.bulk import insert_rows
from worker.storage.database import Database
from worker.storage.runs import (
    COVERED,
    SAME,
    Request,
    RequestedBy,
    Run,
    claim_runs,
    end_runs,
    held_runs,
    next_start,
    request_runs,
)
from worker.storage.tables import RefreshRunRow, TicketRow
from worker.storage.tickets import lock_tickets

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
LEASE = timedelta(minutes=5)
SOON = NOON + timedelta(seconds=2)
FULL, TAGS, AGENTS = RefreshMode.FULL, RefreshMode.TAGS, RefreshMode.AGENTS


@pytest.fixture(autouse=True)
def tickets(database: Database) -> None:
    with database.write() as connection:
        insert_rows(connection, TicketRow, [ticket_row(ticket_id) for ticket_id in range(1, 6)])


def ask(
    database: Database, *requests: Request, force: bool = False, at: datetime = NOON
) -> dict[RefreshMode, list[str]]:
    def work(connection: Any) -> dict[RefreshMode, list[str]]:  # noqa: ANN401
        lock_tickets(connection, {ticket_id for ticket_id, _ in requests}, ())
        return request_runs(connection, requests, RequestedBy("batch", "b", force), at)

    return database.transact(work)


def claim(database: Database, *run_ids: str, at: datetime = NOON) -> list[Run]:
    return database.transact(lambda connection: claim_runs(connection, run_ids, now=at, lease_until=at + LEASE))


def rows(database: Database) -> dict[str, dict[str, Any]]:
    with database.read() as connection:
        found = connection.execute(select(RefreshRunRow.__table__)).mappings()
        return {row["id"]: dict(row) for row in found}


def end(database: Database, *runs: Run, **columns: Any) -> None:  # noqa: ANN401
    ended: dict[str, Any] = {
        "state": RunState.DONE.value,
        "reason": None,
        "stages": [],
        "lease_until": None,
        "finished_at": NOON,
    }
    with database.write() as connection:
        end_runs(connection, [{"id": run.id} | ended | columns for run in runs])


def next_look(database: Database, *run_ids: str) -> datetime | None:
    with database.read() as connection:
        return next_start(connection, run_ids, SOON)


def test_a_request_becomes_a_waiting_run(database: Database) -> None:
    fresh = ask(database, (1, TAGS), (2, AGENTS))

    assert {mode: len(ids) for mode, ids in fresh.items()} == {TAGS: 1, AGENTS: 1}
    row = rows(database)[fresh[TAGS][0]]
    assert (row["ticket_id"], row["mode"], row["state"], row["batch_id"]) == (1, "tags", "waiting", "b")
    assert (row["requested_by"], row["attempt"], row["crashes"], row["created_at"]) == ("batch", 0, 0, NOON)


@pytest.mark.parametrize(("first", "second", "reason"), [(TAGS, TAGS, SAME), (FULL, TAGS, COVERED), (FULL, FULL, SAME)])
def test_a_request_merges_into_what_waits_and_covers_it(
    database: Database, first: RefreshMode, second: RefreshMode, reason: str
) -> None:
    ((waiting,),) = ask(database, (1, first)).values()

    assert ask(database, (1, second)) == {}

    (merged,) = [row for row in rows(database).values() if row["id"] != waiting]
    assert (merged["state"], merged["reason"], merged["merged_into"]) == ("merged", reason, waiting)
    assert merged["finished_at"] == NOON


@pytest.mark.parametrize("together", [True, False])
def test_a_full_request_takes_in_what_waits(database: Database, *, together: bool) -> None:
    requests = [(1, TAGS), (1, AGENTS), (1, FULL)]
    for part in [requests] if together else [[one] for one in requests]:
        fresh = ask(database, *part)

    (full,) = fresh[FULL]
    others = [row for row in rows(database).values() if row["id"] != full]
    assert {(row["state"], row["reason"], row["merged_into"]) for row in others} == {("merged", COVERED, full)}
    assert rows(database)[full]["state"] == "waiting"


def test_other_modes_and_tickets_wait_side_by_side(database: Database) -> None:
    ask(database, (1, TAGS), (1, AGENTS), (2, TAGS))

    assert [row["state"] for row in rows(database).values()] == ["waiting"] * 3


def test_a_run_that_has_begun_covers_no_later_request(database: Database) -> None:
    ((first,),) = ask(database, (1, TAGS)).values()
    claim(database, first)

    assert list(ask(database, (1, TAGS))) == [TAGS]


def test_a_forced_request_forces_the_run_that_covers_it(database: Database) -> None:
    ((waiting,),) = ask(database, (1, RefreshMode.CUSTOMER)).values()

    ask(database, (1, RefreshMode.CUSTOMER), force=True)

    (run,) = claim(database, waiting)
    assert run.force


def test_requests_that_meet_end_in_one_waiting_run(database: Database) -> None:
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        for _ in range(5):
            ask(database, *((ticket_id, TAGS) for ticket_id in range(1, 6)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    states = [(row["ticket_id"], row["state"]) for row in rows(database).values()]
    assert len(states) == 100
    assert sorted(ticket_id for ticket_id, state in states if state == "waiting") == [1, 2, 3, 4, 5]


def test_a_claimed_run_is_nobody_else_s(database: Database) -> None:
    ((run_id,),) = ask(database, (1, TAGS)).values()

    (run,) = claim(database, run_id)

    assert (run.id, run.ticket_id, run.mode, run.attempt, run.crashes) == (run_id, 1, TAGS, 1, 0)
    assert claim(database, run_id, at=NOON + LEASE - timedelta(seconds=1)) == []
    row = rows(database)[run_id]
    assert (row["state"], row["lease_until"], row["started_at"]) == ("running", NOON + LEASE, NOON)


def test_a_run_does_not_start_while_another_holds_its_ticket(database: Database) -> None:
    fresh = ask(database, (1, TAGS), (1, AGENTS))
    (held,) = claim(database, *fresh[TAGS])
    assert claim(database, *fresh[AGENTS]) == []

    end(database, held)

    assert [run.mode for run in claim(database, *fresh[AGENTS])] == [AGENTS]


def test_of_one_ticket_s_runs_the_oldest_starts_alone(database: Database) -> None:
    (second,) = ask(database, (1, TAGS), at=NOON + timedelta(seconds=1))[TAGS]
    (first,) = ask(database, (1, AGENTS), at=NOON)[AGENTS]

    assert [run.id for run in claim(database, first, second, at=NOON + LEASE)] == [first]


def test_a_lost_run_is_started_again_with_its_crash_counted(database: Database) -> None:
    ((run_id,),) = ask(database, (1, TAGS)).values()
    claim(database, run_id)

    (run,) = claim(database, run_id, at=NOON + LEASE)

    assert (run.attempt, run.crashes) == (2, 1)


def test_a_run_that_failed_for_a_passing_reason_is_no_crash(database: Database) -> None:
    ((run_id,),) = ask(database, (1, TAGS)).values()
    end(database, *claim(database, run_id), state="running", reason="model_busy", lease_until=NOON, finished_at=None)

    (run,) = claim(database, run_id)

    assert (run.attempt, run.crashes) == (2, 0)
    assert rows(database)[run_id]["reason"] is None


def test_lost_runs_start_after_all_others_and_one_at_a_time(database: Database) -> None:
    fresh = ask(database, *((ticket_id, TAGS) for ticket_id in range(1, 5)))[TAGS]
    lost = {run.id for run in claim(database, *fresh[:2])}
    later = NOON + LEASE

    first, second, third = (claim(database, *fresh, at=later) for _ in range(3))

    assert {run.id for run in first} == {*fresh} - lost
    assert (len(second), len(third)) == (1, 1)
    assert {run.id for run in (*second, *third)} == lost


def test_a_run_knows_the_version_that_its_ticket_had_when_it_first_began(database: Database) -> None:
    ((run_id,),) = ask(database, (1, TAGS)).values()
    set_version(database, 3)
    (first,) = claim(database, run_id)
    set_version(database, 4)

    (second,) = claim(database, run_id, at=NOON + LEASE)

    assert (first.ticket_version, second.ticket_version) == (3, 3)


def set_version(database: Database, version: int) -> None:
    with database.write() as connection:
        connection.execute(update(TicketRow).values(version=version))


def test_claims_that_meet_start_each_run_once(database: Database) -> None:
    fresh = ask(database, *((ticket_id, mode) for ticket_id in range(1, 6) for mode in (TAGS, AGENTS)))
    ids = [run_id for part in fresh.values() for run_id in part]
    start = threading.Barrier(4)
    claimed: list[Run] = []

    def work() -> None:
        start.wait()
        claimed.extend(claim(database, *ids))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(run.ticket_id for run in claimed) == [1, 2, 3, 4, 5]


def test_an_attempt_that_was_taken_over_holds_nothing(database: Database) -> None:
    fresh = ask(database, (1, TAGS), (2, TAGS))[TAGS]
    first = claim(database, *fresh)
    (second,) = claim(database, first[0].id, at=NOON + LEASE)

    with database.write() as connection:
        assert held_runs(connection, first) == {first[1].id}
        assert held_runs(connection, [second]) == {second.id}


def test_an_ended_run_is_held_by_nobody(database: Database) -> None:
    ((run_id,),) = ask(database, (1, TAGS)).values()
    (run,) = claim(database, run_id)
    end(database, run)

    with database.write() as connection:
        assert held_runs(connection, [run]) == set()


def test_ended_runs_need_no_look(database: Database) -> None:
    ((run_id,),) = ask(database, (1, TAGS)).values()
    end(database, *claim(database, run_id))

    assert next_look(database, run_id, "nowhere") is None


def test_a_running_one_is_looked_at_when_its_lease_ends(database: Database) -> None:
    ((run_id,),) = ask(database, (1, TAGS)).values()
    claim(database, run_id)

    assert next_look(database, run_id) == NOON + LEASE


def test_one_behind_a_running_one_is_looked_at_soon(database: Database) -> None:
    fresh = ask(database, (1, TAGS), (1, AGENTS))
    claim(database, *fresh[TAGS])

    assert next_look(database, *fresh[AGENTS]) == SOON
    assert next_look(database, *fresh[AGENTS], *fresh[TAGS]) == SOON


def test_one_behind_a_run_that_is_tried_again_later_is_looked_at_then(database: Database) -> None:
    fresh = ask(database, (1, TAGS), (1, AGENTS))
    again = {"state": "running", "reason": "model_busy", "lease_until": NOON + timedelta(hours=1), "finished_at": None}
    end(database, *claim(database, *fresh[TAGS]), **again)

    assert next_look(database, *fresh[AGENTS]) == NOON + timedelta(hours=1)
