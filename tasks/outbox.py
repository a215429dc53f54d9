"""The sweep of the outbox."""

from __future__ import annotations

from config.routing import TaskName
from worker.app import task
from worker.operations.publish import publish
from worker.runtime import context


@task(TaskName.RELAY_OUTBOX, ignore_result=True)
def relay() -> None:
    """Send what was not sent, or not finished."""
    publish(context())
