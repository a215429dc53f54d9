"""What one question costs, noted while it is asked."""

from __future__ import annotations

from dataclasses import dataclass

from worker.domain.spending import Spending


@dataclass
class Cost:
    """So far; written by the thread that asks the server, read by others."""

    calls: int = 0
    tokens: int = 0

    @property
    def spending(self) -> Spending:
        """A question that was begun is a call, even before it left."""
        return Spending(max(self.calls, 1), self.tokens)
