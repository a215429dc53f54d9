"""Actions that failed for good, carried out again because a person says so."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from worker.domain.changes import BY_SYSTEM, TicketChange, net_change
from worker.domain.entities import AiAgent, Ticket
from worker.domain.intents import IntentChange, IntentStatus, StoredIntent
from worker.operations.announce import Cause, announce
from worker.operations.intents_told import told_intents
from worker.storage.directory import ai_agent_definitions
from worker.storage.intents import read_intents, ready_again, tickets_of
from worker.storage.tickets import Origin, lock_tickets, save_changes


def execute_again(
    connection: Connection, letters: Mapping[int, int], now: datetime
) -> tuple[list[str], Collection[int]]:
    """Have the tickets of failed intents due at once: the gates are asked again, and the key is the one of before.

    Args:
        connection: where it is written.
        letters: numbers of dead letters, by the id of their intent.
        now: the time.

    Returns:
        The ids of messages that tell of it, and the intents that go again.
    """
    tickets = lock_tickets(connection, tickets_of(connection, letters.keys()), ("autoExecuteAt",))
    stored = read_intents(connection, list(tickets))
    again = ready_again(connection, letters.keys(), now)
    going = {number: letters[number] for number in again}
    agents = ai_agent_definitions(connection) if going else {}
    due = (tickets[ticket_id] for ticket_id in sorted(set(again.values())))
    changes = [_due_again(one, stored[one.id], going, agents, now) for one in due]
    save_changes(connection, changes, Origin(BY_SYSTEM, now), worklog=False)
    return announce(connection, changes, Cause(now)), going.keys()


def _due_again(
    ticket: Ticket,
    stored: Sequence[StoredIntent],
    letters: Mapping[int, int],
    agents: Mapping[int, AiAgent],
    now: datetime,
) -> TicketChange:
    """What becomes of one ticket, as history and events tell it: its intents are ready, its time has come."""
    going = [one for one in stored if one.id in letters]
    ready = [IntentChange(one.id, replace(one.intent, status=IntentStatus.READY)) for one in going]
    change = net_change(
        ticket,
        {"autoExecuteAt": now.replace(microsecond=0)},
        None,
        by=BY_SYSTEM,
        now=now,
        also=told_intents(stored, ready, agents),
        causes={"autoExecuteAt": {"deadLetter": letters[going[0].id]}},
    )
    assert change is not None  # noqa: S101 - the intents had failed
    return change
