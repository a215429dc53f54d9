"""Stored values as the page shows them, on their way out."""

from __future__ import annotations

from datetime import datetime, tzinfo

from worker.domain.entities import Value
from worker.payload.times import format_time


def page_value(name: str, value: Value, zone: tzinfo) -> Value:
    """A stored value of this field as `show ticket` gives it: times in `zone`, `autoExecuteAt` as ISO 8601 in UTC."""
    if not isinstance(value, datetime):
        return value
    return value.isoformat().replace("+00:00", "Z") if name == "autoExecuteAt" else format_time(value, zone)
