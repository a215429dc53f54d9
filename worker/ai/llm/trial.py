"""The shortest question there is: whether the model that settings name can be asked at all."""

from __future__ import annotations

import time
from contextlib import closing

from pydantic import BaseModel

from config.settings import Settings
from worker.ai.llm.cost import Cost
from worker.ai.llm.prompt import Prompt, wording
from worker.ai.llm.server import Server
from worker.domain.spending import Spending


class Readiness(BaseModel):
    """The form of a model that has nothing else to say."""

    ready: bool


def try_model(settings: Settings) -> tuple[Spending, float]:
    """Have the model fill in that form; what it cost, and the seconds it took.

    Raises Transient or Permanent, as its stages do.
    """
    cost = Cost()
    with closing(Server(settings)) as server:
        server.preload()  # beforehand, or the time it takes would be the model's
        began = time.monotonic()
        question = Prompt(wording("trial"), "Ready?")
        answer = server.ask(question, Readiness, settings.llm_timeout.total_seconds(), cost).result()
    took = time.monotonic() - began
    if isinstance(answer, Exception):
        raise answer
    return cost.spending, took
