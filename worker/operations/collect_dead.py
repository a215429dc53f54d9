"""Refused queue entries leave the broker for the dead-letter table, where people look for them."""

from __future__ import annotations

from redis import Redis
from sqlalchemy import Connection

from worker.broker.dead import DeadMessage, forget, waiting
from worker.context import Context
from worker.storage.dead import Dead, buried, bury

AT_ONCE = 200


def collect_dead(context: Context, broker: Redis) -> int:
    """Move what waits on the broker's list; returns how many. Twice at once does no harm."""
    messages = waiting(broker, AT_ONCE)

    def write(connection: Connection) -> None:
        known = buried(connection, "message", [str(message.id) for message in messages])
        bury(connection, [_dead(message) for message in messages if str(message.id) not in known], context.clock())

    context.database.transact(write)
    forget(broker, messages)
    return len(messages)


def _dead(message: DeadMessage) -> Dead:
    """Without the entry itself: it may hold anything, a customer's letter too; its sender has it."""
    detail = {
        "queue": message.queue,
        "size": message.size,
        "refusedAt": message.at.isoformat(timespec="seconds"),
    }
    return Dead("message", message.reason, str(message.id), detail)
