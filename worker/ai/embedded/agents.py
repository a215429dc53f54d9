"""Which AI agents a message calls for, and the facts it gives each of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from worker.ai.embedded.field_values import Context
from worker.ai.embedded.fields import fill
from worker.ai.embedded.reading import Reading
from worker.ai.embedded.relevance import Definition, Relevance
from worker.ai.embedded.values import of as values_of
from worker.ai.protocol import Finding
from worker.domain.entities import AiAgent, Contract
from worker.domain.intents import missing_fields

# Relevance is fitted with tags weighing twice, because a tag too many costs little. An agent acts, so here both errors
# weigh the same: two thirds, which are odds of two to one, stand where one half would.
APPLIES = 0.67  # confidence from which an agent applies
APPLIES_WITH_GAPS = 0.7  # likewise, when required fields are missing
_ALMOST = 0.5  # from here on it applies if all that it requires was found
_BONUS = 0.15  # for everything required found
_DISCOUNT = 0.8  # for each required field that was not
_SURE = 0.99


def detect(
    reading: Reading,
    candidates: Sequence[AiAgent],
    relevance: Relevance,
    *,
    today: date,
    language: str | None,
    contract: Contract | None = None,
) -> list[Finding]:
    """At most one finding an agent, in the order handed in."""
    scores = relevance.of(reading, [_definition(agent) for agent in candidates])
    values = values_of(reading.text, today, language)
    known = _known_numbers(contract)
    found = []
    for at, agent in enumerate(candidates):
        if scores[at].max(initial=0.0) >= _ALMOST and not relevance.retracted(reading, _definition(agent)):
            foreign = np.delete(scores, at, axis=0).max(axis=0, initial=0.0)
            finding = _find(agent, Context(reading, values, scores[at], foreign, known))
            found += [finding] if finding else []
    return found


def _find(agent: AiAgent, context: Context) -> Finding | None:
    data = fill(agent.fields, context)
    required = [field.name for field in agent.fields if field.required]
    missing = [name for name in required if name not in data]
    confidence = float(context.relevance.max()) + (_BONUS if required and not missing else 0.0)
    if confidence < (APPLIES_WITH_GAPS if missing else APPLIES):
        return None
    return Finding(
        agent.id, round(min(_SURE, confidence) * _DISCOUNT ** len(missing), 2), data, missing_fields(agent, data)
    )


def _definition(agent: AiAgent) -> Definition:
    description = " ".join(part for part in (agent.description, agent.detection.description) if part)
    return Definition(agent.name, description, agent.detection.examples)


def _known_numbers(contract: Contract | None) -> frozenset[str]:
    if contract is None:
        return frozenset()
    values = (contract.values.get(name) for name in ("counterNumber", "customerId", "orderId", "id"))
    return frozenset({contract.id, contract.customer_id, *(str(value) for value in values if value)})
