"""Attempts at webhook deliveries: made with no transaction open, then recorded with all that follows from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from pydantic import SecretStr
from sqlalchemy import Connection

from worker.context import Context
from worker.domain.words import DeliveryState, DisabledReason
from worker.operations.give_up import give_up_disabled
from worker.payload.times import format_time
from worker.storage.dead import Dead, bury
from worker.storage.deliveries import (
    Delivery,
    end_digests,
    held_deliveries,
    record_attempts,
    release_deliveries,
)
from worker.storage.endpoints import note_failures, note_successes, switch_off_failing
from worker.webhooks.body import digest, encode
from worker.webhooks.result import SendResult
from worker.webhooks.retry import Verdict, delay, rest, verdict
from worker.webhooks.sending import Sender
from worker.webhooks.signing import signed_headers

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt and what follows: `next_at` is set while the delivery waits, `rest_until` while its endpoint does."""

    delivery: Delivery
    result: SendResult
    state: DeliveryState
    at: datetime
    next_at: datetime | None = None
    rest_until: datetime | None = None


def attempt(context: Context, sender: Sender, delivery: Delivery) -> Attempt:
    """Sign and send a delivery; what the receiver does never raises."""
    body = encode(digest(delivery.batch_id, delivery.events) if delivery.digest else delivery.events[0])
    secrets = [SecretStr(secret) for secret in delivery.receiver.secrets]
    result = sender.send(delivery.receiver.url, signed_headers(delivery.id, context.clock(), body, secrets), body)
    now = context.clock()
    decided = verdict(result)
    if decided is Verdict.DELIVERED:
        return Attempt(delivery, result, DeliveryState.DELIVERED, now)
    if decided is Verdict.DEAD:
        return Attempt(delivery, result, DeliveryState.DEAD, now)
    pause = rest(result, now - (delivery.receiver.failing_since or now))
    rest_until = None if pause is None else now + pause
    wait = delay(delivery.attempts, context.settings.webhook_retry_delays, context.jitter(), result.retry_after)
    if wait is None:
        return Attempt(delivery, result, DeliveryState.DEAD, now, rest_until=rest_until)
    return Attempt(delivery, result, DeliveryState.WAITING, now, now + wait, rest_until)


def record(context: Context, attempts: Sequence[Attempt], unsent: Sequence[Delivery] = ()) -> int:
    """Write every attempt down, and give back what was claimed and not sent.

    What becomes of a delivery decides the one who holds it: of an attempt that lost its lease only the attempt is kept.

    Returns:
        How many deliveries have ended.
    """
    ended: list[Attempt] = []

    def write(connection: Connection) -> list[str]:
        now = context.clock()
        held = held_deliveries(connection, [*(one.delivery for one in attempts), *unsent])
        ours = [one for one in attempts if one.delivery.id in held]
        record_attempts(connection, [_delivery_row(one) for one in ours], [_attempt_row(one) for one in attempts])
        release_deliveries(connection, [one.id for one in unsent if one.id in held])
        ended[:] = [one for one in ours if one.state is not DeliveryState.WAITING]
        end_digests(connection, [one.delivery.id for one in ended if one.delivery.digest])
        bury(connection, [_dead(one) for one in ended if one.state is DeliveryState.DEAD], now)
        return _note_health(context, connection, attempts, now)

    for endpoint_id in context.database.transact(write):
        log.warning("webhook_endpoint_disabled", endpoint_id=endpoint_id, reason=DisabledReason.FAILING.value)
        give_up_disabled(context, endpoint_id=endpoint_id)
    return len(ended)


def _note_health(context: Context, connection: Connection, attempts: Sequence[Attempt], now: datetime) -> list[str]:
    """Which endpoints took something and which did not; the ids of those switched off for failing too long."""
    well = {one.delivery.receiver.id for one in attempts if one.result.error is None}
    note_successes(connection, sorted(well), now)
    rests = _rests(one for one in attempts if one.delivery.receiver.id not in well)
    note_failures(connection, rests, now)
    failing_before = now - context.settings.webhook_disable_after
    off = switch_off_failing(connection, rests, failing_before=failing_before, now=now)
    reason = DisabledReason.FAILING.value
    zone = context.settings.time_zone
    details = {one: {"endpointId": one, "failingSince": format_time(since, zone)} for one, since in off}
    letters = [Dead("endpoint", reason, one, detail) for one, detail in details.items()]
    bury(connection, letters, now)
    return [endpoint_id for endpoint_id, _ in off]


def _rests(failed: Iterable[Attempt]) -> dict[str, datetime | None]:
    """Until when each of the endpoints rests, if it does."""
    rests: dict[str, datetime | None] = {}
    for one in failed:
        endpoint_id = one.delivery.receiver.id
        known = rests.get(endpoint_id)
        rests[endpoint_id] = max(known, one.rest_until) if known and one.rest_until else known or one.rest_until
    return rests


def _delivery_row(attempt: Attempt) -> Mapping[str, Any]:
    return {
        "id": attempt.delivery.id,
        "state": attempt.state.value,
        "status": attempt.result.status,
        "error": attempt.result.error,
        "lease_until": None,
        "next_attempt_at": attempt.next_at,
        "delivered_at": attempt.at if attempt.state is DeliveryState.DELIVERED else None,
    }


def _attempt_row(attempt: Attempt) -> Mapping[str, Any]:
    return {
        "delivery_id": attempt.delivery.id,
        "status": attempt.result.status,
        "error": attempt.result.error,
        "duration_ms": round(attempt.result.duration.total_seconds() * 1000),
        "at": attempt.at,
    }


def _dead(attempt: Attempt) -> Dead:
    delivery = attempt.delivery
    detail = {"ticketId": delivery.ticket_id, "endpointId": delivery.receiver.id, "status": attempt.result.status}
    return Dead("webhook", str(attempt.result.error), delivery.id, detail)
