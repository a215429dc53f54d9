"""How often Python looks for garbage in cycles."""

from __future__ import annotations

import gc

YOUNG = 100_000
"""Objects after which the youngest are looked through: as many as some hundred tickets of a chunk are made of."""


def collect_rarely() -> None:
    """Leave what is loaded alone for good, and look at new objects a hundred times less often.

    A chunk makes hundreds of thousands of objects that all live to its end; by default Python would look through them
    again and again, which took a fifth of the time. Frozen objects also stay shared between forked processes.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 20)
