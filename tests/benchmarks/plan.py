"""How much is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """Sizes and repeats. `sample`: so many tickets stand for all in the ORM baseline of larger sizes."""

    repeats: Mapping[int, int]
    sample: int
    large: int
    dispatched: int
    patches: int

    @property
    def sizes(self) -> list[int]:
        """Tickets of a batch."""
        return sorted(self.repeats)


FULL = Plan(repeats={1_000: 5, 10_000: 3, 100_000: 3}, sample=2_000, large=100_000, dispatched=10_000, patches=60)
QUICK = Plan(repeats={1_000: 3, 10_000: 1}, sample=500, large=10_000, dispatched=1_000, patches=20)
