"""What other services send: bulk patches; and batches that somebody must finish."""

from __future__ import annotations

from typing import Any

from config.routing import TaskName
from worker.app import task
from worker.operations.ingest import bulk_patch as use_case
from worker.operations.ingest.accept import Flags
from worker.runtime import context
from worker.task import Task


@task(TaskName.BULK_PATCH, bind=True, endless=True)
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
) -> dict[str, Any]:
    """Validate, save, announce and dispatch a batch (interface: `tasks.ingest.bulk_patch`)."""
    flags = Flags(include_in_worklog, idempotency_key, atomic, dry_run, user_id, source, priority)
    return use_case.bulk_patch(context(), items, flags, self.request.id)


@task(TaskName.RESUME_BATCH, ignore_result=True, endless=True)
def resume(batch_id: str) -> None:
    """Go on with an accepted batch whose process was lost."""
    use_case.resume(context(), batch_id)
