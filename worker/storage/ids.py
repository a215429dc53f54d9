"""Ids of rows that are written many at a time."""

from __future__ import annotations

import uuid


def new_ids(count: int) -> list[str]:
    """So many UUIDs that nobody has: one random, the others after it.

    Neighbours in an index are written together, and one draw is cheaper than many.
    """
    first = uuid.uuid4().int
    texts = (f"{(first + offset) % 2**128:032x}" for offset in range(count))
    return [f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}" for text in texts]
