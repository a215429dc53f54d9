"""Signatures after the Standard Webhooks specification: who sent this, and when."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import SecretStr
from standardwebhooks import Webhook

PREFIX = "whsec_"


def check_secret(secret: SecretStr | str) -> None:
    """Refuse what receivers could not verify with; the message never holds the secret.

    The library drops what is no base64 in silence and would sign with another key than the receiver's, so the
    alphabet is checked here. Missing padding is fine.

    Raises:
        ValueError: The secret is not `whsec_` and the standard base64 of at least one byte.
    """
    text = secret.get_secret_value() if isinstance(secret, SecretStr) else secret
    if not text.startswith(PREFIX):
        raise ValueError(f"a webhook secret starts with {PREFIX}")
    encoded = text.removeprefix(PREFIX).rstrip("=")
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"a webhook secret is {PREFIX} and base64 (A-Z a-z 0-9 + /)") from None
    if not key:
        raise ValueError(f"a webhook secret holds at least one byte after {PREFIX}")


def signed_headers(
    message_id: str, sent_at: datetime, body: bytes, secrets: SecretStr | Sequence[SecretStr]
) -> dict[str, str]:
    """The headers `webhook-id`, `webhook-timestamp` and `webhook-signature` of one attempt.

    Args:
        message_id: The delivery's id, the same in every attempt, by which receivers know doubles.
        sent_at: The time of this attempt, with its time zone.
        body: The exact bytes to send, UTF-8.
        secrets: One, or several while a receiver changes its secret: one signature each, in this order.

    Raises:
        ValueError: No secret, a malformed one, or a time without a zone.
    """
    chain = (secrets,) if isinstance(secrets, SecretStr) else tuple(secrets)
    if not chain:
        raise ValueError("a webhook is signed with at least one secret")
    if sent_at.tzinfo is None:
        raise ValueError("the time of an attempt needs its time zone")
    # The library relabels any time zone as UTC, so the time comes to it in UTC.
    moment = sent_at.astimezone(UTC).replace(microsecond=0)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(_signature(secret, message_id, moment, body) for secret in chain),
    }


def _signature(secret: SecretStr, message_id: str, moment: datetime, body: bytes) -> str:
    check_secret(secret)
    return Webhook(secret.get_secret_value()).sign(message_id, moment, body.decode())
