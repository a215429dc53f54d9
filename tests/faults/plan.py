"""How much is done, and how roughly."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """Sizes.

    `tickets` of one batch of changes, which also asks for `refreshes` of other tickets. `contested` tickets are changed
    by two batches at once. `blows`: how often processes are killed or the broker loses everything. `away`: seconds
    that the database is away. Of the tickets one in `told` is of a channel that the webhook endpoint wants.
    """

    tickets: int
    refreshes: int
    contested: int
    blows: int
    away: float
    told: int = 1


FULL = Plan(tickets=10_000, refreshes=400, contested=5_000, blows=4, away=10)
QUICK = Plan(tickets=2_000, refreshes=100, contested=1_000, blows=2, away=4)
SUITE = Plan(tickets=1_000, refreshes=40, contested=1_600, blows=2, away=3, told=5)
"""For the test suite."""
LARGE = Plan(tickets=10_000, refreshes=40, contested=800, blows=3, away=3, told=50)
"""For the test suite, too: the largest batch of the contract, with few follow-ups."""
