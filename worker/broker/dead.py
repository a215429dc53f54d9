"""The list in the broker's Redis where refused entries wait until they are moved to the database."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, cast
from uuid import NAMESPACE_OID, UUID, uuid4, uuid5

from worker.broker.headers import is_id
from worker.broker.refusal import Refusal

TASK_NAME = re.compile(r"[\w.]{1,255}")
KEY = "dead-messages"

KEPT_WHOLE = 2**20
"""Bytes up to which an entry is kept as it came."""

KEPT_START = 2**14
"""Bytes kept of a longer one, enough to see what it was."""

LONGEST = 100_000
"""Entries kept; the oldest go first. Without a bound a flood of bad messages would fill the broker."""


class Lists(Protocol):
    """The commands of a redis client that are used here."""

    def lpush(self, name: str, *values: bytes | str) -> Any: ...  # noqa: D102, ANN401 - redis-py's own
    def ltrim(self, name: str, start: int, end: int) -> Any: ...  # noqa: D102, ANN401
    def lrange(self, name: str, start: int, end: int) -> Any: ...  # noqa: D102, ANN401
    def lrem(self, name: str, count: int, value: Any) -> Any: ...  # noqa: D102, ANN401


@dataclass(frozen=True, slots=True)
class DeadMessage:
    """A refused entry: why, where it lay, when it was refused, its size in bytes and its text.

    `entry` is cut when `truncated`. It may hold personal data: never log it. `task` and `message_id` are what the entry
    names, when they can be read. `source` is the list's own element.
    """

    id: UUID
    reason: str
    queue: str
    at: datetime
    size: int
    entry: str
    truncated: bool
    task: str | None
    message_id: str | None
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


def _read(source: bytes) -> DeadMessage:
    try:
        record = json.loads(source)
        at, dead_id = datetime.fromisoformat(record["at"]), UUID(record["id"])
        kept = {name: record[name] for name in ("reason", "queue", "size", "entry", "truncated")}
    except (ValueError, TypeError, KeyError, AttributeError):
        # Not one of ours: somebody else wrote to the list. An id from its bytes, so that it is the same each time.
        at, dead_id = datetime.now(UTC), uuid5(NAMESPACE_OID, source.hex())
        kept = {"reason": Refusal.NOT_JSON, "queue": KEY, "size": len(source), "entry": "", "truncated": True}
    task, message_id = _named(kept["entry"])
    return DeadMessage(id=dead_id, at=at, task=task, message_id=message_id, source=source, **kept)


def _named(entry: str) -> tuple[str | None, str | None]:
    """Task and id that the entry's headers name, if they are what such names look like."""
    try:
        headers = json.loads(entry)["headers"]
        task, message_id = headers.get("task"), headers.get("id")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None, None
    is_name = isinstance(task, str) and TASK_NAME.fullmatch(task)
    return (task if is_name else None), (message_id if is_id(message_id) else None)
