"""Holds what AI agents found against the rules that their definitions name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import structlog
from billiard.exceptions import SoftTimeLimitExceeded

from worker.ai.protocol import Finding
from worker.domain.entities import AiAgent, Contract
from worker.domain.intents import Info
from worker.domain.plausibility import Asked, find_rule

log = structlog.get_logger(__name__)

NOT_CHECKED = Info("NOT_CHECKED", "warning", "Nobody could say whether a value is plausible: a rule failed.")


def remarks(finding: Finding, agent: AiAgent, contract: Contract | None, today: date) -> list[Info]:
    """What the rules say to a finding's values, in the order of the agent's fields."""
    return [
        info
        for field in agent.fields
        if finding.data.get(field.name) is not None
        for name in field.plausibility
        for info in _asked(name, Asked(finding.data[field.name], contract, today))
    ]


def _asked(name: str, asked: Asked) -> Iterator[Info]:
    try:
        yield from list(find_rule(name).check(asked))
    except SoftTimeLimitExceeded:
        raise  # the whole task is out of time
    except Exception as error:  # noqa: BLE001 - a plug-in's mistake must not cost what the agent found
        # Without the message: it may hold what the customer wrote.
        log.warning("plausibility_failed", rule=name, error=type(error).__name__)
        yield NOT_CHECKED
