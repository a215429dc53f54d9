"""Tells endpoints of changed tickets: events, deliveries and the messages that carry them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from config.routing import TaskName
from worker.context import Context
from worker.domain.changes import TicketChange
from worker.domain.entities import Ticket
from worker.domain.words import Lane, RefreshMode
from worker.operations.messages import carry
from worker.storage.batches import Batch, lanes_of
from worker.storage.endpoints import active_endpoints
from worker.storage.tickets import stored
from worker.storage.webhooks import Event, add_events, form_digests
from worker.webhooks.body import TICKET_REFRESHED, TICKET_UPDATED, ticket_refreshed, ticket_updated

_TASK, _ARGUMENT = TaskName.DELIVER_WEBHOOKS, "delivery_ids"


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
    return announce_in_batch(connection, changes, cause)[0]


def announce_in_batch(connection: Connection, changes: Sequence[TicketChange], cause: Cause) -> tuple[list[str], bool]:
    """The same, and whether endpoints that want digests are told with the batch's end (`announce_digests`)."""
    extra: dict[str, object] = {"autoOpenedDueToDueDate": True} if cause.due_date_passed else {}
    at = _time(cause.at)
    events = []
    for change in changes:
        if change.fields:
            new, old = _told(change)
            body = ticket_updated(change.ticket.id, cause.user_id, cause.batch_id, new, old, at, **extra)
            events.append(_event(TICKET_UPDATED, change, cause.batch_id, body))
    if not events:
        return [], False
    endpoints = active_endpoints(connection)
    gather = cause.batch_id is not None and any(endpoint.digest for endpoint in endpoints)
    ready = add_events(connection, events, endpoints, now=cause.at, gather=gather)
    ids = ready.get(cause.batch_id, [])
    messages = carry(connection, _TASK, _ARGUMENT, ids, batch_id=cause.batch_id, lane=cause.lane, now=cause.at)
    return messages, gather


def announce_digests(context: Context, connection: Connection, batch: Batch) -> list[str]:
    """What was gathered while a batch was applied, now that it has ended: one call an endpoint, and a message each."""
    now = context.clock()
    digests = form_digests(connection, batch.id, context.settings.webhook_digest_size, now)
    return carry(connection, _TASK, _ARGUMENT, digests, batch_id=batch.id, lane=batch.lane, now=now, at_once=1)


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh run changed."""

    run_id: str
    mode: RefreshMode
    batch_id: str | None
    change: TicketChange


def announce_refreshed(connection: Connection, refreshed: Sequence[Refreshed], now: datetime) -> list[str]:
    """One event for each ticket that a run changed; the ids of messages, which belong to the batches of the runs."""
    told = [one for one in refreshed if one.change.fields]
    endpoints = [one for one in active_endpoints(connection) if TICKET_REFRESHED in one.events] if told else []
    if not endpoints:
        return []
    events = [_event(TICKET_REFRESHED, one.change, one.batch_id, _refreshed(one, _time(now))) for one in told]
    ready = add_events(connection, events, endpoints, now=now)
    lanes = lanes_of(connection, [batch_id for batch_id in ready if batch_id is not None])
    messages: list[str] = []
    for batch_id, deliveries in ready.items():
        lane = lanes.get(batch_id, Lane.INTERACTIVE)
        messages += carry(connection, _TASK, _ARGUMENT, deliveries, batch_id=batch_id, lane=lane, now=now)
    return messages


def announce_each(
    connection: Connection, kind: str, about: str, told: Sequence[tuple[Ticket, Mapping[str, object]]], now: datetime
) -> list[str]:
    """One event a ticket to endpoints that ask for this kind, about a field; the ids of messages."""
    endpoints = [one for one in active_endpoints(connection) if kind in one.events] if told else []
    if not endpoints:
        return []
    events = [
        Event(
            kind,
            ticket.id,
            {"type": kind, "ticketId": ticket.id, **fields, "occurredAt": _time(now)},
            [about],
            ticket.values["channel"],
            ticket.values["subchannelId"],
        )
        for ticket, fields in told
    ]
    ready = add_events(connection, events, endpoints, now=now)
    return carry(connection, _TASK, _ARGUMENT, ready.get(None, []), now=now)


def _refreshed(one: Refreshed, at: str) -> dict[str, object]:
    new, old = _told(one.change)
    return ticket_refreshed(one.change.ticket.id, one.run_id, one.mode.value, one.batch_id, new, old, at)


def _event(kind: str, change: TicketChange, batch_id: str | None, body: dict[str, object]) -> Event:
    before, values = change.ticket.values, change.values
    channel, subchannel = (values.get(name, before[name]) for name in ("channel", "subchannelId"))
    fields = [told.field for told in change.fields]
    return Event(kind, change.ticket.id, body, fields, channel, subchannel, batch_id)


def _told(change: TicketChange) -> tuple[dict[str, object], dict[str, object]]:
    """New and old values by field, as JSON."""
    fields = change.fields
    return {told.field: stored(told.new) for told in fields}, {told.field: stored(told.old) for told in fields}


def _time(at: datetime) -> str:
    return str(stored(at.replace(microsecond=0)))
