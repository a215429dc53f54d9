"""Webhook deliveries on their way: claimed in order, recorded, ended."""

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
    RowMapping,
    Select,
    Update,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import aliased

from worker.domain.words import DeliveryState
from worker.storage.bulk import among, among_given, as_parameter, insert_rows, update_rows
from worker.storage.endpoints import Receiver, begin_probes, is_active
from worker.storage.tables import AttemptRow, DeliveryRow, EndpointRow, EventRow
from worker.storage.webhooks import is_sent

_WAITING = DeliveryState.WAITING.value


def _precedes(earlier: Any, one: Any) -> ColumnElement[bool]:  # noqa: ANN401 - the table or an alias of it
    """Whether a delivery of the same ticket to the same endpoint comes first."""
    return and_(
        earlier.endpoint_id == one.endpoint_id,
        earlier.ticket_id == one.ticket_id,
        earlier.sequence < one.sequence,
        earlier.state == _WAITING,
    )


# Made once: an alias takes longer to make than the statement to run.
_EARLIER, _MEMBER, _HEAD, _AHEAD = (aliased(DeliveryRow) for _ in range(4))
_BEHIND = exists().where(_precedes(_EARLIER, DeliveryRow))
_MEMBER_BEHIND = and_(
    DeliveryRow.digest_id.is_not(None),
    exists().where(_MEMBER.digest_id == DeliveryRow.id, _precedes(_EARLIER, _MEMBER)),
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A claimed delivery with all that sending needs; `events` are the bodies, several of a digest."""

    id: str
    receiver: Receiver
    ticket_id: int
    batch_id: str | None
    attempts: int
    events: Sequence[Mapping[str, Any]]
    digest: bool


def claim_deliveries(
    connection: Connection,
    ids: Collection[str],
    receivers: Mapping[str, Receiver],
    *,
    now: datetime,
    lease_until: datetime,
    probe_until: datetime,
    limit: int,
) -> list[Delivery]:
    """Take at most `limit` of the deliveries that are due, held by nobody, and first in line: oldest first.

    A line is that of one ticket and one endpoint. Of an endpoint that did not take the last one only one is taken, by
    one process: that is the probe; until `probe_until`, or a result, it gets no other.
    """
    # Said of what is left out: no index by endpoint may look like the way to a message's few deliveries.
    left_out = [one.id for one in receivers.values() if one.resting_until or one.probing or not one.active]
    if len(left_out) == len(receivers):
        return []
    dialect = connection.dialect.name
    given = {"ids": as_parameter(connection, ids), "left_out": as_parameter(connection, left_out)}
    found = list(connection.execute(_ready(dialect), {**given, "now": now, "limit": limit}).mappings())
    taken = _with_one_probe(connection, found, receivers, now, probe_until)
    if not taken:
        return []
    mine = as_parameter(connection, [row["id"] for row in taken])
    connection.execute(_holding(dialect), {"ids": mine, "until": lease_until})
    members = _members(connection, [row["id"] for row in taken if row["digest_id"]])
    return [_delivery(row, receivers[row["endpoint_id"]], members.get(row["id"], [row["body"]])) for row in taken]


@cache  # put together anew, it would take longer than it runs
def _ready(dialect: str) -> Select[Any]:
    one, now = DeliveryRow, bindparam("now", type_=DeliveryRow.next_attempt_at.type)
    return (
        select(one.id, one.endpoint_id, one.ticket_id, one.batch_id, one.digest_id, one.attempts, EventRow.body)
        .join(EventRow, EventRow.id == one.event_id)
        .where(among_given(dialect, one.id, "ids"), ~among_given(dialect, one.endpoint_id, "left_out"))
        .where(is_sent(), _is_free(now), one.next_attempt_at <= now, ~_BEHIND, ~_MEMBER_BEHIND)
        .order_by(one.sequence)
        .limit(bindparam("limit"))
        .with_for_update(skip_locked=True, of=one)
    )


@cache
def _holding(dialect: str) -> Update:
    one = DeliveryRow
    values = {"lease_until": bindparam("until"), "attempts": one.attempts + 1}
    return update(one).where(among_given(dialect, one.id, "ids")).values(**values)


def _is_free(now: datetime | ColumnElement[datetime | None]) -> ColumnElement[bool]:
    one = DeliveryRow
    return and_(one.state == _WAITING, or_(one.lease_until.is_(None), one.lease_until <= now))


def _with_one_probe(
    connection: Connection,
    found: Sequence[RowMapping],
    receivers: Mapping[str, Receiver],
    now: datetime,
    probe_until: datetime,
) -> list[RowMapping]:
    first: dict[str, str] = {}
    for row in found:
        if not receivers[row["endpoint_id"]].proven:
            first.setdefault(row["endpoint_id"], row["id"])
    mine = begin_probes(connection, first.keys(), now, probe_until)
    probes = {delivery_id for endpoint_id, delivery_id in first.items() if endpoint_id in mine}
    return [row for row in found if receivers[row["endpoint_id"]].proven or row["id"] in probes]


def _members(connection: Connection, digest_ids: Collection[str]) -> Mapping[str, list[Mapping[str, Any]]]:
    """The events of each digest, in order."""
    found: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    if digest_ids:
        query = select(DeliveryRow.digest_id, EventRow.body).join(EventRow, EventRow.id == DeliveryRow.event_id)
        query = query.where(DeliveryRow.digest_id.in_(digest_ids)).order_by(DeliveryRow.sequence)
        for digest_id, body in connection.execute(query):
            found[str(digest_id)].append(body)
    return found


def _delivery(row: RowMapping, receiver: Receiver, events: Sequence[Mapping[str, Any]]) -> Delivery:
    return Delivery(
        id=row["id"],
        receiver=receiver,
        ticket_id=row["ticket_id"],
        batch_id=row["batch_id"],
        attempts=row["attempts"] + 1,
        events=events,
        digest=row["digest_id"] is not None,
    )


def held_deliveries(connection: Connection, claimed: Sequence[Delivery]) -> set[str]:
    """Which of the claimed deliveries are still ours: one that was taken over is another's to decide about."""
    ids = as_parameter(connection, [one.id for one in claimed])
    attempts = {row.id: row.attempts for row in connection.execute(_held(connection.dialect.name), {"ids": ids})}
    return {one.id for one in claimed if attempts.get(one.id) == one.attempts}


@cache
def _held(dialect: str) -> Select[str, int]:
    these = among_given(dialect, DeliveryRow.id, "ids")
    return select(DeliveryRow.id, DeliveryRow.attempts).where(these, DeliveryRow.state == _WAITING).with_for_update()


def record_attempts(
    connection: Connection, deliveries: Sequence[Mapping[str, Any]], attempts: Sequence[Mapping[str, Any]]
) -> None:
    """Write what became of held deliveries (rows by id) and every single attempt."""
    update_rows(connection, DeliveryRow, deliveries)
    insert_rows(connection, AttemptRow, attempts)


def release_deliveries(connection: Connection, ids: Collection[str]) -> None:
    """Give held deliveries back as if they had not been claimed."""
    if ids:
        values = {"lease_until": None, "attempts": DeliveryRow.attempts - 1}
        connection.execute(update(DeliveryRow).where(DeliveryRow.id.in_(ids)).values(**values))


_ENDS = ("state", "status", "error", "attempts", "delivered_at")


def end_digests(connection: Connection, ids: Collection[str]) -> None:
    """Let all that went in these digests share the fate of the first."""
    if not ids:
        return
    head = _HEAD
    shared = {name: getattr(head, name) for name in _ENDS}
    members = and_(DeliveryRow.digest_id.in_(ids), DeliveryRow.digest_id == head.id, DeliveryRow.id != head.id)
    connection.execute(update(DeliveryRow).where(members).values(**shared))


def give_up_deliveries(
    connection: Connection,
    error: str,
    *,
    now: datetime,
    limit: int,
    after: int = 0,
    ids: Collection[str] | None = None,
    endpoint_id: str | None = None,
) -> list[RowMapping]:
    """End those of these deliveries, or of an endpoint's, that wait although their endpoint is switched off.

    At most `limit` of those behind the sequence `after`, so that part by part all are read once; what somebody is
    sending is left.
    """
    one = DeliveryRow
    these = one.endpoint_id == endpoint_id if ids is None else among(connection, one.id, ids)
    query = (
        select(one.sequence, one.id, one.ticket_id, one.endpoint_id, one.digest_id)
        .join(EndpointRow, EndpointRow.id == one.endpoint_id)
        .where(these, one.sequence > after, is_sent(), _is_free(now), ~is_active())
        .order_by(one.sequence)
        .limit(limit)
    )
    found = list(connection.execute(query.with_for_update(skip_locked=True, of=one)).mappings())
    if found:
        values = {"state": DeliveryState.DEAD.value, "error": error, "next_attempt_at": None, "lease_until": None}
        connection.execute(update(one).where(one.id.in_([row["id"] for row in found])).values(**values))
        end_digests(connection, [row["id"] for row in found if row["digest_id"]])
    return found


def next_attempt_of(connection: Connection, ids: Collection[str], soon: datetime) -> datetime | None:
    """When the first of the deliveries that still wait may be tried, `soon` at the earliest; None when all have ended.

    One behind others in its line may be tried when the last of these is, and none before its endpoint has rested.
    """
    ahead = _AHEAD
    line = and_(
        ahead.endpoint_id == DeliveryRow.endpoint_id,
        ahead.ticket_id == DeliveryRow.ticket_id,
        ahead.sequence <= DeliveryRow.sequence,
        ahead.state == _WAITING,
    )
    query = (
        select(func.max(ahead.next_attempt_at), EndpointRow.resting_until)
        .select_from(DeliveryRow)
        .join(EndpointRow, EndpointRow.id == DeliveryRow.endpoint_id)
        .join(ahead, line)
        .where(among(connection, DeliveryRow.id, ids), DeliveryRow.state == _WAITING)
        .group_by(DeliveryRow.id, EndpointRow.resting_until)
    )
    times = connection.execute(query)
    return min((max(at or soon, rested or soon, soon) for at, rested in times), default=None)
