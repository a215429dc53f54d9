"""Which tickets and batches the lines of a task are about."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

NAMED = 20
"""Tickets that a line names; it tells the number of all."""


def bind_work(ticket_ids: Iterable[int], batch_ids: Iterable[str | None] = ()) -> None:
    """Let the lines that follow in this task carry these ids; cleared when the task ends."""
    tickets = sorted(set(ticket_ids))
    batches = sorted({batch_id for batch_id in batch_ids if batch_id is not None})
    named: dict[str, object] = {"ticket_ids": tickets[:NAMED], "tickets": len(tickets)}
    if batches:
        named["batch_id"] = batches[0] if len(batches) == 1 else batches[:NAMED]
    structlog.contextvars.bind_contextvars(**named)
