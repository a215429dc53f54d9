"""Stores how an action ended, or when it is tried again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from worker.context import Context
from worker.domain.actions import ActionRequest, ActionResult
from worker.domain.changes import BY_SYSTEM, Actor, Cause, TicketChange, net_change
from worker.domain.entities import Ticket
from worker.domain.failures import Permanent, Transient
from worker.domain.intents import IntentChange, IntentStatus
from worker.domain.words import ActorType, Status
from worker.operations import announce
from worker.operations.execution.claim import Work
from worker.operations.intents_told import told_intents
from worker.payload.times import format_time
from worker.storage.dead import Dead, bury
from worker.storage.directory import ai_agent_definitions
from worker.storage.executions import end_execution, is_held, put_off, save_outcome
from worker.storage.intents import read_intents
from worker.storage.tickets import Origin, lock_tickets, save_changes
from worker.webhooks.body import INTENT_EXECUTED
from worker.webhooks.retry import delay

BY_AGENT = Actor(ActorType.AI)

Ended = ActionResult | Transient | Permanent
"""What an action came to: a result, or a failure."""

UNSUCCESSFUL = "unsuccessful"
"""The action itself says that it did not succeed."""


def record(context: Context, connection: Connection, work: Work, ended: Ended) -> list[str]:
    """Write what an action came to, unless its claim was lost meanwhile; the ids of messages that tell of it."""
    found = lock_tickets(connection, [work.execution.ticket_id], ("status", "autoExecuteAt", "channel"))
    if not is_held(connection, work.execution):
        return []
    (ticket,) = found.values()  # a claim goes with its ticket
    place = _Place(connection, work, ticket, context.clock())
    if isinstance(ended, Transient):
        attempt = work.execution.attempts + 1
        wait = delay(attempt, context.settings.retry_delays, context.jitter(), ended.retry_after)
        if wait is not None:
            return _try_again(
                place, (place.now + wait).replace(microsecond=0), {"retryAfter": ended.reason, "attempt": attempt}
            )
    if isinstance(ended, ActionResult):
        return _store(context, place, ended, None if ended.success else UNSUCCESSFUL)
    return _store(context, place, _failed(ended.reason), ended.reason)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the end of some work is written: its locked ticket, at one moment."""

    connection: Connection
    work: Work
    ticket: Ticket
    now: datetime


def _failed(reason: str) -> ActionResult:
    """The result of an action that gave none; `reason` is a static code."""
    return ActionResult(success=False, message=f"The action did not succeed: {reason}.", data={"reason": reason})


def _store(context: Context, place: _Place, result: ActionResult, failure: str | None) -> list[str]:
    """Store an outcome; `failure` is why it is none that was wanted, for a dead letter."""
    connection, request, now = place.connection, place.work.request, place.now
    end_execution(connection, place.work.execution)
    closes = result.close_ticket and result.success and place.ticket.values["status"] == Status.OPEN
    status = IntentStatus.EXECUTED if result.success else IntentStatus.FAILED
    change = _change(place, status, closes=closes)
    if change is None:  # somebody has seen to the intent meanwhile
        return []
    outcome = _outcome(context, request, result, now, closes=closes)
    save_outcome(connection, request.intent.id, status, outcome, now)
    bury(connection, [_dead(place, failure)] if failure else [], now)
    save_changes(connection, [change], Origin(BY_AGENT, now), worklog=True)
    updated = announce.announce(connection, [change], announce.Cause(now))
    told = [(place.ticket, _told(request, status, outcome))]
    return [*updated, *announce.announce_each(connection, INTENT_EXECUTED, "intents", told, now)]


def _dead(place: _Place, reason: str) -> Dead:
    request = place.work.request
    detail = {"ticketId": place.ticket.id, "agent": request.agent.code, "option": place.work.execution.option}
    return Dead("execution", reason, str(request.intent.id), detail)


def _outcome(
    context: Context, request: ActionRequest, result: ActionResult, now: datetime, *, closes: bool
) -> dict[str, object]:
    """The page's `outcome` of an intent."""
    return {
        "aiAgentId": request.agent.id,
        "success": result.success,
        "messageLocalized": result.message,
        "internalData": {"option": request.option.get("type"), "idempotencyKey": request.key, **result.data},
        "executedAt": format_time(now, context.settings.time_zone),
        "userId": None,
        "ticketClosed": closes,
        "txId": result.tx_id,
    }


def _change(place: _Place, status: IntentStatus, *, closes: bool) -> TicketChange | None:
    """What becomes of the ticket, as history and events tell it; None when the intent is not open any more."""
    request = place.work.request
    stored = read_intents(place.connection, [place.ticket.id]).get(place.ticket.id, [])
    standing = next((one for one in stored if one.id == request.intent.id and one.open), None)
    if standing is None:
        return None
    ended = IntentChange(standing.id, replace(standing.intent, status=status))
    also = told_intents(stored, [ended], ai_agent_definitions(place.connection))
    values = {"status": Status.CLOSED.value} if closes else {}
    causes: dict[str, Cause] = {"status": {"intentId": request.intent.id, "option": request.option.get("type")}}
    return net_change(place.ticket, values, None, by=BY_AGENT, now=place.now, also=also, causes=causes)


def _told(request: ActionRequest, status: IntentStatus, outcome: dict[str, object]) -> dict[str, object]:
    return {
        "intentId": request.intent.id,
        "code": request.agent.code,
        "contractId": request.intent.intent.contract_id,
        "option": request.option.get("type"),
        "data": dict(request.intent.intent.data),
        "status": status.value,
        "idempotencyKey": request.key,
        "outcome": outcome,
    }


def _try_again(place: _Place, at: datetime, cause: Cause) -> list[str]:
    """Have the ticket due again, unless somebody has set a time meanwhile; then the gates are asked again."""
    put_off(place.connection, place.work.execution)
    if place.ticket.values["autoExecuteAt"] is not None:
        return []
    change = net_change(
        place.ticket, {"autoExecuteAt": at}, None, by=BY_SYSTEM, now=place.now, causes={"autoExecuteAt": cause}
    )
    assert change is not None  # noqa: S101 - it had no time
    save_changes(place.connection, [change], Origin(BY_SYSTEM, place.now), worklog=False)
    return announce.announce(place.connection, [change], announce.Cause(place.now))
