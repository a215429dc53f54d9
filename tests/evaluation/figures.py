"""Shares of things that are right, with what is known of them: sizes, intervals and goals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

from tests.evaluation.checks import Check
from tests.evaluation.labelled import Part

_Z = 1.959964  # the 97.5th percentile of the normal distribution

GOALS: dict[str, float] = {
    "language": 0.95,
    "facts_kept": 0.98,
    "quotes_dropped": 0.9,
    "summary_facts": 0.8,
    "sentiment": 0.8,
    "spam_found_by_headers": 0.95,
    "spam_found_by_text": 0.5,
    "clean_left_alone": 0.98,
    "customers_found": 0.95,
    "customers_right": 0.98,
    "contracts_found": 0.9,
    "contracts_right": 0.95,
    "tags_found": 0.85,
    "tags_right": 0.8,
    "intents_found": 0.85,
    "intents_right": 0.85,
    "fields_found": 0.85,
    "fields_right": 0.9,
}
"""The figures in the order of a refresh, each with the least that is good enough."""


@dataclass(frozen=True, slots=True)
class Figure:
    """How many of `n` things one engine had right in one part of the corpus."""

    engine: str
    name: str
    part: Part
    right: int
    n: int

    @property
    def share(self) -> float:
        """From 0 to 1; 1 when there was nothing to get wrong."""
        return self.right / self.n if self.n else 1.0

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the share, after Wilson (1927)."""
        if not self.n:
            return 0.0, 1.0
        square = _Z * _Z
        middle = (self.right + square / 2) / (self.n + square)
        reach = _Z * sqrt(self.right * (self.n - self.right) / self.n + square / 4) / (self.n + square)
        return max(0.0, middle - reach), min(1.0, middle + reach)

    @property
    def met(self) -> bool:
        """Whether the goal is reached."""
        return self.share >= GOALS[self.name]


def figures(engine: str, checked: Iterable[Check]) -> list[Figure]:
    """Every figure of one engine, in both parts."""
    listed: Sequence[Check] = list(checked)
    return [_figure(engine, name, part, listed) for name in GOALS for part in Part]


def _figure(engine: str, name: str, part: Part, checked: Sequence[Check]) -> Figure:
    own = [check.right for check in checked if check.figure == name and check.message.part is part]
    return Figure(engine, name, part, sum(own), len(own))
