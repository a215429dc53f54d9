"""What remote control, its replies and events must look like before kombu builds a message of them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, cast

from worker.broker.refusal import Refusal, Refused


def is_broadcast(message: object) -> bool:
    """Whether kombu can build a message of it; what it says is checked by those who read it."""
    match message:
        case {"properties": {"delivery_tag": str(), **properties}, "headers": dict(headers), "body": str(body)}:
            info = properties.get("delivery_info")
            return isinstance(info, dict) and not headers.get("compression") and _decodes(body, properties)
        case _:
            return False


def reply(entry: bytes) -> dict[str, Any]:
    """An entry of a queue that holds no tasks. Raises Refused."""
    try:
        message = json.loads(entry)
    except (ValueError, RecursionError) as error:
        raise Refused(Refusal.NOT_JSON) from error
    if not is_broadcast(message):
        raise Refused(Refusal.NOT_AN_OBJECT)
    return cast("dict[str, Any]", message)


def _decodes(body: str, properties: Mapping[object, object]) -> bool:
    encoding = properties.get("body_encoding")
    if encoding != "base64":
        return encoding in ("utf-8", None)
    try:
        base64.b64decode(body)
    except ValueError:
        return False
    return True
