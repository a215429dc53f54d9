"""How much a sentence is about something that a person has defined: a tag or an AI agent.

Two ways lead there. A definition that names concepts of energy supply is judged by these concepts; any other by how
near the sentence comes to the definition's own words. Both are small logistic models: the weights of the first are
trained (see heads.py), those of the second were fitted on hand-written German and English messages and rounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from worker.ai.embedded.concepts import Concepts
from worker.ai.embedded.heads import Heads
from worker.ai.embedded.letters import content_words
from worker.ai.embedded.reading import Reading
from worker.ai.embedded.vectors import Encoder, Vectors

FEATURES = (
    "named",
    "felt",
    "chosen",
    "nearness",
    "only others named",
    "nearest example",
    "lead over other concepts' examples",
    "felt by the whole message",
    "chosen by the whole message",
)
"""What a sentence is judged by where a definition names concepts; `Heads.relevance` weighs it, with a bias at last."""

# Weights: nearness, cosine, words of the name, words of the description; and the bias.
_OWN_WEIGHTS = np.array([4.9, 2.2, 2.0, 0.9], dtype=np.float32)
_OWN_BIAS = -3.4

_LEAST_FELT = 0.4  # a definition without a concept's words still has the concept from here on
_SIDE_WEIGHT = 0.5  # what a concept counts that only description or examples name, beside one in the name
_ONLY_DESCRIBED = np.float32(0.8)  # likewise, when the name names none
_ENOUGH_WORDS = 4  # a sentence of fewer words is near to anything
_SPREADS = 5.0  # scales standard deviations to about 0 to 1
_MOST_EXAMPLES = 20  # of one definition
_REMEMBERED = 1024  # definitions


@dataclass(frozen=True, slots=True)
class Definition:
    """What a person wrote to say what belongs here."""

    name: str
    description: str = ""
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """A definition made comparable.

    `concepts` weighs each concept from 0 to 1, `is_known` says that the name itself names one; `vectors` has a row for
    the name, the description and each example; `mean` and `spread` say how near each of these comes to sentences about
    anything.
    """

    concepts: Vectors
    is_known: bool
    vectors: Vectors
    mean: Vectors
    spread: Vectors
    name_words: tuple[str, ...]
    other_words: tuple[str, ...]


class Relevance:
    """Judges sentences against definitions; profiles are remembered by content."""

    def __init__(self, encoder: Encoder, concepts: Concepts, heads: Heads) -> None:
        self._encoder = encoder
        self._concepts = concepts
        self._heads = heads
        self.profile = lru_cache(maxsize=_REMEMBERED)(self._profile)

    def of(self, reading: Reading, definitions: Sequence[Definition]) -> Vectors:
        """How much each sentence is about each definition, 0 to 1; one half is where it begins to apply.

        A row a definition, a column a sentence.
        """
        profiles = [self.profile(definition) for definition in definitions]
        sentences = len(reading.vectors) if profiles else 0  # what nobody asks about is not encoded
        found = np.zeros((len(profiles), sentences), dtype=np.float32)
        if not found.size:
            return found
        by_concepts = [at for at, profile in enumerate(profiles) if profile.is_known or profile.concepts.any()]
        if by_concepts:
            found[by_concepts] = self._by_concepts(reading, [profiles[at] for at in by_concepts])
        for at, profile in enumerate(profiles):
            if not profile.is_known:
                found[at] = np.maximum(found[at], _by_words(reading, profile))
        return found

    def _by_concepts(self, reading: Reading, profiles: Sequence[Profile]) -> Vectors:
        *weights, bias = self._heads.relevance
        odds = _logistic(features(reading, profiles) @ np.array(weights, dtype=np.float32) + bias)
        odds[denied(reading, profiles)] = 0.0
        return odds

    def retracted(self, reading: Reading, definition: Definition) -> bool:
        """Whether the message takes back what the definition is mainly about: `vergessen Sie meine Kündigung`."""
        profile = self.profile(definition)
        return profile.is_known and self._concepts.retracted(reading.text, profile.concepts >= 1)

    def _profile(self, definition: Definition) -> Profile:
        examples = tuple(example for example in definition.examples[:_MOST_EXAMPLES] if example.strip())
        definition = Definition(definition.name, definition.description, examples)
        parts = [part for part in (definition.name, definition.description) if part.strip()]
        vectors = self._encoder.encode([*parts, *examples] or [""])
        nearness = self._heads.background @ vectors.T
        name_words = tuple(content_words(definition.name))
        others = content_words(" ".join((definition.description, *examples))[:4_000])
        return Profile(
            concepts=self._weights(definition, vectors),
            is_known=bool(self._concepts.meant(definition.name).any()),
            vectors=vectors,
            mean=nearness.mean(axis=0),
            spread=nearness.std(axis=0) + 1e-3,
            name_words=name_words,
            other_words=tuple(word for word in others if word not in name_words),
        )

    def _weights(self, definition: Definition, vectors: Vectors) -> Vectors:
        by_name = self._concepts.meant(definition.name)
        by_description = self._concepts.meant(definition.description)
        by_examples = self._main_concepts(definition.examples, vectors[-len(definition.examples) :])
        aside = np.maximum(by_description, by_examples)
        if by_name.any():
            return np.maximum(by_name, _SIDE_WEIGHT * aside)
        if aside.max() >= _SIDE_WEIGHT:
            return _ONLY_DESCRIBED * aside
        felt = self._concepts.felt(vectors).max(axis=0)
        best: Vectors = np.where(felt == felt.max(), felt, np.float32(0))
        return best if felt.max() >= _LEAST_FELT else np.zeros_like(felt)

    def _main_concepts(self, examples: Sequence[str], vectors: Vectors) -> Vectors:
        """1 for what an example is mainly about: of the concepts it names, the one that it is felt to be about most."""
        found = np.zeros(len(self._concepts.all), dtype=np.float32)
        for example, felt in zip(examples, self._concepts.felt(vectors), strict=False):
            named = self._concepts.meant(example)
            if named.any():
                found[int((named * felt).argmax())] = 1.0
        return found


def features(reading: Reading, profiles: Sequence[Profile]) -> Vectors:
    """What each sentence says of definitions that name concepts: definition by sentence by `FEATURES`."""
    weights = np.stack([profile.concepts for profile in profiles])[:, None]  # of each concept
    of_others = weights == 0
    named = (reading.named * weights).max(axis=2)
    others_named = ((reading.named > 0) & of_others).any(axis=2) & (named <= 0)
    felt, chosen = (reading.felt * weights).max(axis=2), (reading.chosen * weights).max(axis=2)
    nearest = (reading.nearest * weights).max(axis=2)
    lead = nearest - np.where(of_others, reading.nearest, -np.inf).max(axis=2)
    whole = [
        np.broadcast_to((each * weights).max(axis=2), felt.shape) for each in (reading.whole_felt, reading.whole_chosen)
    ]
    nearness = np.stack([_nearness(reading, profile) for profile in profiles])
    found: Vectors = np.stack(
        [named, felt, chosen, nearness, others_named, nearest, lead, *whole], axis=2, dtype=np.float32
    )
    return found


def denied(reading: Reading, profiles: Sequence[Profile]) -> NDArray[np.bool_]:
    """Which sentences say that they are not about what a definition is mainly about: definition by sentence."""
    weights = np.stack([profile.concepts for profile in profiles])[:, None]
    mainly = weights == weights.max(axis=2, keepdims=True)
    found: NDArray[np.bool_] = ((reading.named < 0) & mainly).any(axis=2)
    return found


def _by_words(reading: Reading, profile: Profile) -> Vectors:
    cosine = (reading.vectors @ profile.vectors.T).max(axis=1) * _fullness(reading)
    features = np.stack(
        [
            _nearness(reading, profile),
            cosine,
            np.array([_share(profile.name_words, words) for words in reading.words], dtype=np.float32),
            np.array([_share(profile.other_words, words) for words in reading.words], dtype=np.float32),
        ],
        axis=1,
    )
    return _logistic(features @ _OWN_WEIGHTS + _OWN_BIAS)


def _nearness(reading: Reading, profile: Profile) -> Vectors:
    """How much nearer a sentence comes to the definition than sentences do that are about anything."""
    cosine = reading.vectors @ profile.vectors.T
    nearness: Vectors = ((cosine - profile.mean) / profile.spread).max(axis=1) / np.float32(_SPREADS)
    return nearness * _fullness(reading)


def _fullness(reading: Reading) -> Vectors:
    shares = [min(len(words), _ENOUGH_WORDS) / _ENOUGH_WORDS for words in reading.words]
    return np.array(shares, dtype=np.float32)


def _share(wanted: Sequence[str], words: frozenset[str]) -> float:
    """Which part of the wanted words stands in the sentence, also inside a compound."""
    if not wanted:
        return 0.0
    return sum(any(_stem(want) in word for word in words) for want in wanted) / len(wanted)


def _stem(word: str) -> str:
    shortest, ending = 4, 2
    return word[: max(shortest, min(len(word) - ending, 7))] if len(word) > shortest + 1 else word


def _logistic(scores: Vectors) -> Vectors:
    return np.asarray(1.0 / (1.0 + np.exp(-scores)), dtype=np.float32)
