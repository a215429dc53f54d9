"""What a queue entry must look like before Celery sees it.

Celery trusts an entry: one with a wrong shape ends the worker, and is redelivered to end the next one. So an accepted
entry is not passed on but built anew from the few parts that were checked.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from kombu.utils.json import loads, object_hook

from config.routing import ROUTES, TaskName
from worker.broker.headers import DELIVERIES, checked_headers
from worker.broker.refusal import Refusal, Refused

MAX_DELIVERIES = 25
"""Stops what kills every worker. Restarts and lost connections redeliver too, so it is far above a run's attempts."""

JSON_TYPE = "application/json"
TEXT_ENCODINGS = (None, "utf-8", "utf8", "us-ascii", "ascii")  # no set: what is sent may have no hash
CANVAS = frozenset({"callbacks", "errbacks", "chain", "chord"})

Envelope = dict[str, Any]
"""A message as kombu's virtual transports keep it: body, content-type, content-encoding, headers, properties."""


def admit(entry: bytes, queue: str, *, latest: datetime, largest: int) -> Envelope:
    """The entry, checked and built anew; `latest` is the last moment that an `eta` may name, `largest` is in bytes.

    Raises:
        Refused: with the first reason found.
    """
    if len(entry) > largest:
        raise Refused(Refusal.TOO_LARGE)
    raw = _object(entry)
    headers = checked_headers(raw.get("headers"), latest)
    _check_destination(headers["task"], queue)
    if headers[DELIVERIES] > MAX_DELIVERIES:
        raise Refused(Refusal.DELIVERED_TOO_OFTEN)
    properties = _properties(raw, headers["id"], queue)
    _check_body(raw, properties["body_encoding"])
    return {
        "body": raw["body"],
        "content-type": JSON_TYPE,
        "content-encoding": "utf-8",
        "headers": headers,
        "properties": properties,
    }


def _object(entry: bytes) -> Mapping[str, Any]:
    try:
        raw = json.loads(entry)
    except (ValueError, RecursionError) as error:
        raise Refused(Refusal.NOT_JSON) from error
    if not isinstance(raw, dict):
        raise Refused(Refusal.NOT_AN_OBJECT)
    return raw


def _check_destination(name: str, queue: str) -> None:
    try:
        route = ROUTES[TaskName(name)]
    except ValueError as error:
        raise Refused(Refusal.UNKNOWN_TASK) from error
    if route.queue != queue:
        raise Refused(Refusal.WRONG_QUEUE)


def _properties(raw: Mapping[str, Any], message_id: str, queue: str) -> dict[str, Any]:
    """Only what the worker needs.

    The sender's delivery tag and delivery info are replaced: two messages with one tag would overwrite each other among
    the unacknowledged, and a message that names a foreign exchange would vanish when it is put back.
    """
    properties = raw.get("properties")
    if not isinstance(properties, dict):
        raise Refused(Refusal.INVALID_PROPERTIES)
    info = properties.get("delivery_info") or {}
    encoding = properties.get("body_encoding")
    priority = properties.get("priority") or 0
    if not isinstance(info, dict) or encoding not in ("base64", "utf-8", None) or type(priority) is not int:
        raise Refused(Refusal.INVALID_PROPERTIES)
    return {
        "body_encoding": encoding or "utf-8",
        "correlation_id": message_id,
        "delivery_info": {"exchange": "", "routing_key": queue, "redelivered": info.get("redelivered") is True},
        "delivery_tag": str(uuid4()),
        "priority": min(max(priority, 0), 9),
        "reply_to": "",
    }


def _check_body(raw: Mapping[str, Any], encoding: str) -> None:
    if raw.get("content-type") != JSON_TYPE or raw.get("content-encoding") not in TEXT_ENCODINGS:
        raise Refused(Refusal.UNKNOWN_CONTENT_TYPE)
    match _decoded(raw.get("body"), encoding):
        case [list(), dict(), None]:
            return
        case [list(), dict(), dict(embedded)] if embedded.keys() <= CANVAS:
            if any(embedded.values()):
                raise Refused(Refusal.EMBEDDED_CANVAS)
        case _:
            raise Refused(Refusal.INVALID_BODY)


def _decoded(body: object, encoding: str) -> object:
    """The body as the worker will read it, so that nothing is left that can fail there."""
    if not isinstance(body, str):
        raise Refused(Refusal.INVALID_BODY)
    try:
        return loads(_text(body, encoding), object_hook=_looked_at)  # type: ignore[no-untyped-call]
    except Exception as error:  # kombu's typed values raise whatever their constructors do
        raise Refused(Refusal.INVALID_BODY) from error


_SOMETHING = {"": None}
"""Stands for an object that was looked at: all those of a large batch would take ten times the memory of its text."""


def _looked_at(found: dict[str, Any]) -> object:
    """What kombu makes of an object, if a check or the value around it may ask for more than that it is one."""
    value = object_hook(found)
    return value if value is not found or len(found) <= 1 or found.keys() <= CANVAS else _SOMETHING


def _text(body: str, encoding: str) -> str:
    """The JSON text alone: of a large batch, its bytes beside it would be a second copy while it is read."""
    return (base64.b64decode(body) if encoding == "base64" else body.encode()).decode()
