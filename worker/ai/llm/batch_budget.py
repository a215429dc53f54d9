"""What one task takes of a batch's limits: drawn a handful of calls at a time, given back when none is under way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from worker.domain.failures import Permanent
from worker.domain.spending import A_CALL, Spending


class Purse(Protocol):
    """Keeps what batches spend, for all tasks and processes. Both methods raise Transient when that is out of reach."""

    def draw(self, batch_id: str, calls: int, settled: Spending) -> int:
        """Book what is `settled` and so many calls as `A_CALL`, or one if there is not room for all; how many it was.

        Raises Permanent, and books nothing, when there is not room for one.
        """
        ...

    def settle(self, batch_id: str, more: Spending) -> None:
        """Book what calls cost beyond what they were reckoned with."""
        ...


@dataclass
class BatchBudget:
    """For one task and batch; the caller sees to it that one thread at a time is here."""

    purse: Purse
    batch_id: str
    handful: int
    _drawn: int = 0  # calls that are booked and not begun
    _under_way: int = 0
    _unsettled: Spending = field(default_factory=Spending)
    _used_up: str = ""

    def take(self) -> None:
        """Begin a call. Raises Permanent when the batch's limit is used up, at once when that is known."""
        if self._used_up:
            raise Permanent(self._used_up)
        if not self._drawn:
            try:
                self._drawn = self.purse.draw(self.batch_id, self.handful, self._unsettled)
            except Permanent as used_up:
                self._used_up = used_up.reason
                raise
            self._unsettled = Spending()
        self._drawn -= 1
        self._under_way += 1

    def settle(self, cost: Spending) -> None:
        """A call has ended; with the last one, all is given back that was drawn and not spent."""
        self._under_way -= 1
        self._unsettled += cost - A_CALL
        if not self._under_way:
            self.purse.settle(self.batch_id, self._unsettled - A_CALL * self._drawn)
            self._drawn, self._unsettled = 0, Spending()
