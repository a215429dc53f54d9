"""Tells endpoints of changed tickets: events, deliveries and the messages that carry them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from config.routing import TaskName
from worker.domain.changes import TicketChange
from worker.domain.words import Lane
from worker.operations.messages import carry
from worker.storage.tickets import stored
from worker.storage.webhooks import Event, add_events
from worker.webhooks.body import TICKET_UPDATED, ticket_updated


@dataclass(frozen=True, slots=True)
class Cause:
    """Why tickets changed: whose batch, when, in which lane, and whether only time has passed."""

    at: datetime
    user_id: int | None = None
    batch_id: str | None = None
    lane: Lane = Lane.INTERACTIVE
    due_date_passed: bool = False


def announce(connection: Connection, changes: Sequence[TicketChange], cause: Cause) -> list[str]:
    """One event for each changed ticket; the ids of messages that carry many deliveries each."""
    occurred_at = str(stored(cause.at.replace(microsecond=0)))
    events = [_event(change, cause, occurred_at) for change in changes if change.fields]
    deliveries = add_events(connection, events, batch_id=cause.batch_id, now=cause.at)
    task = TaskName.DELIVER_WEBHOOKS
    return carry(connection, task, "delivery_ids", deliveries, batch_id=cause.batch_id, lane=cause.lane, now=cause.at)


def _event(change: TicketChange, cause: Cause, occurred_at: str) -> Event:
    before, values = change.ticket.values, change.values
    extra = {"autoOpenedDueToDueDate": True} if cause.due_date_passed else {}
    body = ticket_updated(
        change.ticket.id,
        cause.user_id,
        cause.batch_id,
        changes={told.field: stored(told.new) for told in change.fields},
        previous={told.field: stored(told.old) for told in change.fields},
        occurred_at=occurred_at,
        **extra,
    )
    channel, subchannel = (values.get(name, before[name]) for name in ("channel", "subchannelId"))
    return Event(TICKET_UPDATED, change.ticket.id, body, channel, subchannel)
