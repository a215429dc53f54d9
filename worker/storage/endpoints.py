"""Webhook endpoints: what they ask for, their secrets, and how they are doing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    and_,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
    update,
)

from worker.domain.definitions import Definition
from worker.domain.words import DeliveryState, DisabledReason
from worker.storage.bulk import among_given, as_parameter, insert_rows
from worker.storage.tables import DeliveryRow, EndpointRow

REMEMBERED = timedelta(minutes=1)
"""How exactly the last success is known: each one written down would make all deliveries wait for one row."""

_KEYS = ["id"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Somebody who wants to be told; empty filters mean all. With `digest`, a batch makes one call."""

    id: str
    events: Collection[str]
    fields: Collection[str]
    channels: Collection[str]
    subchannels: Collection[int]
    digest: bool

    def wants(self, event: str, fields: Collection[str], channel: object, subchannel: object) -> bool:
        """Whether this endpoint asked for such an event, about a change of these fields."""
        return (
            event in self.events
            and (not self.fields or not set(self.fields).isdisjoint(fields))
            and (not self.channels or channel in self.channels)
            and (not self.subchannels or subchannel in self.subchannels)
        )


_WISHES = [getattr(EndpointRow, name) for name in Endpoint.__dataclass_fields__]


@dataclass(frozen=True, slots=True)
class Receiver:
    """An endpoint as sending needs it; `secrets` are the present one and, while it lasts, the one before it.

    `active`: it is told of things at all. `proven`: it took the last webhook. `resting_until` is set while it rests.
    `probing`: some process waits for its answer to a probe.
    """

    id: str
    url: str
    secrets: Sequence[str]
    active: bool
    failing_since: datetime | None
    proven: bool
    resting_until: datetime | None
    probing: bool


def receivers_of(connection: Connection, delivery_ids: Collection[str], now: datetime) -> dict[str, Receiver]:
    """The endpoints of these deliveries."""
    query = _receivers(connection.dialect.name)
    rows = connection.execute(query, {"ids": as_parameter(connection, delivery_ids)}).mappings()
    return {row["id"]: _receiver(row, now) for row in rows}


@cache
def _receivers(dialect: str) -> Select[Any]:
    of_these = select(DeliveryRow.endpoint_id).where(among_given(dialect, DeliveryRow.id, "ids")).distinct()
    # Found first: a plan that begins with the endpoints leads through all deliveries that they ever had.
    wanted = of_these.cte("wanted").prefix_with("MATERIALIZED", dialect="postgresql")
    return select(EndpointRow.__table__).join(wanted, wanted.c.endpoint_id == EndpointRow.id)


def _receiver(row: RowMapping, now: datetime) -> Receiver:
    until = row["previous_secret_until"]
    previous = row["previous_secret"] if until is None or until > now else None
    return Receiver(
        id=row["id"],
        url=row["url"],
        secrets=[secret for secret in (row["secret"], previous) if secret],
        active=row["enabled"] and row["disabled_at"] is None,
        failing_since=row["failing_since"],
        proven=row["failing_since"] is None and row["last_success_at"] is not None,
        resting_until=row["resting_until"] if row["resting_until"] and row["resting_until"] > now else None,
        probing=row["probing_until"] is not None and row["probing_until"] > now,
    )


def is_active() -> ColumnElement[bool]:
    """Whether an endpoint is told of anything."""
    return and_(EndpointRow.enabled, EndpointRow.disabled_at.is_(None))


def active_endpoints(connection: Connection) -> list[Endpoint]:
    """The endpoints that are switched on."""
    return [Endpoint(*row) for row in connection.execute(_ACTIVE)]


_ACTIVE = select(*_WISHES).where(is_active()).order_by(EndpointRow.id)


def save_endpoints(connection: Connection, endpoints: Sequence[Definition]) -> None:
    """Write loaded endpoints; how they have been doing stays, and deliveries on their way keep theirs.

    A file that still has the one secret from before a rotation does not take the rotation back. One that was removed
    is there again.
    """
    ids = [endpoint["id"] for endpoint in endpoints]
    columns = (EndpointRow.id, EndpointRow.secret, EndpointRow.previous_secret, EndpointRow.previous_secret_until)
    stored = {row.id: row for row in connection.execute(select(*columns).where(EndpointRow.id.in_(ids)))}
    names = "id url enabled events fields channels subchannels digest".split()
    rows = [
        {name: endpoint[name] for name in names} | _secrets(endpoint["secret"], stored.get(endpoint["id"]))
        for endpoint in endpoints
    ]
    insert_rows(connection, EndpointRow, rows, replace=_KEYS)
    there_again = update(EndpointRow).where(EndpointRow.id.in_(ids), EndpointRow.disabled_reason == _REMOVED)
    connection.execute(there_again.values(**_SWITCHED_ON))


def _secrets(given: Sequence[str], stored: Any) -> dict[str, Any]:  # noqa: ANN401 - a row, or None
    if stored is not None and given == [stored.previous_secret]:
        return {name: getattr(stored, name) for name in ("secret", "previous_secret", "previous_secret_until")}
    previous = given[1] if len(given) > 1 else None
    return {"secret": given[0], "previous_secret": previous, "previous_secret_until": None}


_REMOVED = DisabledReason.REMOVED.value
_SWITCHED_ON: Mapping[str, Any] = {
    "disabled_at": None,
    "disabled_reason": None,
    "failing_since": None,
    "resting_until": None,
    "probing_until": None,
}


