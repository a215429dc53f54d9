"""What admins start through Flower's API and watch in Flower: ids or a small filter, checked as strictly as a batch."""

from __future__ import annotations

from typing import Any

from config.routing import TaskName
from worker.app import task
from worker.operations import dead
from worker.operations import rerun as reruns
from worker.runtime import context
from worker.task import Task

Answer = dict[str, Any]


@task(TaskName.RERUN, bind=True)
def rerun(self: Task, mode: object, where: object = None, force: object = False, dry_run: object = False) -> Answer:
    """Ask for refreshes of the tickets that match, `rerun("tags", {"status": "open"})`; a dry run counts them."""
    return reruns.rerun(
        context(),
        mode=mode,
        where={} if where is None else where,
        force=force,
        dry_run=dry_run,
        request_id=self.request.id,
    )


@task(TaskName.DEAD_LETTERS)
def dead_letters(limit: int = 50) -> Answer:
    """The newest dead letters."""
    return {"success": True, "deadLetters": dead.list_dead(context(), limit)}
