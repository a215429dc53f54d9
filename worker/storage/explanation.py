"""What is stored around one ticket of one batch, for whoever asks why it ended as it did."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, RowMapping, select

from worker.domain.words import ActorType, DeliveryState
from worker.storage.tables import (
    AttemptRow,
    BatchItemRow,
    BatchRow,
    DeadLetterRow,
    DeliveryRow,
    HistoryRow,
    RefreshRunRow,
)


@dataclass(frozen=True, slots=True)
class Write:
    """One write of a ticket: its version after it, when, who, in which batch and run, and which fields."""

    version: int
    at: datetime
    actor_type: ActorType
    actor_id: int | None
    batch_id: str | None
    run_id: str | None
    fields: tuple[str, ...] = ()


def items_of_ticket(connection: Connection, batch_id: str, ticket_id: int) -> list[RowMapping]:
    """The ledger of a ticket's items in a batch, in their order."""
    item = BatchItemRow
    query = select(item.__table__).where(item.batch_id == batch_id, item.ticket_id == ticket_id)
    return list(connection.execute(query.order_by(item.index)).mappings())


def children_of(connection: Connection, batch_id: str) -> list[str]:
    """The batches that try failed items of this one again."""
    query = select(BatchRow.id).where(BatchRow.parent_id == batch_id).order_by(BatchRow.created_at, BatchRow.id)
    return list(connection.scalars(query))


def runs_of_ticket(connection: Connection, ticket_id: int) -> list[RowMapping]:
    """All refresh runs of a ticket, whoever asked for them, oldest first."""
    run = RefreshRunRow
    query = select(run.__table__).where(run.ticket_id == ticket_id).order_by(run.created_at, run.id)
    return list(connection.execute(query).mappings())


def deliveries_of_ticket(connection: Connection, batch_id: str, ticket_id: int) -> list[RowMapping]:
    """The deliveries that tell of a ticket in the name of a batch, in the order of sending."""
    delivery = DeliveryRow
    query = select(delivery.__table__).where(delivery.batch_id == batch_id, delivery.ticket_id == ticket_id)
    return list(connection.execute(query.order_by(delivery.sequence)).mappings())


def attempts_at(connection: Connection, webhook_ids: Collection[str]) -> dict[str, list[RowMapping]]:
    """Every attempt at these webhooks, by the id that went with it, in order."""
    query = select(AttemptRow.__table__).where(AttemptRow.delivery_id.in_(webhook_ids)).order_by(AttemptRow.id)
    found: dict[str, list[RowMapping]] = {}
    for row in connection.execute(query).mappings():
        found.setdefault(row["delivery_id"], []).append(row)
    return found


def first_in_line(connection: Connection, ticket_id: int, endpoint_ids: Collection[str]) -> dict[str, tuple[int, str]]:
    """Sequence and id of the delivery that each of these endpoints gets next of a ticket."""
    delivery = DeliveryRow
    query = select(delivery.endpoint_id, delivery.sequence, delivery.id).where(
        delivery.endpoint_id.in_(endpoint_ids),
        delivery.ticket_id == ticket_id,
        delivery.state == DeliveryState.WAITING.value,
    )
    found: dict[str, tuple[int, str]] = {}
    for endpoint_id, sequence, delivery_id in connection.execute(query.order_by(delivery.sequence)):
        found.setdefault(endpoint_id, (sequence, delivery_id))
    return found


def writes_of_ticket(connection: Connection, ticket_id: int) -> list[Write]:
    """Every write of a ticket from its history, oldest first; without what was written."""
    row = HistoryRow
    query = select(row.version, row.at, row.actor_type, row.actor_id, row.batch_id, row.run_id, row.field).where(
        row.ticket_id == ticket_id
    )
    fields: dict[Write, list[str]] = {}
    for write in connection.execute(query.order_by(row.version, row.id)):
        who = (ActorType(write.actor_type), write.actor_id, write.batch_id, write.run_id)
        fields.setdefault(Write(write.version, write.at, *who), []).append(write.field)
    return [replace(write, fields=tuple(names)) for write, names in fields.items()]


def letters_of(connection: Connection, kind: str, subjects: Sequence[str]) -> Mapping[str, int]:
    """The newest dead letter of each of these subjects that has one."""
    letter = DeadLetterRow
    query = select(letter.subject, letter.id).where(letter.kind == kind, letter.subject.in_(subjects))
    return {str(subject): number for subject, number in connection.execute(query.order_by(letter.id))}
