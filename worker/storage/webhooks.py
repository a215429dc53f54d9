"""Webhook events and their deliveries, written with the change that they tell of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    RowMapping,
    Update,
    and_,
    bindparam,
    func,
    or_,
    select,
    update,
)

from worker.domain.words import DeliveryState
from worker.storage.bulk import insert_rows
from worker.storage.endpoints import Endpoint
from worker.storage.ids import new_ids
from worker.storage.tables import DeliveryRow, EventRow

_WAITING = DeliveryState.WAITING.value


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to one ticket, with what endpoints filter by: the changed fields, channel and subchannel."""

    type: str
    ticket_id: int
    body: Mapping[str, Any]
    fields: Collection[str]
    channel: object
    subchannel: object
    batch_id: str | None = None


def add_events(
    connection: Connection,
    events: Sequence[Event],
    endpoints: Sequence[Endpoint],
    *,
    now: datetime,
    gather: bool = False,
) -> Mapping[str | None, list[str]]:
    """Write events and their deliveries to the endpoints that want them; by batch, the ids of what may be sent.

    With `gather`, deliveries to endpoints that want digests wait for the end of their batch (`form_digests`).
    """
    named = list(zip(new_ids(len(events)), events, strict=True))
    insert_rows(connection, EventRow, [_event_row(event_id, event, now) for event_id, event in named])
    wanted = [
        (event_id, event, endpoint.id, event.batch_id if gather and endpoint.digest else None)
        # Endpoint by endpoint, so that messages carry deliveries to one, and a slow one holds up few others.
        for endpoint in endpoints
        for event_id, event in named
        if endpoint.wants(event.type, event.fields, event.channel, event.subchannel)
    ]
    ids = new_ids(len(wanted))
    rows = [_delivery_row(one, *what, now) for one, what in zip(ids, wanted, strict=True)]
    insert_rows(connection, DeliveryRow, rows)
    ready: defaultdict[str | None, list[str]] = defaultdict(list)
    for row in rows:
        if row["digest_id"] is None:
            ready[row["batch_id"]].append(row["id"])
    return ready


def _event_row(event_id: str, event: Event, now: datetime) -> dict[str, Any]:
    return {
        "id": event_id,
        "type": event.type,
        "ticket_id": event.ticket_id,
        "batch_id": event.batch_id,
        "body": event.body,
        "created_at": now,
    }


def _delivery_row(  # noqa: PLR0917 - a row's columns
    delivery_id: str, event_id: str, event: Event, endpoint_id: str, digest_id: str | None, now: datetime
) -> dict[str, Any]:
    return {
        "id": delivery_id,
        "event_id": event_id,
        "endpoint_id": endpoint_id,
        "ticket_id": event.ticket_id,
        "batch_id": event.batch_id,
        "digest_id": digest_id,
        "state": _WAITING,
        "attempts": 0,
        "next_attempt_at": None if digest_id else now,
    }


def form_digests(connection: Connection, batch_id: str, size: int, now: datetime) -> list[str]:
    """Put what was gathered for digests of an ended batch together, at most `size` events each; the ids to send."""
    one = DeliveryRow
    if not connection.execute(_forming(), {"batch": batch_id, "size": size, "now": now}).rowcount:
        return []
    query = select(one.id).where(one.batch_id == batch_id, one.digest_id == one.id, one.state == _WAITING)
    return list(connection.scalars(query.order_by(one.sequence)))


@cache  # made once: it takes longer to put together than to run, and every batch ends with it
def _forming() -> Update:
    one = DeliveryRow
    gathered = and_(one.digest_id == bindparam("batch"), one.state == _WAITING)
    place = func.row_number(type_=Integer).over(partition_by=one.endpoint_id, order_by=one.sequence) - 1
    part = (place // bindparam("size", type_=Integer)).label("part")
    placed = select(one.id, one.endpoint_id, one.sequence, part).where(gathered).subquery()
    parts = (placed.c.endpoint_id, placed.c.part)
    head = func.first_value(placed.c.id).over(partition_by=parts, order_by=placed.c.sequence)
    heads = select(placed.c.id, head.label("head")).subquery()
    return update(one).where(one.id == heads.c.id).values(digest_id=heads.c.head, next_attempt_at=bindparam("now"))


def is_sent() -> ColumnElement[bool]:
    """Whether a row stands for a call: a delivery of its own, or the first one of a digest."""
    return or_(DeliveryRow.digest_id.is_(None), DeliveryRow.digest_id == DeliveryRow.id)


def webhook_id(delivery: RowMapping) -> str:
    """The `webhook-id` that a delivery is, or will be, sent with, as far as it is known."""
    digest_id = delivery["digest_id"]
    return str(delivery["id"] if digest_id in {None, delivery["batch_id"]} else digest_id)
