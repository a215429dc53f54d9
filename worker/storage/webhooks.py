"""Webhook endpoints, events and deliveries."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, case, exists, func, or_, select, update
from sqlalchemy.orm import aliased

from worker.domain.words import DeliveryState
from worker.storage.bulk import insert_rows, update_rows
from worker.storage.ids import new_ids
from worker.storage.tables import AttemptRow, DeliveryRow, EndpointRow, EventRow


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Somebody who wants to be told; empty filters mean all."""

    id: str
    events: Collection[str]
    channels: Collection[str]
    subchannels: Collection[int]

    def wants(self, event: str, channel: object, subchannel: object) -> bool:
        """Whether this endpoint asked for such an event."""
        return (
            event in self.events
            and (not self.channels or channel in self.channels)
            and (not self.subchannels or subchannel in self.subchannels)
        )


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to one ticket, with what endpoints filter by."""

    type: str
    ticket_id: int
    body: Mapping[str, Any]
    channel: object
    subchannel: object


@dataclass(frozen=True, slots=True)
class Delivery:
    """A claimed delivery with all that sending needs."""

    id: str
    endpoint_id: str
    ticket_id: int
    attempts: int
    url: str
    secret: str
    body: Mapping[str, Any]


def enabled_endpoints(connection: Connection) -> list[Endpoint]:
    """The endpoints that are switched on."""
    query = select(EndpointRow.id, EndpointRow.events, EndpointRow.channels, EndpointRow.subchannels)
    return [Endpoint(*row) for row in connection.execute(query.where(EndpointRow.enabled).order_by(EndpointRow.id))]


def add_events(connection: Connection, events: Sequence[Event], *, batch_id: str | None, now: datetime) -> list[str]:
    """Write events and their deliveries to the endpoints that want them; the deliveries' ids in order."""
    if not events:
        return []
    named = list(zip(new_ids(len(events)), events, strict=True))
    insert_rows(connection, EventRow, [_event_row(event_id, event, batch_id, now) for event_id, event in named])
    wanted = [
        (endpoint.id, event_id, event.ticket_id)
        # Endpoint by endpoint, so that messages carry deliveries to one, and a slow one holds up few others.
        for endpoint in enabled_endpoints(connection)
        for event_id, event in named
        if endpoint.wants(event.type, event.channel, event.subchannel)
    ]
    ids = new_ids(len(wanted))
    rows = [_delivery_row(one, *what, batch_id, now) for one, what in zip(ids, wanted, strict=True)]
    insert_rows(connection, DeliveryRow, rows)
    return ids


def _event_row(event_id: str, event: Event, batch_id: str | None, now: datetime) -> dict[str, Any]:
    return {
        "id": event_id,
        "type": event.type,
        "ticket_id": event.ticket_id,
        "batch_id": batch_id,
        "body": event.body,
        "created_at": now,
    }


def _delivery_row(  # noqa: PLR0917 - a row's columns
    delivery_id: str, endpoint_id: str, event_id: str, ticket_id: int, batch_id: str | None, now: datetime
) -> dict[str, Any]:
    return {
        "id": delivery_id,
        "event_id": event_id,
        "endpoint_id": endpoint_id,
        "ticket_id": ticket_id,
        "batch_id": batch_id,
        "state": DeliveryState.WAITING.value,
        "attempts": 0,
        "next_attempt_at": now,
    }


def claim_deliveries(
    connection: Connection,
    ids: Collection[str],
    *,
    now: datetime,
    lease_until: datetime,
    limit: int,
    last: Collection[str] = (),
) -> list[Delivery]:
    """Take at most `limit` of the deliveries that are due, held by nobody, and first in line: oldest first.

    A line is that of one ticket and one endpoint. Deliveries to the endpoints `last` are taken after all others.
    """
    earlier = aliased(DeliveryRow)
    behind = exists().where(
        earlier.endpoint_id == DeliveryRow.endpoint_id,
        earlier.ticket_id == DeliveryRow.ticket_id,
        earlier.sequence < DeliveryRow.sequence,
        earlier.state == DeliveryState.WAITING.value,
    )
    free = or_(DeliveryRow.lease_until.is_(None), DeliveryRow.lease_until <= now)
    due = and_(DeliveryRow.state == DeliveryState.WAITING.value, DeliveryRow.next_attempt_at <= now, free)
    put_last = case((DeliveryRow.endpoint_id.in_(last), 1), else_=0)
    ready = select(DeliveryRow.id).where(DeliveryRow.id.in_(ids), due, ~behind)
    ordered = ready.order_by(put_last, DeliveryRow.sequence).limit(limit)
    taken = list(connection.scalars(ordered.with_for_update(skip_locked=True)))
    connection.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id.in_(taken))
        .values(lease_until=lease_until, attempts=DeliveryRow.attempts + 1)
    )
    return _with_contents(connection, taken)


def _with_contents(connection: Connection, ids: Collection[str]) -> list[Delivery]:
    query = (
        select(
            DeliveryRow.id,
            DeliveryRow.endpoint_id,
            DeliveryRow.ticket_id,
            DeliveryRow.attempts,
            EndpointRow.url,
            EndpointRow.secret,
            EventRow.body,
        )
        .join(EndpointRow, EndpointRow.id == DeliveryRow.endpoint_id)
        .join(EventRow, EventRow.id == DeliveryRow.event_id)
        .where(DeliveryRow.id.in_(ids))
        .order_by(DeliveryRow.sequence)
    )
    return [Delivery(*row) for row in connection.execute(query)]


def held_deliveries(connection: Connection, claimed: Sequence[Delivery]) -> set[str]:
    """Which of the claimed deliveries are still ours: one that was taken over is another's to decide about."""
    query = select(DeliveryRow.id, DeliveryRow.attempts).where(
        DeliveryRow.id.in_([one.id for one in claimed]), DeliveryRow.state == DeliveryState.WAITING.value
    )
    attempts = {row.id: row.attempts for row in connection.execute(query.with_for_update())}
    return {one.id for one in claimed if attempts.get(one.id) == one.attempts}


def record_attempts(
    connection: Connection, deliveries: Sequence[Mapping[str, Any]], attempts: Sequence[Mapping[str, Any]]
) -> None:
    """Write what became of held deliveries (rows by id) and every single attempt."""
    update_rows(connection, DeliveryRow, deliveries)
    insert_rows(connection, AttemptRow, attempts)


def next_attempt_of(connection: Connection, ids: Collection[str], soon: datetime) -> datetime | None:
    """When the first of the deliveries that still wait may be tried, `soon` at the earliest; None when all have ended.

    One behind others in its line may be tried when the last of these is.
    """
    ahead = aliased(DeliveryRow)
    waiting = DeliveryState.WAITING.value
    line = and_(
        ahead.endpoint_id == DeliveryRow.endpoint_id,
        ahead.ticket_id == DeliveryRow.ticket_id,
        ahead.sequence <= DeliveryRow.sequence,
        ahead.state == waiting,
    )
    query = (
        select(func.max(ahead.next_attempt_at))
        .select_from(DeliveryRow)
        .join(ahead, line)
        .where(DeliveryRow.id.in_(ids), DeliveryRow.state == waiting)
        .group_by(DeliveryRow.id)
    )
    return min((max(at or soon, soon) for at in connection.scalars(query)), default=None)
