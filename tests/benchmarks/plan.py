"""How much is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """Sizes and repeats.

    `repeats` of each size of a batch. `sample`: so many tickets stand for all in the ORM baseline of larger sizes.
    `large`: the batch that a real worker is watched with; `patches`: how many single ones tell how long one takes when
    it is idle. `dispatched`: how many refreshes are asked for, `dispatches` times. `swept`: tickets among which a sweep
    looks for those that are due.
    """

    repeats: Mapping[int, int]
    sample: int
    large: int
    patches: int
    dispatched: int
    dispatches: int
    swept: int

    @property
    def sizes(self) -> list[int]:
        """Tickets of a batch."""
        return sorted(self.repeats)


FULL = Plan(
    {1_000: 5, 10_000: 3, 100_000: 3},
    sample=2_000,
    large=100_000,
    patches=60,
    dispatched=10_000,
    dispatches=3,
    swept=1_000_000,
)
QUICK = Plan(
    {1_000: 3, 10_000: 1},
    sample=500,
    large=10_000,
    patches=20,
    dispatched=1_000,
    dispatches=1,
    swept=100_000,
)
