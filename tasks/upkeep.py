"""What beat sends by itself, and what it fires of people's schedules."""

from __future__ import annotations

from typing import Any

from config.routing import TaskName
from worker import runtime
from worker.app import task
from worker.operations import clean_up as retention
from worker.operations import collect_dead as dead
from worker.operations import overdue, reopen, schedule
from worker.operations.execution import run


@task(TaskName.REOPEN_PENDING, ignore_result=True)
def reopen_pending() -> None:
    """Reopen pending tickets that are due."""
    reopen.reopen_pending(runtime.context())


@task(TaskName.ANNOUNCE_OVERDUE, ignore_result=True)
def announce_overdue() -> None:
    """Announce tickets whose due date has passed."""
    overdue.announce_overdue(runtime.context())


@task(TaskName.EXECUTE_DUE, ignore_result=True)
def execute_due() -> None:
    """Carry out what tickets ask for by themselves."""
    run.execute_due(runtime.context())


@task(TaskName.RUN_SCHEDULE)
def run_schedule(name: str) -> dict[str, Any]:
    """Run the latest planned minute of a schedule."""
    return schedule.run_schedule(runtime.context(), name)


@task(TaskName.SYNC_SCHEDULES, ignore_result=True)
def sync_schedules() -> None:
    """Make beat's copy of the schedules agree with the database."""
    runtime.sync_schedules()


@task(TaskName.COLLECT_DEAD, ignore_result=True)
def collect_dead() -> None:
    """Move refused queue entries to the dead-letter table."""
    with runtime.broker() as broker:
        dead.collect_dead(runtime.context(), broker)


@task(TaskName.CLEAN_UP, ignore_result=True)
def clean_up() -> None:
    """Remove what has ended long ago, as much as there is time for."""
    retention.clean_up_some(runtime.context())
