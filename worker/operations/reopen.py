"""Pending tickets whose time has come open by themselves, each once (contract section 3)."""

from __future__ import annotations

from functools import partial

import structlog
from sqlalchemy import Connection

from worker.context import Context
from worker.domain.changes import BY_SYSTEM, net_change
from worker.domain.words import Status
from worker.operations.announce import Cause, announce
from worker.operations.sweep import sweep
from worker.storage.due import due_pending
from worker.storage.tickets import Origin, lock_tickets, save_changes

log = structlog.get_logger(__name__)


def reopen_pending(context: Context) -> int:
    """Reopen all pending tickets that are due, some at a time; several processes may do so at once."""
    total = sweep(context, partial(_reopen_some, context))
    if total:
        log.info("pending_reopened", tickets=total)
    return total


def _reopen_some(context: Context, connection: Connection) -> tuple[int, list[str]]:
    now = context.clock()
    ids = due_pending(connection, now, context.settings.chunk_size)
    tickets = lock_tickets(connection, ids, ())
    opened = (net_change(one, {"status": Status.OPEN.value}, None, by=BY_SYSTEM, now=now) for one in tickets.values())
    changes = [change for change in opened if change is not None]
    save_changes(connection, changes, Origin(BY_SYSTEM, now), worklog=False)
    return len(changes), announce(connection, changes, Cause(now, due_date_passed=True))
