"""One task for each refreshMode; each takes the ids of runs and nothing else."""

from __future__ import annotations

from config.routing import TaskName
from worker.app import task
from worker.operations.refresh.run import refresh
from worker.runtime import context
from worker.task import Task

Ended = dict[str, int]


@task(TaskName.REFRESH_FULL, bind=True)
def full(self: Task, run_ids: list[str]) -> Ended:
    """All stages."""
    return refresh(context(), run_ids, self.request.id)


@task(TaskName.REFRESH_SUMMARY_AND_TEXT, bind=True)
def summary_and_text(self: Task, run_ids: list[str]) -> Ended:
    """Body text, summary and sentiment."""
    return refresh(context(), run_ids, self.request.id)


@task(TaskName.REFRESH_CUSTOMER, bind=True)
def customer(self: Task, run_ids: list[str]) -> Ended:
    """The customer, and agents when it is another one."""
    return refresh(context(), run_ids, self.request.id)


@task(TaskName.REFRESH_TAGS, bind=True)
def tags(self: Task, run_ids: list[str]) -> Ended:
    """Tags by rules and AI."""
    return refresh(context(), run_ids, self.request.id)


@task(TaskName.REFRESH_TAGS_RULE_BASED, bind=True)
def tags_rule_based(self: Task, run_ids: list[str]) -> Ended:
    """Tags by rules alone."""
    return refresh(context(), run_ids, self.request.id)


@task(TaskName.REFRESH_AGENTS, bind=True)
def agents(self: Task, run_ids: list[str]) -> Ended:
    """Intents by AI agents."""
    return refresh(context(), run_ids, self.request.id)