def endpoint_rows(connection: Connection, ids: Collection[str] | None = None) -> list[RowMapping]:
    """Endpoints, all that were not removed or these, with how many of their deliveries wait and are dead."""
    one = DeliveryRow
    counts = (
        select(
            one.endpoint_id,
            func.sum(case((one.state == DeliveryState.WAITING.value, 1), else_=0)).label("waiting"),
            func.sum(case((one.state == DeliveryState.DEAD.value, 1), else_=0)).label("dead"),
        )
        .where(one.state != DeliveryState.DELIVERED.value)
        .group_by(one.endpoint_id)
        .subquery()
    )
    shown = [column for column in EndpointRow.__table__.c if column.name not in {"secret", "previous_secret"}]
    has_previous = EndpointRow.previous_secret.is_not(None).label("has_previous_secret")
    query = (
        select(*shown, has_previous, counts.c.waiting, counts.c.dead)
        .join(counts, counts.c.endpoint_id == EndpointRow.id, isouter=True)
        .order_by(EndpointRow.id)
    )
    chosen = EndpointRow.disabled_reason.is_distinct_from(_REMOVED) if ids is None else EndpointRow.id.in_(ids)
    return list(connection.execute(query.where(chosen)).mappings())


def lock_endpoint(connection: Connection, endpoint_id: str) -> str | None:
    """The present secret of an endpoint that was not removed, locked; None when there is no such endpoint."""
    known = select(EndpointRow.secret).where(EndpointRow.id == endpoint_id)
    known = known.where(EndpointRow.disabled_reason.is_distinct_from(_REMOVED))
    return connection.scalars(known.with_for_update()).one_or_none()


def rotate_secret(connection: Connection, endpoint_id: str, new: str, old: str, until: datetime) -> None:
    """Sign with a new secret, and with the old one until then."""
    values = {"secret": new, "previous_secret": old, "previous_secret_until": until}
    connection.execute(update(EndpointRow).where(EndpointRow.id == endpoint_id).values(**values))


def switch_on(connection: Connection, ids: Collection[str]) -> list[str]:
    """Tell these endpoints of things again, as if they had never failed; those of them that are there."""
    statement = update(EndpointRow).where(EndpointRow.id.in_(ids)).returning(EndpointRow.id)
    known = statement.where(EndpointRow.disabled_reason.is_distinct_from(_REMOVED))
    return list(connection.scalars(known.values(enabled=True, **_SWITCHED_ON)))


def switch_off(connection: Connection, endpoint_id: str, reason: DisabledReason, now: datetime) -> None:
    """Tell an endpoint of nothing more. A removed one forgets its secrets, too."""
    values: dict[str, Any] = {"disabled_at": now, "disabled_reason": reason.value}
    if reason is DisabledReason.REMOVED:
        values |= {"secret": "", "previous_secret": None, "previous_secret_until": None}
    connection.execute(update(EndpointRow).where(EndpointRow.id == endpoint_id).values(**values))


def begin_probes(connection: Connection, ids: Collection[str], now: datetime, until: datetime) -> set[str]:
    """Which of these endpoints nobody else probes; nobody else does until then."""
    if not ids:
        return set()
    free = or_(EndpointRow.probing_until.is_(None), EndpointRow.probing_until <= now)
    statement = update(EndpointRow).where(EndpointRow.id.in_(ids), free).values(probing_until=until)
    return set(connection.scalars(statement.returning(EndpointRow.id)))


def let_rest(connection: Connection, ids: Collection[str], until: datetime) -> None:
    """Send nothing to these endpoints before, unless they take something meanwhile."""
    if ids:
        connection.execute(update(EndpointRow).where(EndpointRow.id.in_(ids)).values(resting_until=until))


def note_successes(connection: Connection, ids: Collection[str], now: datetime) -> None:
    """Endpoints took something: they are in good health."""
    stale = or_(
        EndpointRow.failing_since.is_not(None),
        EndpointRow.resting_until.is_not(None),
        EndpointRow.probing_until.is_not(None),
        EndpointRow.last_success_at.is_(None),
        EndpointRow.last_success_at < now - REMEMBERED,
        EndpointRow.last_success_at > now,  # by a clock that was ahead
    )
    healthy = {"last_success_at": now, "failing_since": None, "resting_until": None, "probing_until": None}
    if ids:
        connection.execute(update(EndpointRow).where(EndpointRow.id.in_(ids), stale).values(**healthy))


def note_failures(connection: Connection, rests: Mapping[str, datetime | None], now: datetime) -> None:
    """Endpoints took nothing; where a time is given, nothing is sent to them before."""
    if not rests:
        return
    values = {
        "failing_since": func.coalesce(EndpointRow.failing_since, literal(now, EndpointRow.failing_since.type)),
        "resting_until": bindparam("rest", type_=EndpointRow.resting_until.type),
        "probing_until": None,
    }
    statement = update(EndpointRow).where(EndpointRow.id == bindparam("endpoint")).values(**values)
    connection.execute(statement, [{"endpoint": one, "rest": rest} for one, rest in sorted(rests.items())])


def switch_off_failing(
    connection: Connection, ids: Iterable[str], *, failing_before: datetime, now: datetime
) -> list[tuple[str, datetime]]:
    """Switch those of these endpoints off that have only failed since then or longer; each with since when."""
    statement = (
        update(EndpointRow)
        .where(EndpointRow.id.in_(list(ids)), is_active(), EndpointRow.failing_since <= failing_before)
        .values(disabled_at=now, disabled_reason=DisabledReason.FAILING.value)
        .returning(EndpointRow.id, EndpointRow.failing_since)
    )
    return [(row.id, row.failing_since) for row in connection.execute(statement)]
