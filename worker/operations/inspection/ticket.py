"""A ticket in the page's shape: what is stored, and what is computed from it (contract section 2)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any, cast

from sqlalchemy import Connection

from worker.context import Context
from worker.domain.entities import Customer, Ticket, Value
from worker.domain.legitimation import EXPLAINED_LEVELS
from worker.domain.words import Channel, Direction
from worker.operations.inspection.batch import Document, refresh_object
from worker.operations.inspection.unknown import Unknown
from worker.payload.times import format_time
from worker.storage import inspection
from worker.storage.directory import customers_by_id
from worker.storage.inspection import Objects, Row
from worker.storage.tickets import read_tickets, stored

RECENTLY = timedelta(hours=1)
"""How far back `workedOnByIds` looks (page)."""

STORED = (
    "id direction from fromName to ccEmails bccEmails subchannelId externalTicketId sentiment language languageCode"
    " autoExecuteAt aiSupportLevel spamStatus isCustomerActive interface priority channel channelId status summary"
    " subject bodyPlain body bodyClean isEscalated createdAt modifiedAt firstResponseDueBy dueBy closedAt customerId"
    " contractId partnerId customerLegitimation customerLegitimationMessage responderId agentId assignedAgentIds"
    " attachments additionalData template rawData workitem"
).split()
"""Fields that are shown as they are stored, in the page's order."""


@dataclass(frozen=True, slots=True)
class _Around:
    """What is known around some tickets, read with a fixed number of statements."""

    tags: Objects
    people: Objects
    customers: Mapping[str, Customer]
    intents: Mapping[int, Sequence[Row]]
    workers: Mapping[int, Sequence[int]]


@dataclass(frozen=True, slots=True)
class _Past:
    """What happened to some tickets."""

    history: Mapping[int, Sequence[Row]]
    worklog: Mapping[int, Sequence[Row]]
    runs: Mapping[int, Sequence[Row]]


def show_tickets(context: Context, ids: Sequence[int], *, history: bool = False) -> list[Document]:
    """The tickets in the order asked for, each as `GET /ticket/{id}` of the page gives it, with `tagSources`.

    Sent back whole as a patch, each is accepted and changes nothing. `history` adds `history`, `worklog` and
    `refreshes`, oldest first. Times are in the configured time zone.

    Raises:
        Unknown: `ticket_not_found`, naming every id that is not there.
    """
    with context.database.read() as connection:
        tickets = read_tickets(connection, set(ids))
        if missing := [str(ticket_id) for ticket_id in dict.fromkeys(ids) if ticket_id not in tickets]:
            raise Unknown("ticket_not_found", f"there is no ticket {', '.join(missing)}")
        around = _around(connection, tickets.values(), context.clock() - RECENTLY)
        past = _past(connection, tickets.keys()) if history else None
    zone = context.settings.time_zone
    return [
        _ticket(tickets[ticket_id], around, zone) | (_told(ticket_id, past, zone) if past else {}) for ticket_id in ids
    ]


def _around(connection: Connection, tickets: Collection[Ticket], since: datetime) -> _Around:
    ids = [ticket.id for ticket in tickets]
    workers = inspection.workers_since(connection, ids, since)
    people = {person_id for ticket in tickets for person_id in (*_assigned(ticket), *workers.get(ticket.id, ()))}
    people |= {cast("int", ticket.values["agentId"]) for ticket in tickets}
    customers = {str(ticket.values["customerId"]) for ticket in tickets if ticket.values["customerId"] is not None}
    return _Around(
        tags=inspection.tag_objects(connection, {tag_id for ticket in tickets for tag_id in ticket.tags}),
        people=inspection.person_objects(connection, people),
        customers=customers_by_id(connection, customers),
        intents=inspection.intents_of_tickets(connection, ids),
        workers=workers,
    )


def _past(connection: Connection, ids: Collection[int]) -> _Past:
    return _Past(
        history=inspection.history_of_tickets(connection, ids),
        worklog=inspection.worklog_of_tickets(connection, ids),
        runs=inspection.runs_of_tickets(connection, ids),
    )


