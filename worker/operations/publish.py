"""Outbox rows leave for the broker: at once after a commit, and by the sweep whatever was not sent or not finished."""

from __future__ import annotations

from collections.abc import Collection

import structlog
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from worker.context import Context
from worker.storage.outbox import claim_messages, postpone_messages

log = structlog.get_logger(__name__)

SWEEP = 500
"""Messages of one sweep; a longer backlog is taken by the next one."""


def publish(context: Context, ids: Collection[str] | None = None, limit: int = SWEEP) -> int:
    """Send what is due, or of these rows what is due; returns how many messages left.

    A row is put off before it is sent, so a process that dies in between costs a delay, never a message. With a broker
    that is away, all of them leave again with one of the next sweeps; what has arrived already does nothing twice.
    """
    if ids is not None and not ids:
        return 0
    now = context.clock()
    again_at = now + context.settings.resend_after
    messages = context.database.transact(
        lambda connection: claim_messages(
            connection, now=now, again_at=again_at, limit=limit if ids is None else len(ids), ids=ids
        )
    )
    try:
        context.send(messages)
    except (BrokerError, RedisError, OSError) as error:
        log.warning("outbox_not_sent", messages=len(messages), error=type(error).__name__)
        soon = now + context.settings.relay_interval
        waiting = [message.id for message in messages]
        context.database.transact(lambda connection: postpone_messages(connection, waiting, soon))
        return 0
    return len(messages)
