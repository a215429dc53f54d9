"""What beat sends by itself. Re-runs that people schedule are kept in the database instead."""

from __future__ import annotations

from datetime import timedelta

from config.routing import TaskName
from config.settings import Settings

SYNC_INTERVAL = timedelta(minutes=1)
"""How often beat's copy of people's schedules is made to agree with the database again."""

TICKS = frozenset(
    {
        TaskName.RELAY_OUTBOX,
        TaskName.COLLECT_DEAD,
        TaskName.REOPEN_PENDING,
        TaskName.ANNOUNCE_OVERDUE,
        TaskName.EXECUTE_DUE,
        TaskName.SYNC_SCHEDULES,
    }
)
"""What beat sends again and again, mostly to find nothing to do."""


def beat_schedule(settings: Settings) -> dict[str, dict[str, object]]:
    """Celery's `beat_schedule`: one entry a task, under the task's own name."""
    intervals = {
        TaskName.RELAY_OUTBOX: settings.relay_interval,
        TaskName.COLLECT_DEAD: settings.relay_interval,
        TaskName.REOPEN_PENDING: settings.reopen_interval,
        TaskName.ANNOUNCE_OVERDUE: settings.overdue_interval,
        TaskName.EXECUTE_DUE: settings.auto_execute_interval,
        TaskName.SYNC_SCHEDULES: SYNC_INTERVAL,
        TaskName.CLEAN_UP: settings.clean_up_interval,
    }
    return {str(task): _every(interval, task) for task, interval in intervals.items()}


def _every(interval: timedelta, task: TaskName) -> dict[str, object]:
    """A tick that nobody took before the next one is dropped: ticks must not pile up while the workers are away."""
    return {"task": str(task), "schedule": interval, "options": {"expires": interval.total_seconds()}}
