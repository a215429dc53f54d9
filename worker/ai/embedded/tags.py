"""Which of the tags handed in a message is about."""

from __future__ import annotations

from collections.abc import Sequence

from worker.ai.embedded.reading import Reading
from worker.ai.embedded.relevance import Definition, Relevance
from worker.ai.protocol import TagMatch
from worker.domain.entities import Tag

APPLIES = 0.5  # confidence from which a tag applies


def match(reading: Reading, candidates: Sequence[Tag], relevance: Relevance) -> list[TagMatch]:
    """The tags that apply, surest first; candidates of equal confidence in the order handed in."""
    definitions = [Definition(tag.name, tag.detection.description, tag.detection.examples) for tag in candidates]
    best = relevance.of(reading, definitions).max(axis=1, initial=0.0)
    found = [TagMatch(tag.id, round(float(score), 2)) for tag, score in zip(candidates, best, strict=True)]
    return sorted((each for each in found if each.confidence >= APPLIES), key=lambda each: -each.confidence)
