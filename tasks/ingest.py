"""What other services send: bulk patches; and batches that somebody must finish."""

from __future__ import annotations

from config.routing import TaskName
from worker.app import task
from worker.operations.ingest import bulk_patch as use_case
from worker.operations.ingest.accept import Flags
from worker.operations.ingest.bulk_patch import Answer
from worker.runtime import context
from worker.task import Task


@task(TaskName.BULK_PATCH, bind=True, endless=True, sliced=True)
def bulk_patch(
    self: Task,
    items: object,
    include_in_worklog: bool = True,
    idempotency_key: str | None = None,
    atomic: bool = False,
    dry_run: bool = False,
    user_id: int | None = None,
    source: str | None = None,
    priority: str | None = None,
) -> Answer | None:
    """Validate, save, announce and dispatch a batch (interface: `tasks.ingest.bulk_patch`)."""
    flags = Flags(include_in_worklog, idempotency_key, atomic, dry_run, user_id, source, priority)
    return use_case.bulk_patch(context(), items, flags, self.request.id)


@task(TaskName.RESUME_BATCH, bind=True, endless=True, sliced=True)
def resume(self: Task, batch_id: str, turn: int = 0) -> Answer | None:
    """Go on with an accepted batch; the result is that of `bulk_patch`, stored under its task id."""
    return use_case.resume(context(), batch_id, self.request.id, turn)
