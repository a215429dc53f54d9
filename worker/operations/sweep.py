"""Sweeps: what is due is done some at a time, one transaction each; several processes may sweep at once."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from worker.context import Context
from worker.operations.publish import publish


def sweep(context: Context, some: Callable[[Connection], tuple[int, list[str]]]) -> int:
    """Do some until less than a chunk was left, and publish the messages that each time names; how many were done."""
    total = 0
    while True:
        done, messages = context.database.transact(some)
        publish(context, messages)
        total += done
        if done < context.settings.chunk_size:
            return total
