"""The list in the broker's Redis where refused entries wait until they are moved to the database."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, cast
from uuid import UUID, uuid4

from worker.broker.headers import DELIVERIES

KEY = "dead-messages"

KEPT_WHOLE = 2**20
"""Bytes up to which an entry is kept as it came and can be sent again."""

KEPT_START = 2**14
"""Bytes kept of a longer one, enough to see what it was."""

LONGEST = 100_000
"""Entries kept; the oldest go first. Without a bound a flood of bad messages would fill the broker."""


class Lists(Protocol):
    """The commands of a redis client that are used here."""

    def lpush(self, name: str, *values: bytes | str) -> Any: ...  # noqa: D102, ANN401 - redis-py's own
    def ltrim(self, name: str, start: int, end: int) -> Any: ...  # noqa: D102, ANN401
    def rpush(self, name: str, *values: bytes | str) -> Any: ...  # noqa: D102, ANN401
    def lrange(self, name: str, start: int, end: int) -> Any: ...  # noqa: D102, ANN401
    def lrem(self, name: str, count: int, value: Any) -> Any: ...  # noqa: D102, ANN401


@dataclass(frozen=True, slots=True)
class DeadMessage:
    """A refused entry: why, where it lay, when it was refused, its size in bytes and its text.

    `entry` is cut when `truncated`. It may hold personal data: never log it. `source` is the list's own element.
    """

    id: UUID
    reason: str
    queue: str
    at: datetime
    size: int
    entry: str
    truncated: bool
    source: bytes


def bury(redis: Lists, *, reason: str, queue: str, entry: bytes) -> UUID:
    """Puts an entry on the list and answers with its id there."""
    dead_id = uuid4()
    truncated = len(entry) > KEPT_WHOLE
    record = {
        "id": str(dead_id),
        "reason": reason,
        "queue": queue,
        "at": datetime.now(UTC).isoformat(),
        "size": len(entry),
        "entry": (entry[:KEPT_START] if truncated else entry).decode("utf-8", "backslashreplace"),
        "truncated": truncated,
    }
    redis.lpush(KEY, json.dumps(record))
    redis.ltrim(KEY, 0, LONGEST - 1)
    return dead_id


def waiting(redis: Lists, limit: int = 100) -> list[DeadMessage]:
    """The oldest entries of the list, oldest first. They stay there until `forget` is told of them."""
    found = cast("Sequence[bytes]", redis.lrange(KEY, -limit, -1))
    return [_read(source) for source in reversed(found)]


def forget(redis: Lists, messages: Iterable[DeadMessage]) -> None:
    """Takes entries off the list, once they are safe elsewhere. Twice does no harm."""
    for message in messages:
        redis.lrem(KEY, -1, message.source)


def revive(redis: Lists, queue: str, entry: str) -> None:
    """Puts an entry back on its queue, first in line, with its deliveries forgotten."""
    redis.rpush(queue, _without_deliveries(entry))


def _read(source: bytes) -> DeadMessage:
    record = json.loads(source)
    return DeadMessage(
        id=UUID(record["id"]),
        reason=record["reason"],
        queue=record["queue"],
        at=datetime.fromisoformat(record["at"]),
        size=record["size"],
        entry=record["entry"],
        truncated=record["truncated"],
        source=source,
    )


def _without_deliveries(entry: str) -> str:
    try:
        raw = json.loads(entry)
        del raw["headers"][DELIVERIES]
    except (ValueError, TypeError, KeyError, RecursionError):
        return entry
    return json.dumps(raw)
