"""What one task may spend on a model: calls, tokens and time."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from pydantic_ai.usage import RunUsage

from worker.domain.failures import Permanent, Transient


@dataclass
class Budget:
    """Shared by all threads of a task. `until` is a moment of `time.monotonic`, after which nothing is asked."""

    calls: int
    tokens: int
    until: float
    _asked: list[RunUsage] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> tuple[RunUsage, float]:
        """Where one more question notes what it costs, and the seconds that are left for it.

        What is under way counts as one call; its tokens are not known yet, so that a limit on tokens can be passed by
        as many questions as are in flight. Raises Permanent when calls or tokens are used up, Transient after `until`.
        """
        left = self.until - time.monotonic()
        if left <= 0:
            raise Transient("llm_task_out_of_time")
        with self._lock:
            if sum(max(usage.requests, 1) for usage in self._asked) >= self.calls:
                raise Permanent("llm_call_limit")
            if sum(usage.total_tokens for usage in self._asked) >= self.tokens:
                raise Permanent("llm_token_limit")
            usage = RunUsage()
            self._asked.append(usage)
            return usage, left
