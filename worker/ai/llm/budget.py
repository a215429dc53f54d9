"""What one task may spend on a model: calls, tokens and time."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from worker.ai.llm.batch_budget import BatchBudget, Purse
from worker.ai.llm.cost import Cost
from worker.domain.failures import Permanent, Transient
from worker.domain.spending import Spending


@dataclass(frozen=True, slots=True)
class Question:
    """One that may be asked: where it notes what it costs, the seconds that are left for it, and who pays."""

    cost: Cost
    seconds: float
    batch: BatchBudget | None


@dataclass
class Budget:
    """Shared by all threads of a task. `until` is a moment of `time.monotonic`, after which nothing is asked.

    With a purse, each batch pays for its own questions, of which about `handful` are under way at once.
    """

    limit: Spending
    until: float
    purse: Purse | None = None
    handful: int = 1
    _asked: list[Cost] = field(default_factory=list)
    _batches: dict[str, BatchBudget] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, batch_id: str | None) -> Question:
        """One more question for a batch.

        What is under way counts as one call; its tokens are not known yet, so that the task's limit on tokens can be
        passed by as many questions as are in flight. Raises Permanent when calls or tokens are used up, the task's or
        the batch's; Transient after `until`, or when a batch's cannot be told.
        """
        left = self.until - time.monotonic()
        if left <= 0:
            raise Transient("llm_task_out_of_time")
        with self._lock:
            spent = sum((cost.spending for cost in self._asked), Spending())
            if spent.calls >= self.limit.calls:
                raise Permanent("llm_call_limit")
            if spent.tokens >= self.limit.tokens:
                raise Permanent("llm_token_limit")
            batch = self._batch(batch_id)
            if batch is not None:
                batch.take()
            cost = Cost()
            self._asked.append(cost)
            return Question(cost, left, batch)

    def settle(self, question: Question) -> None:
        """The question has its answer. Raises Transient when that cannot be written down."""
        if question.batch is not None:
            with self._lock:
                question.batch.settle(question.cost.spending)

    def _batch(self, batch_id: str | None) -> BatchBudget | None:
        if self.purse is None or batch_id is None:
            return None
        return self._batches.setdefault(batch_id, BatchBudget(self.purse, batch_id, self.handful))
