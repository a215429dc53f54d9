"""Webhook deliveries: claimed, signed, sent with no transaction open, recorded, tried again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from pydantic import SecretStr
from sqlalchemy import Connection

from worker.context import Context
from worker.domain.words import DeliveryState
from worker.operations.log_context import bind_work
from worker.operations.publish import publish_next
from worker.storage.dead import Dead, bury
from worker.storage.outbox import settle_message
from worker.storage.webhooks import Delivery, claim_deliveries, held_deliveries, next_attempt_of, record_attempts
from worker.webhooks.body import encode
from worker.webhooks.result import SendResult
from worker.webhooks.retry import Verdict, delay, verdict
from worker.webhooks.sending import Sender
from worker.webhooks.signing import signed_headers

log = structlog.get_logger(__name__)

AT_ONCE = 8
"""Requests in flight of one message. No more are claimed at once, so that none waits out its lease unsent."""

SOON = timedelta(seconds=2)
"""When to look again, at the earliest, at a delivery that waits for an earlier one of its ticket."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt and what follows from it; `next_at` is set while the delivery waits."""

    delivery: Delivery
    result: SendResult
    state: DeliveryState
    at: datetime
    next_at: datetime | None


def deliver(context: Context, delivery_ids: Sequence[str], message_id: str) -> dict[str, int]:
    """Send what is due of these; the message ends when all have ended, and is due again before that otherwise.

    Returns:
        How many attempts left their delivery in each state.
    """
    counts: Counter[str] = Counter()
    silent: set[str] = set()
    while claimed := _claim(context, delivery_ids, silent):
        bind_work([delivery.ticket_id for delivery in claimed])
        sender = context.sender()  # once for all threads: they share its connections
        with ThreadPoolExecutor(len(claimed)) as pool:
            attempts = list(pool.map(partial(_attempt, context, sender), claimed))
        _record(context, attempts)
        counts.update(one.state.value for one in attempts)
        silent |= {one.delivery.endpoint_id for one in attempts if one.result.status is None}
    _see_to_the_rest(context, delivery_ids, message_id)
    log.info("webhooks_sent", **counts)
    return dict(counts)


def _claim(context: Context, ids: Sequence[str], silent: Collection[str]) -> list[Delivery]:
    """The next deliveries; endpoints that gave no answer come last, so that they hold up nobody but themselves."""
    now = context.clock()
    lease_until = now + context.settings.lease
    return context.database.transact(
        lambda connection: claim_deliveries(
            connection, ids, now=now, lease_until=lease_until, limit=AT_ONCE, last=silent
        )
    )


def _attempt(context: Context, sender: Sender, delivery: Delivery) -> Attempt:
    body = encode(delivery.body)
    headers = signed_headers(delivery.id, context.clock(), body, SecretStr(delivery.secret))
    result = sender.send(delivery.url, headers, body)
    now = context.clock()
    decided = verdict(result)
    if decided is Verdict.DELIVERED:
        return Attempt(delivery, result, DeliveryState.DELIVERED, now, None)
    wait = delay(delivery.attempts, context.settings.webhook_retry_delays, context.jitter(), result.retry_after)
    if decided is Verdict.DEAD or wait is None:
        return Attempt(delivery, result, DeliveryState.DEAD, now, None)
    return Attempt(delivery, result, DeliveryState.WAITING, now, now + wait)


def _record(context: Context, attempts: Sequence[Attempt]) -> None:
    """Write every attempt down; what becomes of a delivery decides the one who holds it."""

    def write(connection: Connection) -> None:
        held = held_deliveries(connection, [one.delivery for one in attempts])
        ours = [one for one in attempts if one.delivery.id in held]
        record_attempts(connection, [_delivery_row(one) for one in ours], [_attempt_row(one) for one in attempts])
        bury(connection, [_dead(one) for one in ours if one.state is DeliveryState.DEAD], context.clock())

    context.database.transact(write)


def _delivery_row(attempt: Attempt) -> dict[str, Any]:
    return {
        "id": attempt.delivery.id,
        "state": attempt.state.value,
        "status": attempt.result.status,
        "error": attempt.result.error,
        "lease_until": None,
        "next_attempt_at": attempt.next_at,
        "delivered_at": attempt.at if attempt.state is DeliveryState.DELIVERED else None,
    }


def _attempt_row(attempt: Attempt) -> dict[str, Any]:
    return {
        "delivery_id": attempt.delivery.id,
        "status": attempt.result.status,
        "error": attempt.result.error,
        "duration_ms": round(attempt.result.duration.total_seconds() * 1000),
        "at": attempt.at,
    }


def _dead(attempt: Attempt) -> Dead:
    delivery = attempt.delivery
    detail = {"ticketId": delivery.ticket_id, "endpointId": delivery.endpoint_id, "status": attempt.result.status}
    return Dead("webhook", str(attempt.result.error), delivery.id, detail)


def _see_to_the_rest(context: Context, ids: Sequence[str], message_id: str) -> None:
    soon = context.clock() + SOON
    with context.database.write() as connection:
        again_at = next_attempt_of(connection, ids, soon)
        held_back = settle_message(connection, message_id, again_at)
    publish_next(context, held_back)
