"""Asking for refreshes: runs and the messages that carry them, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from config.routing import TaskName
from worker.domain.words import Lane, RefreshMode
from worker.operations.messages import carry
from worker.storage.overtaking import slow_runs
from worker.storage.runs import Request, RequestedBy, request_runs

TASKS: dict[RefreshMode, TaskName] = {
    RefreshMode.FULL: TaskName.REFRESH_FULL,
    RefreshMode.SUMMARY_AND_TEXT: TaskName.REFRESH_SUMMARY_AND_TEXT,
    RefreshMode.CUSTOMER: TaskName.REFRESH_CUSTOMER,
    RefreshMode.TAGS: TaskName.REFRESH_TAGS,
    RefreshMode.TAGS_RULE_BASED: TaskName.REFRESH_TAGS_RULE_BASED,
    RefreshMode.AGENTS: TaskName.REFRESH_AGENTS,
}
"""The task of each mode (contract section 4)."""


def request(
    connection: Connection,
    requests: Sequence[Request],
    by: RequestedBy,
    now: datetime,
    lane: Lane = Lane.INTERACTIVE,
) -> list[str]:
    """Ask for refreshes of locked tickets; the ids of the messages to publish after the commit.

    A request that merges into a run that waits already needs no message: that run has one. But an interactive request
    does not wait for the bulk lane: the run that covers it gets a second message, and whichever comes first runs it.
    """
    if not requests:
        return []
    slow = slow_runs(connection, requests) if lane is Lane.INTERACTIVE else {}
    messages: list[str] = []
    for runs in (slow, request_runs(connection, requests, by, now)):
        messages += add_run_messages(connection, runs, batch_id=by.batch_id, now=now, lane=lane)
    return messages


def add_run_messages(
    connection: Connection,
    runs: Mapping[RefreshMode, Sequence[str]],
    *,
    batch_id: str | None,
    now: datetime,
    lane: Lane,
) -> list[str]:
    """Write the messages that carry these new runs, as many in one as the route of their task says."""
    messages: list[str] = []
    for mode, run_ids in runs.items():
        messages += carry(connection, TASKS[mode], "run_ids", run_ids, batch_id=batch_id, now=now, lane=lane)
    return messages
