"""What beat sends by itself."""

from __future__ import annotations

from config.routing import TaskName
from worker.app import task
from worker.operations import reopen
from worker.runtime import context


@task(TaskName.REOPEN_PENDING, ignore_result=True)
def reopen_pending() -> None:
    """Reopen pending tickets that are due."""
    reopen.reopen_pending(context())
