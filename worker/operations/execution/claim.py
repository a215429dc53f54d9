"""Judges tickets whose `autoExecuteAt` has passed, and claims what may be carried out."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from worker.context import Context
from worker.domain.actions import ActionRequest
from worker.domain.auto_execution import Case, Gate, first_failing
from worker.domain.changes import BY_SYSTEM, Cause, TicketChange, net_change
from worker.domain.entities import AiAgent, Ticket
from worker.operations import announce
from worker.storage.directory import ai_agent_definitions
from worker.storage.due import due_for_execution
from worker.storage.endpoints import active_endpoints
from worker.storage.executions import Execution, begin_executions, end_execution, forget_attempts, take_lost
from worker.storage.intents import read_intents
from worker.storage.tickets import COLUMNS, Origin, lock_tickets, read_tickets, save_changes
from worker.webhooks.body import INTENT_EXECUTED

AT_ONCE = 25
"""Tickets that one transaction judges; what it claims is carried out one after the other, within one lease."""


@dataclass(frozen=True, slots=True)
class Work:
    """A claimed intent, what its action is asked, and until when it is ours."""

    execution: Execution
    request: ActionRequest
    until: datetime


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a look at the due ones came to: how many tickets, what may be carried out, messages that tell of all."""

    seen: int
    works: list[Work]
    messages: list[str]


def claim_due(context: Context, connection: Connection) -> Claimed:
    """Judge some of the tickets that are due. None of them is due any more; history tells what became of each."""
    now = context.clock()
    ids = due_for_execution(connection, now, AT_ONCE)
    if not ids:
        return Claimed(0, [], [])
    cases = _cases(context, connection, lock_tickets(connection, ids, COLUMNS).values())
    failing = {case.ticket.id: first_failing(case) for case in cases}
    passed = [case for case in cases if failing[case.ticket.id] is None]
    chosen = [(case.ticket.id, case.intent.id, _option(case)) for case in passed]
    until = now + context.settings.lease
    begun = begin_executions(connection, chosen, until)
    forget_attempts(connection, [ticket_id for ticket_id, gate in failing.items() if gate is not None])
    changes = [_no_longer_due(case, failing[case.ticket.id], now) for case in cases]
    save_changes(connection, changes, Origin(BY_SYSTEM, now), worklog=False)
    works = [_work(execution, case, until) for execution, case in zip(begun, passed, strict=True)]
    return Claimed(len(ids), works, announce.announce(connection, changes, announce.Cause(now)))


def claim_lost(context: Context, connection: Connection) -> Work | None:
    """Take over what a lost process had claimed. Its gates were passed; whether it was carried out, nobody knows."""
    now = context.clock()
    until = now + context.settings.lease
    while execution := take_lost(connection, now, until):
        (case,) = _cases(context, connection, read_tickets(connection, [execution.ticket_id]).values())
        intents = [one for one in case.intents if one.id == execution.intent_id and one.open]
        agent = case.agents.get(intents[0].intent.agent_id) if intents else None
        if agent is None:
            end_execution(connection, execution)  # somebody else has seen to it, or defined it away
            continue
        option = next((one for one in intents[0].intent.options if one.get("type") == execution.option), {})
        return Work(execution, ActionRequest(execution.id, case.ticket, intents[0], option, agent), until)
    return None


def _cases(context: Context, connection: Connection, tickets: Collection[Ticket]) -> list[Case]:
    intents = read_intents(connection, [ticket.id for ticket in tickets])
    agents = ai_agent_definitions(connection)
    has_action = _has_action(context, connection)
    spam_tag_ids = context.settings.spam_detection_tag_ids
    return [Case(ticket, intents.get(ticket.id, []), agents, spam_tag_ids, has_action) for ticket in tickets]


def _has_action(context: Context, connection: Connection) -> Callable[[AiAgent], bool]:
    """Whether an agent has a plug-in, or somebody listens who may do it instead."""
    announces = context.settings.default_action == "announce" and any(
        INTENT_EXECUTED in one.events for one in active_endpoints(connection)
    )
    return lambda agent: announces or context.action(agent.code) is not None


def _option(case: Case) -> str:
    assert case.option is not None  # noqa: S101 - a gate that was passed
    return str(case.option["type"])


def _no_longer_due(case: Case, gate: Gate | None, now: datetime) -> TicketChange:
    cause: Cause = {"gate": gate.value} if gate else {"intentId": case.intent.id, "option": _option(case)}
    causes = {"autoExecuteAt": cause}
    change = net_change(case.ticket, {"autoExecuteAt": None}, None, by=BY_SYSTEM, now=now, causes=causes)
    assert change is not None  # noqa: S101 - it had a time
    return change


def _work(execution: Execution, case: Case, until: datetime) -> Work:
    assert case.option is not None and case.agent is not None  # noqa: S101, PT018 - gates that were passed
    return Work(execution, ActionRequest(execution.id, case.ticket, case.intent, case.option, case.agent), until)
