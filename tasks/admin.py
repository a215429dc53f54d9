"""What admins start through Flower's API and watch in Flower: ids or a small filter, checked as strictly as a batch."""

from __future__ import annotations

from typing import Any

from config.routing import TaskName
from worker.app import task
from worker.operations import control, dead
from worker.operations import replay_webhook as replays
from worker.operations import rerun as reruns
from worker.operations import retry_failed as retries
from worker.operations.answered import answered
from worker.operations.explanation import explain as explanation
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


@task(TaskName.RETRY_FAILED)
def retry_failed(batch_id: object) -> Answer:
    """Send the rejected items of an ended batch again, as a batch of their own."""
    return answered(retries.retry_failed, context(), batch_id)


@task(TaskName.CANCEL_BATCH)
def cancel_batch(batch_id: object) -> Answer:
    """Apply nothing more of a batch, for good."""
    return answered(control.cancel, context(), batch_id)


@task(TaskName.PAUSE)
def pause(batch_id: object) -> Answer:
    """Apply nothing more of a batch until it is resumed."""
    return answered(control.pause, context(), batch_id)


@task(TaskName.RESUME)
def resume(batch_id: object) -> Answer:
    """Go on with a paused batch."""
    return answered(control.resume, context(), batch_id)


@task(TaskName.EXPLAIN)
def explain(batch_id: object, ticket_id: object) -> Answer:
    """Why a ticket of a batch is as it is; without what people wrote, since Flower shows results."""
    return answered(explanation.explain, context(), batch_id, ticket_id, contents=False)


@task(TaskName.REPLAY_WEBHOOK)
def replay_webhook(delivery_id: object) -> Answer:
    """Send a webhook that has ended again, under the same id."""
    return answered(replays.replay_webhook, context(), delivery_id)


@task(TaskName.DEAD_LETTERS)
def dead_letters(limit: object = 50) -> Answer:
    """The newest dead letters."""
    return {"success": True, "deadLetters": dead.list_dead(context(), limit)}
