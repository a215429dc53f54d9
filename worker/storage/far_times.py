"""Times that only a wrong clock can have written: further ahead than anything waits. They are brought back to now."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from itertools import chain

from sqlalchemy import Connection, or_, update

from worker.domain.words import DeliveryState
from worker.storage.bulk import among
from worker.storage.outbox import not_held
from worker.storage.tables import DeliveryRow, EndpointRow, ExecutionRow, OutboxRow, RefreshRunRow


def bring_back(connection: Connection, now: datetime, beyond: datetime) -> int:
    """Have nothing wait until after `beyond`: messages and what they carry, endpoints, claims; how many messages."""
    messages = update(OutboxRow).where(OutboxRow.due_at > beyond, not_held()).values(due_at=now)
    carried = list(connection.scalars(messages.returning(OutboxRow.arguments)))
    _deliveries(connection, _ids(carried, "delivery_ids"), now, beyond)
    _runs(connection, _ids(carried, "run_ids"), now, beyond)
    for until in (EndpointRow.resting_until, EndpointRow.probing_until):
        connection.execute(update(EndpointRow).where(until > beyond).values({until: None}))
    lost = update(ExecutionRow).where(ExecutionRow.lease_until > beyond)
    connection.execute(lost.values(lease_until=now))
    return len(carried)


def _ids(carried: Collection[dict[str, list[str]]], name: str) -> list[str]:
    return list(chain.from_iterable(arguments.get(name, ()) for arguments in carried))


def _deliveries(connection: Connection, ids: Collection[str], now: datetime, beyond: datetime) -> None:
    one = DeliveryRow
    waiting = update(one).where(among(connection, one.id, ids), one.state == DeliveryState.WAITING.value)
    far = or_(one.next_attempt_at > beyond, one.lease_until > beyond)
    if ids:
        connection.execute(waiting.where(far).values(next_attempt_at=now, lease_until=None))


def _runs(connection: Connection, ids: Collection[str], now: datetime, beyond: datetime) -> None:
    run = RefreshRunRow
    if ids:
        far = update(run).where(among(connection, run.id, ids), run.lease_until > beyond)
        connection.execute(far.values(lease_until=now))
