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


MANY = 20_000
"""New objects from which on it pays to look between tasks: what some messages of refreshes leave."""


def collect_between_tasks() -> None:
    """Look at all that is not frozen, if much of it is new: little of it is still needed when a task has ended.

    Statements that SQLAlchemy builds are garbage in cycles. Waiting until there are `YOUNG` of them took 15 MB of each
    process, none of it shared.
    """
    if gc.get_count()[0] >= MANY:
        gc.collect()
