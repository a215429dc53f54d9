"""Actions that failed for good, carried out again because a person says so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from worker.domain.changes import BY_SYSTEM, net_change
from worker.domain.intents import IntentChange, IntentStatus
from worker.operations.announce import Cause, announce
from worker.operations.intents_told import told_intents
from worker.storage.directory import ai_agent_definitions
from worker.storage.intents import read_intents, ready_again, tickets_of
from worker.storage.tickets import Origin, lock_tickets, save_changes

_CAUSE = {"retry": "dead_letter"}


def execute_again(
    connection: Connection, intent_ids: Collection[int], now: datetime
) -> tuple[list[str], Collection[int]]:
    """Have the tickets of failed intents due at once: the gates are asked again, and the key is the one of before.

    Returns:
        The ids of messages that tell of it, and the intents that go again.
    """
    tickets = lock_tickets(connection, tickets_of(connection, intent_ids), ("autoExecuteAt",))
    stored = read_intents(connection, list(tickets))
    again: defaultdict[int, list[int]] = defaultdict(list)
    for intent_id, ticket_id in ready_again(connection, intent_ids, now).items():
        again[ticket_id].append(intent_id)
    agents = ai_agent_definitions(connection) if again else {}
    changes = []
    for ticket_id, ids in again.items():
        ready = [
            IntentChange(one.id, replace(one.intent, status=IntentStatus.READY))
            for one in stored[ticket_id]
            if one.id in ids
        ]
        also = told_intents(stored[ticket_id], ready, agents)
        due, causes = {"autoExecuteAt": now}, {"autoExecuteAt": _CAUSE}
        change = net_change(tickets[ticket_id], due, None, by=BY_SYSTEM, now=now, also=also, causes=causes)
        if change is not None:
            changes.append(change)
    save_changes(connection, changes, Origin(BY_SYSTEM, now), worklog=False)
    return announce(connection, changes, Cause(now)), [one for ids in again.values() for one in ids]
