"""What is sent, and what has to come of it: batches for tickets whose every value is known."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from sqlalchemy import Connection, update

from tests.benchmarks.data import TAGS, Case, Start
from tests.faults.plan import Plan
from worker.demo.receiver import Receiver
from worker.domain.words import Outcome, RefreshMode
from worker.storage.tables import EndpointRow, TicketRow

TOLD = "portal"
"""The channel of the tickets that the endpoint is told of."""

MODES = (RefreshMode.TAGS_RULE_BASED, RefreshMode.SUMMARY_AND_TEXT)
"""Modes that change each of these tickets: they have manual tags, and no cleaned text."""

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one item asks for: fields with their values as history stores them, and tags."""

    values: Mapping[str, Any] = field(default_factory=dict)
    added: frozenset[int] = frozenset()
    removed: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch: its items as sent, how they have to end, and what they ask for by ticket."""

    key: str
    items: Sequence[Item]
    outcomes: Mapping[str, int]
    wanted: Mapping[int, Wanted]
    refreshes: Mapping[int, RefreshMode] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Work:
    """Tickets before anything was sent, and the batches that are sent."""

    case: Case
    batches: Sequence[Batch]
    told: int = 1

    @property
    def start(self) -> dict[int, Start]:
        """The tickets before, by id."""
        return {ticket.id: ticket for ticket in self.case.tickets()}

    def is_told(self, ticket_id: int) -> bool:
        """Whether the endpoint wants to be told of a ticket."""
        return ticket_id % self.told == 0

    def load(self, connection: Connection, receiver: Receiver) -> None:
        """Writes tickets, tags and the endpoint."""
        self.case.load(connection)
        connection.execute(update(TicketRow).where(TicketRow.id % self.told == 0).values(channel=TOLD))
        connection.execute(update(EndpointRow).values(url=receiver.url, secret=receiver.secret, channels=[TOLD]))


def one_batch(plan: Plan) -> Work:
    """A different change for each ticket, and refreshes of tickets behind them."""
    case = Case(plan.tickets + plan.refreshes)
    refreshes = {ticket_id: MODES[ticket_id % len(MODES)] for ticket_id in range(plan.tickets + 1, case.n + 1)}
    asked = [{"id": ticket_id, "refreshMode": mode.value} for ticket_id, mode in refreshes.items()]
    outcomes = case.outcomes(plan.tickets) | {Outcome.REFRESH_SCHEDULED.value: len(asked)}
    saved = json.loads(case.saved())[: plan.tickets]
    wanted = {
        item["id"]: Wanted(item["set"], frozenset(item.get("added", ())), frozenset(item.get("removed", ())))
        for item in saved
    }
    items = [*json.loads(case.sent(plan.tickets)), *asked]
    return Work(case, [Batch("changes", items, outcomes, wanted, refreshes)], plan.told)


def two_batches(plan: Plan) -> Work:
    """Two batches for the same tickets, one of them in any order, so that each chunk meets each of the other's.

    Each changes fields of its own and one that the other changes too, adds a tag of its own and takes one away.
    """
    case = Case(plan.contested)
    return Work(case, [_contesting(case, 0), _contesting(case, 1)], plan.told)


def _contesting(case: Case, which: int) -> Batch:
    own = ("subject", "summary")[which]
    wanted: dict[int, Wanted] = {}
    for ticket in case.tickets():
        values = {own: f"Rückruf {ticket.id}", "partnerId": ticket.id * 10 + which}
        free = [tag_id for tag_id in TAGS if tag_id not in ticket.tags]
        wanted[ticket.id] = Wanted(values, frozenset({free[which]}), frozenset(ticket.tags[which : which + 1]))
    items = [
        {"id": ticket_id, **one.values, "addTagIds": sorted(one.added), "removeTagIds": sorted(one.removed)}
        for ticket_id, one in wanted.items()
    ]
    if which:
        Random(which).shuffle(items)  # noqa: S311 - an order
    return Batch(own, items, {Outcome.UPDATED.value: len(items)}, wanted)
