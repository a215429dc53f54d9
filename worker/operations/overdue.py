"""Tickets whose due date has passed are announced, each once for that date."""

from __future__ import annotations

from functools import partial

import structlog
from sqlalchemy import Connection

from worker.context import Context
from worker.domain.entities import Ticket
from worker.operations.announce import announce_each
from worker.operations.sweep import sweep
from worker.storage.due import mark_overdue, overdue
from worker.storage.tickets import lock_tickets, stored
from worker.webhooks.body import TICKET_OVERDUE

log = structlog.get_logger(__name__)

TOLD = ("dueBy", "status", "priority", "agentId")
"""What the event tells of a ticket."""


def announce_overdue(context: Context) -> int:
    """Announce all tickets that are overdue, some at a time; several processes may do so at once.

    Endpoints that ask for `ticketOverdue` are told; who asks later, is not told of what has been. A ticket that gets
    another `dueBy` is announced again when that has passed.
    """
    total = sweep(context, partial(_announce_some, context))
    if total:
        log.info("overdue_announced", tickets=total)
    return total


def _announce_some(context: Context, connection: Connection) -> tuple[int, list[str]]:
    now = context.clock()
    ids = overdue(connection, now, context.settings.chunk_size)
    tickets = lock_tickets(connection, ids, TOLD)
    mark_overdue(connection, ids)
    told = [(tickets[ticket_id], _told(tickets[ticket_id])) for ticket_id in ids]
    return len(ids), announce_each(connection, TICKET_OVERDUE, "dueBy", told, now)


def _told(ticket: Ticket) -> dict[str, object]:
    return {name: stored(ticket.values[name]) for name in TOLD}