def _ticket(ticket: Ticket, around: _Around, zone: tzinfo) -> Document:
    values = ticket.values
    tag_ids = sorted(ticket.tags)
    worked = around.workers.get(ticket.id, [])
    return _stored_fields(ticket, zone) | {
        "replyCcEmails": values["ccEmails"],
        "replyRecipients": reply_recipients(values),
        "customer": _customer(around.customers.get(str(values["customerId"]))),
        "agent": around.people.get(cast("int", values["agentId"])),
        "assignedAgents": _known(around.people, _assigned(ticket)),
        "workedOnByIds": list(worked),
        "workedOnBy": _known(around.people, worked),
        "tags": _known(around.tags, tag_ids),
        "tagIds": tag_ids,
        "tagSources": [{"id": tag_id, "source": ticket.tags[tag_id].value} for tag_id in tag_ids],
        "intents": [_intent(row) for row in around.intents.get(ticket.id, [])],
    }


def _stored_fields(ticket: Ticket, zone: tzinfo) -> Document:
    shown = {name: _shown(name, ticket.values.get(name), zone) for name in STORED}
    shown["id"] = ticket.id
    shown["attachments"] = shown["attachments"] or []
    if ticket.values["customerLegitimation"] not in EXPLAINED_LEVELS:
        shown["customerLegitimationMessage"] = None
    # A patch may carry a null sender on channel `system` alone; elsewhere an unknown sender is left out.
    if shown["from"] is None and shown["channel"] != Channel.SYSTEM:
        del shown["from"]
    return shown


def _shown(name: str, value: Value, zone: tzinfo) -> object:
    if not isinstance(value, datetime):
        return value
    return stored(value) if name == "autoExecuteAt" else format_time(value, zone)


def reply_recipients(values: Mapping[str, Any]) -> Document | None:
    """To whom a reply goes: the sender of an inbound ticket, the recipients of others; None on channel `system`."""
    if values["channel"] == Channel.SYSTEM:
        return None
    to = values["from"] if values["direction"] == Direction.IN else values["to"]
    return {
        "to": [to] if isinstance(to, str) else list(to or []),
        "cc": values["ccEmails"],
        "bcc": values["bccEmails"],
    }


def _customer(customer: Customer | None) -> Document | None:
    if customer is None:
        return None
    return {**customer.values, "contracts": [contract.values for contract in customer.contracts]}


def _assigned(ticket: Ticket) -> list[int]:
    return cast("list[int]", ticket.values["assignedAgentIds"])


def _known(objects: Objects, ids: Iterable[int]) -> list[Document]:
    return [objects[one] for one in ids if one in objects]


def _intent(row: Row) -> Document:
    return {
        "id": row["id"],
        "aiAgentId": row["ai_agent_id"],
        "code": row["code"],
        "name": row["name"],
        "contractId": row["contract_id"] or None,
        "status": row["status"],
        "confidence": row["confidence"],
        "confidenceColor": row["confidence_color"],
        "verified": row["verified"],
        "data": row["data"],
        "options": row["options"],
        "infos": row["infos"],
        "outcome": row["outcome"],
    }


def _told(ticket_id: int, past: _Past, zone: tzinfo) -> Document:
    shapes: tuple[tuple[str, Mapping[int, Sequence[Row]], Callable[[Row], Document]], ...] = (
        ("history", past.history, lambda row: _change(row, zone)),
        ("worklog", past.worklog, lambda row: _work(row, zone)),
        ("refreshes", past.runs, lambda row: refresh_object(row) | {"batchId": row["batch_id"]}),
    )
    return {name: [shape(row) for row in rows.get(ticket_id, [])] for name, rows, shape in shapes}


def _change(row: Row, zone: tzinfo) -> Document:
    return {
        "field": row["field"],
        "old": row["old"],
        "new": row["new"],
        "actor": {"type": row["actor_type"], "id": row["actor_id"]},
        "batchId": row["batch_id"],
        "at": format_time(row["at"], zone),
    } | ({"cause": row["cause"]} if row["cause"] else {})


def _work(row: Row, zone: tzinfo) -> Document:
    return {
        "action": row["action"],
        "userId": row["user_id"],
        "automatic": row["automatic"],
        "batchId": row["batch_id"],
        "at": format_time(row["at"], zone),
    }
