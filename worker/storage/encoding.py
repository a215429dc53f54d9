"""JSON as the database keeps it."""

from __future__ import annotations

import json
from datetime import datetime

import orjson


def encode(value: object) -> str:
    """A value as JSON text; times become ISO 8601.

    orjson writes everything but lone surrogates and integers beyond 64 bits; those take the slower way.
    """
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        return json.dumps(value, default=_iso, ensure_ascii=False, allow_nan=False)


def _iso(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"cannot store a {type(value).__name__}")
