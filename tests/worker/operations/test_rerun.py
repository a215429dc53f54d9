"""What a re-run asks for, on both databases."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select, update

from config.routing import ROUTES, TaskName
from tests.worker.operations.conftest import Add, World
from worker.context import Context
from worker.domain.words import RefreshMode, RunState
from worker.operations.arguments import RefusedArguments
from worker.operations.publish import publish
from worker.operations.refresh_requests import TASKS
from worker.operations.rerun import rerun
from worker.storage.outbox import Message
from worker.storage.runs import claim_runs
from worker.storage.tables import Base, OutboxRow, RefreshRunRow


def answer(matched: int, scheduled: int = 0, merged: int = 0, spam: int = 0) -> dict[str, object]:
    return {"success": True, "matched": matched, "scheduled": scheduled, "merged": merged, "skippedSpam": spam}


def rows_of(world: World, model: type[Base]) -> list[dict[str, Any]]:
    with world.context.database.read() as connection:
        return [dict(row) for row in connection.execute(select(model.__table__)).mappings()]


def end_runs(world: World) -> None:
    with world.context.database.write() as connection:
        connection.execute(update(RefreshRunRow).values(state=RunState.DONE.value))


def test_a_rerun_asks_for_every_ticket_that_matches(world: World, add_tickets: Add) -> None:
    add_tickets(1, 2, status="open")
    add_tickets(3, status="closed")
    assert rerun(world.context, mode="full", where={"status": "open"}) == answer(2, scheduled=2)
    runs = rows_of(world, RefreshRunRow)
    assert {(run["ticket_id"], run["mode"], run["state"]) for run in runs} == {
        (1, "full", "waiting"),
        (2, "full", "waiting"),
    }
    assert {run["requested_by"] for run in runs} == {"rerun"}


def test_every_mode_has_a_task() -> None:
    assert TASKS.keys() == {*RefreshMode}
    assert len({*TASKS.values()}) == len(RefreshMode)


@pytest.mark.parametrize("mode", RefreshMode)
def test_the_runs_of_a_mode_leave_in_messages_of_its_task(world: World, add_tickets: Add, mode: RefreshMode) -> None:
    size = ROUTES[TASKS[mode]].chunk
    world.with_settings(chunk_size=size + 1)  # one page of tickets
    add_tickets(*range(1, size + 2))
    rerun(world.context, mode=mode.value, where={})
    assert [message.task for message in world.sent] == [TASKS[mode]] * 2
    carried = [message.arguments["run_ids"] for message in world.sent]
    assert sorted(map(len, carried)) == [1, size]
    assert sorted(itertools.chain.from_iterable(carried)) == sorted(run["id"] for run in rows_of(world, RefreshRunRow))
    assert {row["id"] for row in rows_of(world, OutboxRow)} == {message.id for message in world.sent}


def test_the_runs_of_a_message_can_be_claimed(world: World, add_tickets: Add) -> None:
    add_tickets(1, 2)
    rerun(world.context, mode="tags", where={}, force=True)
    (message,) = world.sent
    with world.context.database.write() as connection:
        runs = claim_runs(connection, message.arguments["run_ids"], now=world.now, lease_until=world.now)
    assert [(run.mode, run.force) for run in runs] == [(RefreshMode.TAGS, True)] * 2


def test_a_repeated_rerun_merges_into_what_waits(world: World, add_tickets: Add) -> None:
    add_tickets(1, 2)
    rerun(world.context, mode="tags", where={})
    world.sent.clear()
    assert rerun(world.context, mode="tags", where={}) == answer(2, merged=2)
    assert world.sent == []
    assert Counter(run["state"] for run in rows_of(world, RefreshRunRow)) == {"waiting": 2, "merged": 2}


def test_a_rerun_of_all_stages_takes_in_what_waits(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    rerun(world.context, mode="tags", where={})
    assert rerun(world.context, mode="full", where={}) == answer(1, scheduled=1)
    assert {(run["mode"], run["state"]) for run in rows_of(world, RefreshRunRow)} == {
        ("tags", "merged"),
        ("full", "waiting"),
    }


@pytest.mark.parametrize("dry_run", [True, False])
def test_spam_is_skipped_when_it_is_asked_for(
    world: World, add_tickets: Add, add_tags: Callable[..., None], *, dry_run: bool
) -> None:
    world.with_settings(spam_detection_tag_ids=frozenset({9}))
    add_tags(9)
    add_tickets(1)
    add_tickets(2, spam_status="auto_spam")
    add_tickets(3, spam_status="auto_programmatic")
    add_tickets(4, spam_status="manual_spam")
    add_tickets(5, tags={9: "ai"})
    add_tickets(6, tags={9: "ai"}, spam_status="manual_clean")
    scheduled = 0 if dry_run else 2
    expected = answer(6, scheduled=scheduled, spam=4)
    assert rerun(world.context, mode="tags", where={}, force=True, dry_run=dry_run) == expected
    assert {run["ticket_id"] for run in rows_of(world, RefreshRunRow)} == (set() if dry_run else {1, 6})


def test_a_dry_run_writes_and_sends_nothing(world: World, add_tickets: Add) -> None:
    add_tickets(1, 2)
    assert rerun(world.context, mode="full", where={}, dry_run=True) == answer(2)
    assert rows_of(world, RefreshRunRow) == []
    assert rows_of(world, OutboxRow) == []
    assert world.sent == []


def test_nothing_that_matches_is_a_success(world: World) -> None:
    assert rerun(world.context, mode="full", where={}) == answer(0)


@pytest.mark.parametrize("tickets", [4, 5])
@pytest.mark.parametrize("dry_run", [True, False])
def test_pages_leave_no_ticket_out(world: World, add_tickets: Add, tickets: int, *, dry_run: bool) -> None:
    world.with_settings(chunk_size=2)
    add_tickets(*range(1, tickets + 1))
    expected = answer(tickets, scheduled=0 if dry_run else tickets)
    assert rerun(world.context, mode="tags", where={}, dry_run=dry_run) == expected


class Killed(BaseException):
    """What ends a process between two pages."""


def cut_off(world: World, after: int) -> Context:
    """A context whose process is lost when it has sent so many times."""
    left = itertools.count(1)

    def send_some(messages: Sequence[Message]) -> None:
        if next(left) > after:
            raise Killed
        world.context.send(messages)

    return replace(world.context, send=send_some)


def test_a_rerun_that_was_cut_off_goes_on_without_asking_twice(world: World, add_tickets: Add) -> None:
    world.with_settings(chunk_size=2)
    add_tickets(*range(1, 8))
    arguments: dict[str, Any] = {"mode": "tags", "where": {}, "request_id": "task-1"}
    with pytest.raises(Killed):
        rerun(cut_off(world, after=1), **arguments)
    assert len(rows_of(world, RefreshRunRow)) == 4
    end_runs(world)  # the first pages' runs were quick
    assert rerun(world.context, **arguments) == answer(7, scheduled=3)
    assert sorted(run["ticket_id"] for run in rows_of(world, RefreshRunRow)) == list(range(1, 8))


def test_what_was_written_but_not_sent_leaves_with_the_sweep(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    with pytest.raises(Killed):
        rerun(cut_off(world, after=0), mode="tags", where={})
    assert world.sent == []
    world.pass_time(seconds=world.context.settings.resend_after.total_seconds())
    publish(world.context)
    assert [message.task for message in world.sent] == [TaskName.REFRESH_TAGS]


def test_another_request_asks_again_for_what_has_ended(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    for request_id in ("task-1", "task-2", None, None):
        assert rerun(world.context, mode="tags", where={}, request_id=request_id) == answer(1, scheduled=1)
        end_runs(world)


def test_two_processes_with_one_request_ask_for_each_ticket_once(world: World, add_tickets: Add) -> None:
    world.with_settings(chunk_size=5)
    add_tickets(*range(1, 41))
    run = threading.Barrier(2)
    answers: list[dict[str, object]] = []

    def work() -> None:
        run.wait()
        answers.append(rerun(world.context, mode="tags", where={}, request_id="task-1"))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(int(str(one["scheduled"])) for one in answers) == 40
    with world.context.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(RefreshRunRow)) == 40


@pytest.mark.parametrize(
    ("arguments", "field", "code"),
    [
        ({"mode": "everything"}, "mode", "invalid_value"),
        ({"mode": None}, "mode", "invalid_type"),
        ({"force": "yes"}, "force", "invalid_type"),
        ({"dry_run": 1}, "dry_run", "invalid_type"),
        ({"where": {"status": "opne"}}, "where.status", "invalid_value"),
        ({"where": []}, "where", "invalid_type"),
    ],
)
def test_wrong_arguments_are_refused_and_nothing_is_done(
    world: World, add_tickets: Add, arguments: dict[str, Any], field: str, code: str
) -> None:
    add_tickets(1)
    with pytest.raises(RefusedArguments) as caught:
        rerun(world.context, **{"mode": "tags", "where": {}} | arguments)
    assert [(error.field, error.code.value) for error in caught.value.errors] == [(field, code)]
    assert caught.value.reason == f"{code}: {field}"
    assert rows_of(world, RefreshRunRow) == []
