"""A webhook sent once more: the same event under the same id, to whoever lost it or never took it."""

from __future__ import annotations

from typing import Any

import structlog
from sqlalchemy import Connection

from config.routing import TaskName
from worker.context import Context
from worker.domain.words import DeliveryState
from worker.operations.arguments import read
from worker.operations.inspection.unknown import Unknown
from worker.operations.messages import carry
from worker.operations.publish import publish
from worker.payload.texts import read_text
from worker.storage.dead import delivery_states, drop_letters_of, revive_deliveries

log = structlog.get_logger(__name__)

LONGEST_ID = 255
ENDED = (DeliveryState.DEAD, DeliveryState.DELIVERED)


class NotReplayed(Unknown):
    """A webhook that is there and cannot be sent again now: `webhook_waits`, `endpoint_disabled`."""


def replay_webhook(context: Context, delivery_id: object) -> dict[str, Any]:
    """Send a webhook that has ended, dead or delivered, again: with the same id, and all its attempts before it.

    Returns:
        `{"success", "id", "state"}`.

    Raises:
        RefusedArguments: the id is none.
        Unknown: `webhook_not_found`.
        NotReplayed: it waits to be sent anyway, or its endpoint is switched off.
    """
    wanted = read("delivery_id", delivery_id, lambda given: read_text(given, LONGEST_ID))
    messages: list[str] = []

    def work(connection: Connection) -> None:
        now = context.clock()
        revived = revive_deliveries(connection, [wanted], now, ENDED)
        if not revived:
            raise _refusal(delivery_states(connection, [wanted]).get(wanted))
        drop_letters_of(connection, "webhook", revived)
        messages[:] = carry(connection, TaskName.DELIVER_WEBHOOKS, "delivery_ids", revived, now=now)

    context.database.transact(work)
    publish(context, messages)
    log.info("webhook_replayed", delivery_id=wanted)
    return {"success": True, "id": wanted, "state": DeliveryState.WAITING.value}


def _refusal(state: DeliveryState | None) -> Unknown:
    if state is None:
        return Unknown("webhook_not_found", "there is no webhook with this id")
    if state is DeliveryState.WAITING:
        return NotReplayed("webhook_waits", "the webhook waits to be sent anyway")
    return NotReplayed("endpoint_disabled", "the webhook's endpoint is switched off; enable it first")
