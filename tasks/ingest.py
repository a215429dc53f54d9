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
def bulk_patch(self: Task, items: object, **flags: Any) -> dict[str, Any]:  # noqa: ANN401 - checked by the operation
    """Validate, save, announce and dispatch a batch (interface: `tasks.ingest.bulk_patch`)."""
    return use_case.bulk_patch(context(), items, Flags(**flags), self.request.id)


@task(TaskName.RESUME_BATCH, ignore_result=True, endless=True)
def resume(batch_id: str) -> None:
    """Go on with an accepted batch whose process was lost."""
    use_case.resume(context(), batch_id)
