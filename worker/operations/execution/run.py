"""Carries out what tickets ask for by themselves when their `autoExecuteAt` has passed."""

from __future__ import annotations

import json

import structlog
from billiard.exceptions import SoftTimeLimitExceeded

from worker.context import Context
from worker.domain.actions import announced
from worker.domain.failures import Permanent, Transient
from worker.operations.execution.claim import Claimed, Work, claim_due, claim_lost
from worker.operations.execution.record import Ended, record
from worker.operations.log_context import bind_work
from worker.operations.publish import publish

log = structlog.get_logger(__name__)

WORKER_LOST = "worker_lost"
ACTION_ERROR = "action_error"
NO_ACTION = "no_action"
"""The plug-in went away after the gates were passed."""


def execute_due(context: Context) -> dict[str, int]:
    """Judge all tickets that are due, and carry out what passes; several processes may do so at once.

    Goes on for half a lease; the next tick takes the rest. What a lost process had claimed is carried out again, under
    the same key, when its lease has ended.

    Returns:
        How many tickets were `due`, and how many actions were `run`, whatever came of them.
    """
    counts = {"due": 0, "run": 0}
    ends_at = context.clock() + context.settings.lease / 2
    while context.clock() < ends_at:
        claimed = _claim(context)
        if not claimed.seen and not claimed.works:
            break
        counts["due"] += claimed.seen
        for work in claimed.works:
            if context.clock() >= work.until:
                break  # another process may have it by now
            _carry_out(context, work)
            counts["run"] += 1
    if any(counts.values()):
        log.info("due_executed", **counts)
    return counts


def _claim(context: Context) -> Claimed:
    """Some of what is due; when nothing is, one that a lost process had claimed."""
    claimed = context.database.transact(lambda connection: claim_due(context, connection))
    publish(context, claimed.messages)
    if claimed.seen:
        return claimed
    lost = context.database.transact(lambda connection: claim_lost(context, connection))
    return Claimed(0, [lost] if lost else [], [])


def _carry_out(context: Context, work: Work) -> None:
    """Run the action with no transaction open, then store what it came to."""
    bind_work([work.execution.ticket_id], [])
    ended = _run(context, work)
    publish(context, context.database.transact(lambda connection: record(context, connection, work, ended)))


def _run(context: Context, work: Work) -> Ended:
    if work.execution.crashes >= context.settings.max_attempts:
        return Permanent(WORKER_LOST)
    code = work.request.agent.code
    action = context.action(code) or (announced if context.settings.default_action == "announce" else None)
    if action is None:
        return Permanent(NO_ACTION)
    try:
        result = action(work.request)
        json.dumps(dict(result.data), allow_nan=False)  # what can't be stored is no result
    except SoftTimeLimitExceeded:
        raise  # the task is out of time; the claim is taken over when its lease has ended
    except (Transient, Permanent) as failure:
        return failure
    except Exception as error:  # noqa: BLE001 - a plug-in's mistake must not end the others
        # Without the message: it may hold what the customer wrote.
        log.warning("action_failed", code=code, error=type(error).__name__)
        return Permanent(ACTION_ERROR)
    return result
