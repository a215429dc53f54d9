"""Fills the fields of an AI agent's definition with the values of a message that fit them best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from worker.ai.embedded import cues
from worker.ai.embedded.field_values import SOURCES, Context
from worker.ai.embedded.values import Value
from worker.domain.entities import AgentField

_NEIGHBOUR = 0.7  # what a sentence's relevance counts for the one beside it
_RELEVANT = 0.5
_LEAD = 0.15  # by which another agent's claim to a sentence must be better
_SHORT = 40  # characters of a sentence that does not stand alone
_LEAST_DIGITS = 3  # of a number that nothing but its place speaks for
_CERTAIN = 0.8  # relevance of a sentence whose numbers need no word beside them
_COUNT = 1  # digits of what is more often a count than a value


@dataclass(frozen=True, slots=True)
class _Fit:
    """A value for a field: how well its kind fits, what the words around say, and whose sentence it stands in."""

    field: AgentField
    value: Value
    kind: float
    cue: float
    own: float
    other: float

    @property
    def score(self) -> float:
        return self.kind + self.cue + self.own - (self.other if self.own < _RELEVANT else 0.0)

    @property
    def is_possible(self) -> bool:
        """Whether the value may fill the field at all."""
        claimed = self.other >= _RELEVANT and self.own < self.other - _LEAD and self.cue <= _RELEVANT
        if self.kind < 0 or self.cue < 0 or claimed:
            return False
        if self.field.type == "number":
            near_enough = self.cue > 0 and self.own >= _RELEVANT * _NEIGHBOUR and self.value.digits >= _LEAST_DIGITS
            stands_out = self.own >= _CERTAIN and self.value.digits > _COUNT
            return self.kind > 0 or self.cue > _RELEVANT or near_enough or stands_out
        if self.field.type == "date":
            return self.own >= _RELEVANT * _NEIGHBOUR or self.cue > _RELEVANT
        return True


def fill(wanted: Sequence[AgentField], context: Context) -> dict[str, object]:
    """The found values by field name, in the order of the fields; one place fills one field, yes and no aside."""
    fits = [fit for field in wanted for fit in _fits(field, context)]
    found: dict[str, object] = {}
    taken: set[tuple[int, int]] = set()
    for fit in sorted(fits, key=lambda fit: (-fit.score, fit.value.start)):
        place = (fit.value.start, fit.value.end)
        if fit.field.name not in found and place not in taken:
            found[fit.field.name] = fit.value.value
            if fit.field.type != "boolean":
                taken.add(place)
    return {field.name: found[field.name] for field in wanted if field.name in found}


def _fits(field: AgentField, context: Context) -> list[_Fit]:
    spoken = cues.of(field)
    candidates = SOURCES.get(field.type, SOURCES["string"])(spoken, context)
    fits, reached = [], 0
    for value, kind in sorted(candidates, key=lambda candidate: candidate[0].start):
        before, after = _around(value, context)
        cue = spoken.weigh(before, after, near=before[-max(1, value.start - reached) :])
        fits.append(_Fit(field, value, kind, cue, *_relevance(value, context)))
        reached = value.end
    return [fit for fit in fits if fit.is_possible]


def _around(value: Value, context: Context) -> tuple[str, str]:
    """The text before and after a value, within its sentence or, for a short one, from the sentence before."""
    text, at = context.reading.text, context.sentence(value)
    sentence = None if at is None else context.reading.sentences[at]
    start, end = (sentence.start, sentence.end) if sentence else (0, len(text))
    if at and end - start < _SHORT:  # an answer in a chat: the question says what it is
        start = context.reading.sentences[at - 1].start
    before = text[max(start, value.start - cues.BEFORE) : value.start]
    return before, text[value.end : max(value.end, min(end, value.end + cues.AFTER))]


def _relevance(value: Value, context: Context) -> tuple[float, float]:
    """How much a value's sentence and its neighbours are about the agent, and about another one."""
    at = context.sentence(value)
    if at is None or not len(context.relevance):
        return 0.0, 0.0
    scores = context.relevance
    last = len(scores) - 1
    near = [float(scores[at]) if at <= last else 0.0]
    near += [_NEIGHBOUR * float(scores[beside]) for beside in (at - 1, at + 1) if 0 <= beside <= last]
    return max(near), float(context.foreign[at]) if at <= last else 0.0
