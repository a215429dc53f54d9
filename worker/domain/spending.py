"""What asking a language model costs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spending:
    """Calls, and the tokens that they sent and received; below zero where something is given back."""

    calls: int = 0
    tokens: int = 0

    def __add__(self, other: Spending) -> Spending:
        return Spending(self.calls + other.calls, self.tokens + other.tokens)

    def __mul__(self, times: int) -> Spending:
        return Spending(self.calls * times, self.tokens * times)

    def __sub__(self, other: Spending) -> Spending:
        return self + other * -1


A_CALL = Spending(1, 2_000)
"""What a call is reckoned with until its cost is known."""
