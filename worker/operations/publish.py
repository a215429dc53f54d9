"""Outbox rows leave for the broker: at once after a commit, and by the sweep whatever was not sent or not finished."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import partial

import structlog
from kombu.exceptions import KombuError
from redis.exceptions import RedisError
from sqlalchemy import Connection

from worker.context import Context
from worker.domain.words import Lane
from worker.storage.far_times import bring_back
from worker.storage.outbox import Message, claim_messages, take_back
from worker.storage.windows import batches_held_back, batches_waiting, claim_next
from worker.webhooks.retry import longest

log = structlog.get_logger(__name__)

SWEEP = 500
"""Messages of one sweep; a longer backlog is taken by the next one."""

Claim = Callable[[Connection, datetime, datetime], list[Message]]
"""Takes messages, given a connection, the time, and the time at which they are due again."""


def publish(context: Context, ids: Collection[str] | None = None, limit: int = SWEEP) -> int:
    """Send what is due, or of these messages what may leave; returns how many messages left.

    A row is put off before it is sent, so a process that dies in between costs a delay, never a message. With a broker
    that is away, all of them leave again with one of the next sweeps; what has arrived already does nothing twice.
    """
    if ids is None:
        return _send(context, partial(_sweep, context, limit))
    return _send(context, partial(_those, context, ids)) if ids else 0


def publish_next(context: Context, batch_ids: Collection[str]) -> int:
    """Send what these batches hold back, as far as their windows have room; returns how many messages left."""
    return _send(context, partial(_next, context, batch_ids)) if batch_ids else 0


def send_claimed(context: Context, messages: Sequence[Message]) -> int:
    """Send messages that a committed transaction has noted as sent; returns how many left."""
    if not messages:
        return 0
    try:
        context.send(messages)
    except (KombuError, RedisError, OSError) as error:
        log.warning("outbox_not_sent", messages=len(messages), error=type(error).__name__)
        soon = context.clock() + context.settings.relay_interval
        waiting = [message.id for message in messages]
        context.database.transact(lambda connection: take_back(connection, waiting, soon))
        return 0
    return len(messages)


def _sweep(context: Context, limit: int, connection: Connection, now: datetime, again_at: datetime) -> list[Message]:
    """What is due, the interactive lane first, and what had to wait for room."""
    _bring_back(context, connection, now)
    found: list[Message] = []
    for lane in Lane:
        found += claim_messages(connection, now=now, again_at=again_at, limit=limit - len(found), lane=lane)
    return found + _next(context, batches_waiting(connection, now), connection, now, again_at)


def _bring_back(context: Context, connection: Connection, now: datetime) -> None:
    """What was put off while the clock was wrong, by hours or years, must not wait until then."""
    settings = context.settings
    waits = (settings.lease, settings.resend_after, *settings.retry_delays, *settings.webhook_retry_delays)
    messages = bring_back(connection, now, now + longest(waits))
    if messages:
        log.warning("clock_jumped", messages=messages)


def _those(
    context: Context, ids: Collection[str], connection: Connection, now: datetime, again_at: datetime
) -> list[Message]:
    found = claim_messages(connection, now=now, again_at=again_at, limit=len(ids), ids=ids)
    return found + _next(context, batches_held_back(connection, ids), connection, now, again_at)


def _next(
    context: Context, batch_ids: Collection[str], connection: Connection, now: datetime, again_at: datetime
) -> list[Message]:
    window = context.settings.batch_window
    return claim_next(connection, batch_ids, window=window, now=now, again_at=again_at)


def _send(context: Context, claim: Claim) -> int:
    now = context.clock()
    again_at = now + context.settings.resend_after
    return send_claimed(context, context.database.transact(lambda connection: claim(connection, now, again_at)))
