"""The use case behind `load`: a file of master data and tickets, checked whole, written in one transaction."""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy import Connection

from worker.context import Context
from worker.domain.entities import Ticket
from worker.payload.loading.agreement import AgentNames, Stored, check_agreement
from worker.payload.loading.document import Document, LoadRules, read_document
from worker.storage.directory import ai_agent_definitions, tag_definitions
from worker.storage.endpoints import save_endpoints
from worker.storage.loading import (
    customers_of_contracts,
    replace_intents,
    save_ai_agents,
    save_customers,
    save_people,
    save_tags,
    save_tickets,
    tickets_of_external_ids,
    tickets_of_intents,
)
from worker.webhooks.signing import check_secret
from worker.webhooks.urls import parse_url

log = structlog.get_logger(__name__)


def load(context: Context, document: object) -> dict[str, int]:
    """Upsert a decoded file: one object with any of `tickets`, `customers`, `tags`, `agents`, `aiAgents`, `webhooks`.

    A ticket or customer that exists is replaced by the file's, with its tags or contracts; a ticket's history stays,
    and its intents do unless the file gives some. Nothing is announced and no refresh is asked for.

    Returns:
        How many entries of each list were written.

    Raises:
        LoadRefused: the file has errors; nothing of it was written.
    """
    now = context.clock()
    rules = LoadRules(context.settings.time_zone, now, parse_url, check_secret)
    read = read_document(document, rules)

    def write(connection: Connection) -> None:
        stored = _stored(connection, read)
        check_agreement(read, stored)
        read.errors.refuse()
        _save(connection, read, stored, now)

    context.database.transact(write)
    log.info("loaded", **read.counts)
    return read.counts


def _stored(connection: Connection, read: Document) -> Stored:
    """What of the database the file must agree with, in a fixed number of statements a thousand entries."""
    tickets = [one.value for one in read.tickets]
    external_ids = {str(ticket.values["externalTicketId"]) for ticket in tickets}
    contracts = {contract.id for one in read.customers for contract in one.value.customer.contracts}
    intents = {intent.id for ticket in tickets for intent in ticket.intents or () if intent.id is not None}
    return Stored(
        tags=tag_definitions(connection),
        ai_agents=ai_agent_definitions(connection),
        external_ids=tickets_of_external_ids(connection, external_ids),
        contracts=customers_of_contracts(connection, contracts),
        intents=tickets_of_intents(connection, intents),
    )


def _save(connection: Connection, read: Document, stored: Stored, now: datetime) -> None:
    save_tags(connection, [one.value for one in read.tags])
    save_customers(connection, [one.value.customer for one in read.customers])
    save_people(connection, [one.value for one in read.agents])
    save_ai_agents(connection, [one.value for one in read.ai_agents])
    save_endpoints(connection, [one.value for one in read.webhooks])
    tickets = [one.value for one in read.tickets]
    save_tickets(connection, [Ticket(one.id, 0, one.values, one.tags) for one in tickets])
    agents = AgentNames.of(read, stored)
    given = {one.id: one.intents for one in tickets if one.intents is not None}
    intents = {ticket_id: [one.of(agents.id_of(one)) for one in own] for ticket_id, own in given.items()}
    replace_intents(connection, intents, now)
