"""What a file says must agree with itself and with what is stored: tags, owners, codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from worker.domain.definitions import tag_of
from worker.domain.entities import AiAgent, Tag
from worker.domain.words import ErrorCode
from worker.payload.loading.document import Document
from worker.payload.loading.errors import LoadErrorCode, Place
from worker.payload.loading.intents import LoadedIntent
from worker.payload.loading.tickets import LoadedTicket


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored that a file must agree with.

    `external_ids` tells the ticket that holds each external id of the file, `contracts` the customer of each contract,
    `intents` the ticket of each intent.
    """

    tags: Mapping[int, Tag]
    ai_agents: Mapping[int, AiAgent]
    external_ids: Mapping[str, int]
    contracts: Mapping[str, str]
    intents: Mapping[int, int]


def check_agreement(document: Document, stored: Stored) -> None:
    """Report every reference to nothing, and every contradiction between entries or with what is stored."""
    _check_tags(document, stored)
    _check_contracts(document, stored)
    _check_codes(document, stored)
    _check_external_ids(document, stored)
    agents = AgentNames.of(document, stored)
    known = {*stored.tags, *(one.value["id"] for one in document.tags)}
    for one in document.tickets:
        _check_tag_ids(one.value, known, one.place)
        _check_intents(one.value, agents, stored)


def _check_tags(document: Document, stored: Stored) -> None:
    given = {one.value["id"]: one for one in document.tags}
    parents = {tag.id: tag.parent for tag in stored.tags.values()}
    parents |= {tag_id: one.value.get("parent") for tag_id, one in given.items()}
    for tag_id, one in given.items():
        parent = parents[tag_id]
        at = one.place.key("parent")
        if parent is not None and parent not in parents:
            at.report(ErrorCode.UNKNOWN_TAG, "there is no such tag")
        elif tag_id in _ancestors(tag_id, parents):
            at.report(LoadErrorCode.CONTRADICTION, "a tag cannot be above itself")
    _check_default(document, stored)


def _ancestors(tag_id: int, parents: Mapping[int, int | None]) -> set[int]:
    found: set[int] = set()
    parent = parents[tag_id]
    while parent is not None and parent not in found:
        found.add(parent)
        parent = parents.get(parent)
    return found


def _check_default(document: Document, stored: Stored) -> None:
    """Of the tags that are switched on one at most is the default."""
    given = {one.value["id"] for one in document.tags}
    standing = any(tag.default and tag.enabled for tag in stored.tags.values() if tag.id not in given)
    for one in document.tags:
        tag = tag_of(one.value)
        if tag.default and tag.enabled:
            if standing:
                message = "another tag is the default already"
                one.place.key("properties").report(LoadErrorCode.CONTRADICTION, message)
            standing = True


def _check_contracts(document: Document, stored: Stored) -> None:
    """A contract moves only between customers of one file, which says what is left to each."""
    given = {one.value.customer.id for one in document.customers}
    for one in document.customers:
        for contract, place in zip(one.value.customer.contracts, one.value.places, strict=True):
            owner = stored.contracts.get(contract.id, contract.customer_id)
            if owner not in given:
                place.key("id").report(LoadErrorCode.CONTRADICTION, "belongs to a customer outside of this file")


def _check_codes(document: Document, stored: Stored) -> None:
    given = {one.value["id"] for one in document.ai_agents}
    taken = {agent.code for agent in stored.ai_agents.values() if agent.id not in given}
    for one in document.ai_agents:
        code = one.value.get("code")
        if code in taken:
            one.place.key("code").report(LoadErrorCode.CONTRADICTION, "another AI agent has this code")
        elif code is not None:
            taken.add(code)


def _check_external_ids(document: Document, stored: Stored) -> None:
    given = {one.value.id for one in document.tickets}
    taken = {external for external, ticket_id in stored.external_ids.items() if ticket_id not in given}
    for one in document.tickets:
        external = one.value.values["externalTicketId"]
        if external in taken:
            message = "another ticket has this external id"
            one.place.key("externalTicketId").report(ErrorCode.DUPLICATE_EXTERNAL_TICKET_ID, message)
        elif external is not None:
            taken.add(str(external))


def _check_tag_ids(ticket: LoadedTicket, known: set[int], place: Place) -> None:
    for tag_id in ticket.tags:
        if tag_id not in known:
            at = place.key("tagSources")
            if tag_id in ticket.tag_ids:
                at = place.key("tagIds").entry(ticket.tag_ids.index(tag_id))
            at.report(ErrorCode.UNKNOWN_TAG, "there is no such tag")


@dataclass(frozen=True, slots=True)
class AgentNames:
    """The AI agents there will be after a load, by what an intent may call them."""

    ids: frozenset[int]
    by_code: Mapping[str, int]

    @classmethod
    def of(cls, document: Document, stored: Stored) -> AgentNames:
        """Those of the file before those that are stored."""
        given = {one.value["id"]: str(one.value.get("code")) for one in document.ai_agents}
        codes = {agent.id: agent.code for agent in stored.ai_agents.values()} | given
        return cls(frozenset(codes), {code: agent_id for agent_id, code in codes.items()})

    def id_of(self, intent: LoadedIntent) -> int:
        """The AI agent of an intent that was checked."""
        return self.by_code[str(intent.code)] if intent.agent_id is None else intent.agent_id

    def check(self, intent: LoadedIntent) -> bool:
        """Whether an intent names one AI agent that exists; what is wrong is reported."""
        before = intent.place.errors.count
        if intent.agent_id is not None and intent.agent_id not in self.ids:
            intent.place.key("aiAgentId").report(LoadErrorCode.UNKNOWN_AI_AGENT, "there is no such AI agent")
        elif intent.code is not None and intent.code not in self.by_code:
            intent.place.key("code").report(LoadErrorCode.UNKNOWN_AI_AGENT, "there is no AI agent with this code")
        elif intent.code is not None and self.by_code[intent.code] != self.id_of(intent):
            intent.place.key("code").report(LoadErrorCode.CONTRADICTION, "is not the code of aiAgentId")
        return intent.is_named and intent.place.errors.count == before


def _check_intents(ticket: LoadedTicket, agents: AgentNames, stored: Stored) -> None:
    open_ones: set[tuple[int, str | None]] = set()
    for intent in ticket.intents or ():
        if intent.id is not None and stored.intents.get(intent.id, ticket.id) != ticket.id:
            intent.place.key("id").report(LoadErrorCode.DUPLICATE_ID, "an intent of another ticket has this id")
        if not agents.check(intent):
            continue
        found = intent.of(agents.id_of(intent))
        wanted = (found.intent.agent_id, found.intent.contract_id)
        if found.open and wanted in open_ones:
            message = "an AI agent has one open intent for each contract at most"
            intent.place.report(LoadErrorCode.CONTRADICTION, message)
        if found.open:
            open_ones.add(wanted)
