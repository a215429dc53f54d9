"""Webhook endpoints as operators handle them: listed, switched off and on, removed, given a new secret."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Any

import structlog
from sqlalchemy import Connection, RowMapping

from worker.context import Context
from worker.domain.words import DisabledReason, EndpointState
from worker.operations.arguments import read
from worker.operations.give_up import give_up_disabled
from worker.operations.inspection.unknown import Unknown
from worker.payload.loading.webhooks import LONGEST_ID
from worker.payload.texts import read_text
from worker.payload.times import format_time
from worker.storage.dead import drop_letters_of
from worker.storage.endpoints import endpoint_rows, lock_endpoint, rotate_secret, switch_off, switch_on
from worker.webhooks.signing import PREFIX

log = structlog.get_logger(__name__)

Document = dict[str, Any]

SECRET_BYTES = 32
"""Of a new secret; the Standard Webhooks specification asks for 24 to 64."""


def list_endpoints(context: Context) -> list[Document]:
    """Every endpoint that was not removed, with its filters, its state and what waits for it; never a secret.

    `state` is `enabled`, `failing` (nothing taken since `failingSince`) or `disabled` with its `disabledReason`.
    """
    with context.database.read() as connection:
        rows = endpoint_rows(connection)
    return [_document(row, context.clock(), context.settings.time_zone) for row in rows]


def enable_endpoint(context: Context, endpoint_id: object) -> Document:
    """Tell an endpoint of things again, whyever it was switched off; what it missed can be replayed.

    Raises:
        RefusedArguments: the id is none.
        Unknown: `endpoint_not_found`.
    """

    def work(connection: Connection, known: str) -> None:
        switch_on(connection, [known])
        drop_letters_of(connection, "endpoint", [known])

    return _changed(context, endpoint_id, work)


def disable_endpoint(context: Context, endpoint_id: object) -> Document:
    """Tell an endpoint of nothing more; what waits for it ends `dead`. Raises like `enable_endpoint`."""
    return _switched_off(context, endpoint_id, DisabledReason.BY_COMMAND)


def remove_endpoint(context: Context, endpoint_id: object) -> Document:
    """Forget an endpoint and its secrets; its deliveries stay in the ledger. Raises like `enable_endpoint`."""
    return _switched_off(context, endpoint_id, DisabledReason.REMOVED)


def rotate_endpoint(context: Context, endpoint_id: object) -> Document:
    """Sign with a new secret; for `webhook_secret_overlap` the old one signs, too. Raises like `enable_endpoint`.

    Returns:
        `{"id", "secret", "previousSecretUntil"}`; the secret is told here and nowhere else.
    """
    now = context.clock()
    new = PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
    until = now + context.settings.webhook_secret_overlap

    def work(connection: Connection) -> str:
        known, old = _known(connection, endpoint_id)
        rotate_secret(connection, known, new, old, until)
        return known

    known = context.database.transact(work)
    log.info("webhook_secret_rotated", endpoint_id=known)
    return {"id": known, "secret": new, "previousSecretUntil": format_time(until, context.settings.time_zone)}


def _switched_off(context: Context, endpoint_id: object, reason: DisabledReason) -> Document:
    done = _changed(
        context, endpoint_id, lambda connection, known: switch_off(connection, known, reason, context.clock())
    )
    log.info("webhook_endpoint_disabled", endpoint_id=done["id"], reason=reason.value)
    give_up_disabled(context, endpoint_id=done["id"])
    return done


def _changed(context: Context, endpoint_id: object, change: Callable[[Connection, str], None]) -> Document:
    def work(connection: Connection) -> RowMapping:
        known, _ = _known(connection, endpoint_id)
        change(connection, known)
        (row,) = endpoint_rows(connection, [known])
        return row

    row = context.database.transact(work)
    return _document(row, context.clock(), context.settings.time_zone)


def _known(connection: Connection, endpoint_id: object) -> tuple[str, str]:
    """Id and secret of a locked endpoint."""
    wanted = read("endpoint_id", endpoint_id, lambda given: read_text(given, LONGEST_ID))
    secret = lock_endpoint(connection, wanted)
    if secret is None:
        raise Unknown("endpoint_not_found", "there is no webhook endpoint with this id")
    return wanted, secret


def _document(row: RowMapping, now: datetime, zone: tzinfo) -> Document:
    def time(name: str) -> str | None:
        return None if row[name] is None else format_time(row[name], zone)

    reason = row["disabled_reason"] or (None if row["enabled"] else DisabledReason.BY_DEFINITION.value)
    until = row["previous_secret_until"]
    return {
        "id": row["id"],
        "url": row["url"],
        "state": _state(row, reason).value,
        "disabledReason": reason,
        "disabledAt": time("disabled_at"),
        "events": row["events"],
        "fields": row["fields"],
        "channels": row["channels"],
        "subchannels": row["subchannels"],
        "digest": row["digest"],
        "lastSuccessAt": time("last_success_at"),
        "failingSince": time("failing_since"),
        "restingUntil": time("resting_until") if row["resting_until"] and row["resting_until"] > now else None,
        "secrets": 2 if row["has_previous_secret"] and (until is None or until > now) else 1,
        "waiting": row["waiting"] or 0,
        "dead": row["dead"] or 0,
    }


def _state(row: RowMapping, reason: str | None) -> EndpointState:
    if reason is not None:
        return EndpointState.DISABLED
    return EndpointState.ENABLED if row["failing_since"] is None else EndpointState.FAILING
