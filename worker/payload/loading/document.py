"""A whole file: its lists, read entry by entry, and ids that are given twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from worker.domain.definitions import Definition
from worker.domain.words import ErrorCode
from worker.payload.loading.agents import read_agent
from worker.payload.loading.ai_agents import read_ai_agent
from worker.payload.loading.customers import LoadedCustomer, read_customer
from worker.payload.loading.errors import Errors, LoadErrorCode, Place
from worker.payload.loading.shape import Key, Reader, read_shape
from worker.payload.loading.tags import read_tag
from worker.payload.loading.tickets import LoadedTicket, read_ticket, ticket_shape
from worker.payload.loading.webhooks import Check, read_webhook, webhook_shape
from worker.payload.wrong import Wrong

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LoadRules:
    """What reading needs to know.

    `zone` is that of times without an offset, `now` the time of loading; the checks say what a webhook's URL and
    secret must be.
    """

    zone: ZoneInfo
    now: datetime
    check_url: Check
    check_secret: Check


@dataclass(frozen=True, slots=True)
class Placed(Generic[T]):
    """An entry and where it stood."""

    place: Place
    value: T


@dataclass(slots=True)
class Document:
    """What a file holds, as far as it could be read; nothing of it may be used while there are `errors`."""

    errors: Errors
    tags: list[Placed[Definition]] = field(default_factory=list)
    customers: list[Placed[LoadedCustomer]] = field(default_factory=list)
    agents: list[Placed[Definition]] = field(default_factory=list)
    ai_agents: list[Placed[Definition]] = field(default_factory=list)
    webhooks: list[Placed[Definition]] = field(default_factory=list)
    tickets: list[Placed[LoadedTicket]] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """How many entries each list has, by its name in the file."""
        names = {"ai_agents": "aiAgents"}
        lists = [one.name for one in fields(self) if one.name != "errors"]
        return {names.get(name, name): len(getattr(self, name)) for name in lists}


def read_document(raw: object, rules: LoadRules) -> Document:
    """Read a decoded file; what is wrong with it stands in the answer's `errors`."""
    errors = Errors()
    webhook, ticket = webhook_shape(rules.check_url, rules.check_secret), ticket_shape(rules.zone)
    document = Document(errors)
    readers = {
        "tags": _into(document.tags, read_tag),
        "customers": _into(document.customers, read_customer),
        "agents": _into(document.agents, read_agent),
        "aiAgents": _into(document.ai_agents, read_ai_agent),
        "webhooks": _into(document.webhooks, lambda one, place: read_webhook(one, place, webhook)),
        "tickets": _into(document.tickets, lambda one, place: read_ticket(one, place, ticket, rules.zone, rules.now)),
    }
    read_shape(raw, {name: Key(read, nullable=False) for name, read in readers.items()}, Place(errors))
    _check_ids(document)
    return document


def _into(found: list[Placed[T]], read: Callable[[object, Place], T | None]) -> Reader:
    """A reader of a list of any length that puts its entries where they belong."""

    def read_list(value: object, place: Place) -> None:
        if not isinstance(value, list):
            raise Wrong(ErrorCode.INVALID_TYPE, "must be a list")
        for index, raw in enumerate(value):
            at = place.entry(index)
            entry = read(raw, at)
            if entry is not None:
                found.append(Placed(at, entry))

    return read_list


def _check_ids(document: Document) -> None:
    for definitions in (document.tags, document.agents, document.ai_agents, document.webhooks):
        _report_doubles((one.place, one.value["id"]) for one in definitions)
    _report_doubles((one.place, one.value.customer.id) for one in document.customers)
    _report_doubles((one.place, one.value.id) for one in document.tickets)
    _report_doubles(
        (place, contract.id)
        for one in document.customers
        for place, contract in zip(one.value.places, one.value.customer.contracts, strict=True)
    )
    _report_doubles(
        (intent.place, intent.id) for one in document.tickets for intent in one.value.intents or () if intent.id
    )


def _report_doubles(ids: Iterable[tuple[Place, object]]) -> None:
    seen: set[object] = set()
    for place, one in ids:
        if one in seen:
            place.key("id").report(LoadErrorCode.DUPLICATE_ID, "an earlier entry has this id, too")
        seen.add(one)
