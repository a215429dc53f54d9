"""Writing what `load` takes: whole rows, replaced where they exist, one statement for a thousand of them.

The caller has checked everything and runs it in one transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.orm import InstrumentedAttribute

from worker.domain.comparison import email_key, number_key, phone_key
from worker.domain.definitions import Definition
from worker.domain.entities import Contract, Customer, Ticket
from worker.domain.intents import StoredIntent
from worker.storage.bulk import insert_rows
from worker.storage.directory import LONGEST_KEY, name_key
from worker.storage.tables import (
    AiAgentRow,
    Base,
    ContractRow,
    CustomerRow,
    IntentRow,
    PersonRow,
    TagRow,
    TicketRow,
    TicketTagRow,
)
from worker.storage.tickets import COLUMNS

_PART = 1_000  # rows of one statement: few round trips, and no document that a database cannot take
_NO_CONTRACT = ""

T = TypeVar("T")


def tickets_of_external_ids(connection: Connection, external_ids: Collection[str]) -> dict[str, int]:
    """Which ticket holds each of these external ids."""
    return _owners(connection, TicketRow.external_ticket_id, TicketRow.id, external_ids)


def customers_of_contracts(connection: Connection, contract_ids: Collection[str]) -> dict[str, str]:
    """Which customer each of these contracts belongs to."""
    return _owners(connection, ContractRow.id, ContractRow.customer_id, contract_ids)


def tickets_of_intents(connection: Connection, intent_ids: Collection[int]) -> dict[int, int]:
    """Which ticket each of these intents belongs to."""
    return _owners(connection, IntentRow.id, IntentRow.ticket_id, intent_ids)


def save_tags(connection: Connection, tags: Sequence[Definition]) -> None:
    """Write tags' definitions."""
    rows = [
        {
            "id": tag["id"],
            "name": tag["name"],
            "parent": tag.get("parent"),
            "visibility": tag.get("visibility") or "public",
            "definition": tag,
        }
        for tag in tags
    ]
    _replace(connection, TagRow, rows)


def save_people(connection: Connection, people: Sequence[Definition]) -> None:
    """Write people of the directory."""
    _replace(connection, PersonRow, [{"id": person["id"], "definition": person} for person in people])


def save_ai_agents(connection: Connection, agents: Sequence[Definition]) -> None:
    """Write AI agents' definitions. Two may hand a code from one to the other, so they go before they come."""
    _delete(connection, AiAgentRow, AiAgentRow.id, [agent["id"] for agent in agents])
    _insert(
        connection, AiAgentRow, [{"id": agent["id"], "code": agent["code"], "definition": agent} for agent in agents]
    )


def save_customers(connection: Connection, customers: Sequence[Customer]) -> None:
    """Write customers; the contracts they had make way for those they have."""
    _replace(connection, CustomerRow, [_customer_row(customer) for customer in customers])
    _delete(connection, ContractRow, ContractRow.customer_id, [customer.id for customer in customers])
    _insert(connection, ContractRow, [_contract_row(one) for customer in customers for one in customer.contracts])


def save_tickets(connection: Connection, tickets: Sequence[Ticket]) -> None:
    """Write tickets with their tags; one that exists is replaced by a newer version, its past stays."""
    ids = sorted(ticket.id for ticket in tickets)
    versions = _lock_versions(connection, ids)
    for part in _in_parts(versions):
        # Tickets of one file may hand an external id from one to the other.
        free = update(TicketRow).where(TicketRow.id.in_(part), TicketRow.external_ticket_id.is_not(None))
        connection.execute(free.values(external_ticket_id=None))
    rows = (
        {"id": ticket.id, "version": versions.get(ticket.id, -1) + 1}
        | {COLUMNS[name]: value for name, value in ticket.values.items()}
        for ticket in tickets
    )
    _replace(connection, TicketRow, rows)
    _delete(connection, TicketTagRow, TicketTagRow.ticket_id, ids)
    tags = (
        {"ticket_id": ticket.id, "tag_id": tag_id, "source": source.value}
        for ticket in tickets
        for tag_id, source in ticket.tags.items()
    )
    _insert(connection, TicketTagRow, tags)


