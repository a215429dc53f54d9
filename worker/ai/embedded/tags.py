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
    found = [TagMatch(tag.id, _confidence(reading, tag, relevance)) for tag in candidates]
    return sorted((each for each in found if each.confidence >= APPLIES), key=lambda each: -each.confidence)


def _confidence(reading: Reading, tag: Tag, relevance: Relevance) -> float:
    definition = Definition(tag.name, tag.detection.description, tag.detection.examples)
    scores = relevance.of(reading, definition)
    return round(float(scores.max()), 2) if len(scores) else 0.0
