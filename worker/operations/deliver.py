"""Webhook deliveries: claimed, signed, sent with no transaction open, recorded, tried again."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import structlog
from pydantic import SecretStr
from sqlalchemy import Connection

from worker.context import Context
from worker.domain.words import DeliveryState
from worker.storage.dead import Dead, bury
from worker.storage.outbox import finish_message, postpone_message
from worker.storage.webhooks import Delivery, claim_deliveries, next_attempt_of, record_attempts
from worker.webhooks.body import encode
from worker.webhooks.result import SendResult
from worker.webhooks.retry import Verdict, delay, verdict
from worker.webhooks.signing import signed_headers

log = structlog.get_logger(__name__)

AT_ONCE = 8
"""Requests in flight of one message: a slow receiver does not hold up the others."""

BEHIND = timedelta(seconds=2)
"""When to look again at a delivery that waits for an earlier one of its ticket."""


def deliver(context: Context, delivery_ids: Sequence[str], message_id: str) -> dict[str, int]:
    """Send what is due of these; the message ends when all have ended, and is due again before that otherwise."""
    counts: dict[str, int] = {}
    while claimed := _claim(context, delivery_ids):
        with ThreadPoolExecutor(min(AT_ONCE, len(claimed))) as pool:
            results = list(pool.map(lambda delivery: _send(context, delivery), claimed))
        for state in _record(context, claimed, results):
            counts[state] = counts.get(state, 0) + 1
    _see_to_the_rest(context, delivery_ids, message_id)
    log.info("webhooks_sent", **counts)
    return counts


def _claim(context: Context, ids: Sequence[str]) -> list[Delivery]:
    now = context.clock()
    lease_until = now + context.settings.lease
    return context.database.transact(
        lambda connection: claim_deliveries(connection, ids, now=now, lease_until=lease_until)
    )


def _send(context: Context, delivery: Delivery) -> SendResult:
    body = encode(delivery.body)
    headers = signed_headers(delivery.id, context.clock(), body, SecretStr(delivery.secret))
    return context.sender().send(delivery.url, headers, body)


def _record(context: Context, claimed: Sequence[Delivery], results: Sequence[SendResult]) -> list[str]:
    now = context.clock()
    rows = [_row(context, delivery, result, now) for delivery, result in zip(claimed, results, strict=True)]
    attempts = [
        {
            "delivery_id": delivery.id,
            "status": result.status,
            "error": result.error,
            "duration_ms": round(result.duration.total_seconds() * 1000),
            "at": now,
        }
        for delivery, result in zip(claimed, results, strict=True)
    ]

    def write(connection: Connection) -> None:
        record_attempts(connection, rows, attempts)
        bury(connection, [_dead(one, row) for one, row in zip(claimed, rows, strict=True) if _is_dead(row)], now)

    context.database.transact(write)
    return [str(row["state"]) for row in rows]


def _row(context: Context, delivery: Delivery, result: SendResult, now: datetime) -> dict[str, Any]:
    decided = verdict(result)
    wait = delay(delivery.attempts, context.settings.webhook_retry_delays, context.jitter(), result.retry_after)
    state = DeliveryState(decided) if decided is not Verdict.RETRY else DeliveryState.WAITING
    if decided is Verdict.RETRY and wait is None:
        state = DeliveryState.DEAD
    waiting = state is DeliveryState.WAITING and wait is not None
    return {
        "id": delivery.id,
        "state": state.value,
        "status": result.status,
        "error": result.error,
        "lease_until": None,
        "next_attempt_at": now + wait if waiting and wait is not None else None,
        "delivered_at": now if state is DeliveryState.DELIVERED else None,
    }


def _is_dead(row: dict[str, Any]) -> bool:
    return bool(row["state"] == DeliveryState.DEAD.value)


def _dead(delivery: Delivery, row: dict[str, Any]) -> Dead:
    detail = {"ticketId": delivery.ticket_id, "endpointId": delivery.endpoint_id, "status": row["status"]}
    return Dead("webhook", str(row["error"] or "http_status"), delivery.id, detail)


def _see_to_the_rest(context: Context, ids: Sequence[str], message_id: str) -> None:
    now = context.clock()
    with context.database.write() as connection:
        next_attempt = next_attempt_of(connection, ids)
        if next_attempt is None:
            finish_message(connection, message_id)
        else:
            postpone_message(connection, message_id, max(next_attempt, now + BEHIND))