def replace_intents(connection: Connection, intents: Mapping[int, Sequence[StoredIntent]], now: datetime) -> None:
    """Write the intents of tickets in place of those they had. One with the id 0 gets a new id."""
    _delete(connection, IntentRow, IntentRow.ticket_id, list(intents))
    rows = [_intent_row(ticket_id, intent, now) for ticket_id, own in intents.items() for intent in own]
    numbered = [row for row in rows if row["id"]]
    _insert(connection, IntentRow, numbered)
    if numbered and connection.dialect.name == "postgresql":
        # A sequence knows nothing of ids that were given; SQLite numbers on from the greatest one by itself.
        sequence = func.pg_get_serial_sequence(IntentRow.__tablename__, "id")
        greatest = select(func.max(IntentRow.id)).scalar_subquery()
        connection.execute(select(func.setval(sequence, func.greatest(func.nextval(sequence), greatest))))
    _insert(connection, IntentRow, [{name: row[name] for name in row if name != "id"} for row in rows if not row["id"]])


def _owners(
    connection: Connection, key: InstrumentedAttribute[Any], owner: InstrumentedAttribute[T], wanted: Collection[Any]
) -> dict[Any, T]:
    found: dict[Any, T] = {}
    for part in _in_parts(wanted):
        found.update((row[0], row[1]) for row in connection.execute(select(key, owner).where(key.in_(part))))
    return found


def _insert(connection: Connection, model: type[Base], rows: Iterable[Mapping[str, Any]]) -> None:
    for part in _in_parts(rows):
        insert_rows(connection, model, part)


def _replace(connection: Connection, model: type[Base], rows: Iterable[Mapping[str, Any]]) -> None:
    for part in _in_parts(rows):
        insert_rows(connection, model, part, replace=["id"])


def _delete(
    connection: Connection, model: type[Base], column: InstrumentedAttribute[Any], wanted: Collection[Any]
) -> None:
    for part in _in_parts(wanted):
        connection.execute(delete(model).where(column.in_(part)))


def _lock_versions(connection: Connection, ids: Sequence[int]) -> dict[int, int]:
    versions: dict[int, int] = {}
    for part in _in_parts(ids):
        query = select(TicketRow.id, TicketRow.version).where(TicketRow.id.in_(part))
        locked = connection.execute(query.order_by(TicketRow.id).with_for_update())
        versions.update((row[0], row[1]) for row in locked)
    return versions


def _customer_row(customer: Customer) -> dict[str, Any]:
    values = customer.values
    name = f"{values.get('firstname') or ''} {values.get('lastname') or ''}".strip() or values.get("company") or ""
    return {
        "id": customer.id,
        "email_key": _key(email_key(values.get("email"))),
        "phone_key": _key(phone_key(values.get("phone"))),
        "name_key": _key(name_key(str(name))),
        "definition": values,
    }


def _contract_row(contract: Contract) -> dict[str, Any]:
    values = contract.values
    return {
        "id": contract.id,
        "customer_id": contract.customer_id,
        "email_key": _key(email_key(values.get("email"))),
        "phone_key": _key(phone_key(values.get("phone"))),
        "meter_key": _key(number_key(values.get("counterNumber"))),
        "iban_key": _key(number_key(values.get("iban"))),
        "definition": values,
    }


def _key(key: str) -> str | None:
    return key[:LONGEST_KEY] or None


def _intent_row(ticket_id: int, stored: StoredIntent, now: datetime) -> dict[str, Any]:
    intent = stored.intent
    return {
        "id": stored.id,
        "ticket_id": ticket_id,
        "ai_agent_id": intent.agent_id,
        "contract_id": intent.contract_id or _NO_CONTRACT,
        "open": stored.open,
        "status": str(intent.status),
        "confidence": intent.confidence,
        "confidence_color": str(intent.confidence_color),
        "verified": stored.verified,
        "data": intent.data,
        "options": list(intent.options),
        "infos": list(intent.infos),
        "outcome": stored.outcome,
        "created_at": now,
        "modified_at": None,
    }


def _in_parts(rows: Iterable[T]) -> Iterator[list[T]]:
    left = iter(rows)
    while part := list(islice(left, _PART)):
        yield part
