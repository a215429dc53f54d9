"""Webhooks on their way."""

from __future__ import annotations

from config.routing import TaskName
from worker.app import task
from worker.operations import deliver as use_case
from worker.runtime import context
from worker.task import Task


@task(TaskName.DELIVER_WEBHOOKS, bind=True)
def deliver(self: Task, delivery_ids: list[str]) -> dict[str, int]:
    """Send deliveries."""
    return use_case.deliver(context(), delivery_ids, self.request.id)
