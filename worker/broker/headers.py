"""The headers of a task message: what each may hold, and what of them is passed on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from math import inf
from typing import Any, TypeGuard

from celery.utils.time import maybe_iso8601

from worker.broker.refusal import Refusal, Refused

HIDDEN = "…"
"""Stands for every task argument wherever one would be shown: they may hold personal data."""

DELIVERIES = "x-deliveries"
"""How often a message was put back; counted by the transport."""

LONGEST_ID = 255
LONGEST_TRACE = 8192
MOST_RETRIES = 10**9

CANVAS_HEADERS = ("callbacks", "errbacks", "chain", "chord")
TRACE_HEADERS = ("traceparent", "tracestate", "baggage", "sentry-trace")

Check = Callable[[object], bool]


def is_id(value: object) -> TypeGuard[str]:
    """Whether it can be the id of a message: short, and every character of it can be shown and stored."""
    return isinstance(value, str) and 0 < len(value) <= LONGEST_ID and value.isprintable()


def _is_limit(value: object) -> bool:
    return value is None or (isinstance(value, (int, float)) and type(value) is not bool and 0 <= value < inf)


def _is_timelimit(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_limit, value))  # noqa: PLR2004 - a pair


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= MOST_RETRIES


def _is_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _is_time(value: object) -> bool:
    return isinstance(value, str) and _moment(value) is not None


# What a header may hold when it is there and not null. Those not named here are dropped, whatever they hold.
CHECKS: dict[str, tuple[Check, Refusal]] = {
    "task": (lambda value: isinstance(value, str), Refusal.NOT_PROTOCOL_2),
    "id": (is_id, Refusal.INVALID_ID),
    "root_id": (is_id, Refusal.INVALID_ID),
    "parent_id": (is_id, Refusal.INVALID_ID),
    "timelimit": (_is_timelimit, Refusal.INVALID_TIMELIMIT),
    "eta": (_is_time, Refusal.INVALID_ETA),
    "expires": (_is_time, Refusal.INVALID_ETA),
    "retries": (_is_count, Refusal.INVALID_HEADERS),
    "ignore_result": (lambda value: isinstance(value, bool), Refusal.INVALID_HEADERS),
    "stamped_headers": (_is_names, Refusal.INVALID_HEADERS),
    "stamps": (lambda value: isinstance(value, dict), Refusal.INVALID_HEADERS),
    "group": (is_id, Refusal.INVALID_HEADERS),
    "group_index": (_is_count, Refusal.INVALID_HEADERS),
    "shadow": (lambda value: isinstance(value, str), Refusal.INVALID_HEADERS),
    "origin": (lambda value: isinstance(value, str), Refusal.INVALID_HEADERS),
    DELIVERIES: (_is_count, Refusal.INVALID_HEADERS),
}


def checked_headers(headers: object, latest: datetime) -> dict[str, Any]:
    """The headers that the worker needs, each of the right type; `latest` bounds `eta`.

    A sender's own time limits, stamps, groups and display name are dropped: limits come from the route, and a display
    name is free text that would reach logs and events.

    Raises:
        Refused: with the first reason found.
    """
    if not isinstance(headers, dict):
        raise Refused(Refusal.INVALID_HEADERS)
    if headers.get("compression"):
        raise Refused(Refusal.COMPRESSED)
    if headers.get("task") is None:
        raise Refused(Refusal.NOT_PROTOCOL_2)
    if headers.get("id") is None:
        raise Refused(Refusal.INVALID_ID)
    for name, (check, reason) in CHECKS.items():
        if headers.get(name) is not None and not check(headers[name]):
            raise Refused(reason)
    if any(headers.get(name) for name in CANVAS_HEADERS):
        raise Refused(Refusal.EMBEDDED_CANVAS)
    _check_eta(headers.get("eta"), latest)
    return _kept(headers)


def _check_eta(eta: str | None, latest: datetime) -> None:
    """A message that waits longer than the visibility timeout would be delivered again and again."""
    moment = _moment(eta) if eta is not None else None
    if moment is not None and moment > latest:
        raise Refused(Refusal.ETA_TOO_FAR)


def _moment(text: str) -> datetime | None:
    """The time as Celery reads it, in UTC; None if it cannot be one."""
    try:
        moment: datetime = maybe_iso8601(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (AttributeError, ValueError, TypeError, OverflowError):
        return None


def _kept(headers: Mapping[str, Any]) -> dict[str, Any]:
    message_id = headers["id"]
    traces = {name: headers[name] for name in TRACE_HEADERS if _is_trace(headers.get(name))}
    return traces | {
        "lang": "py",
        "task": headers["task"],
        "id": message_id,
        "root_id": headers.get("root_id") or message_id,
        "parent_id": headers.get("parent_id"),
        "eta": headers.get("eta"),
        "expires": headers.get("expires"),
        "retries": headers.get("retries") or 0,
        "ignore_result": headers.get("ignore_result"),
        "timelimit": [None, None],
        "argsrepr": HIDDEN,
        "kwargsrepr": HIDDEN,
        DELIVERIES: headers.get(DELIVERIES) or 0,
    }


def _is_trace(value: object) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_TRACE and value.isprintable()
