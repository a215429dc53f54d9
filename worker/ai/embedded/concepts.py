"""What energy customers write about: some forty concepts, each known by its words and by example sentences.

`concepts.json` beside this file holds them: `words` are patterns on folded text (see letters.py), `not` are patterns
that take a hit back (`nicht kündigen`), `retracted` take back a whole request (`Kündigung zurücknehmen`), `parent` is
the wider concept that a narrower one replaces, `examples` teach a linear head what the words do not cover.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from worker.ai.embedded.alternatives import Alternatives
from worker.ai.embedded.heads import Heads
from worker.ai.embedded.letters import fold
from worker.ai.embedded.vectors import Vectors

NOTHING = "none"
"""The class of sentences that are about no concept: greetings, thanks, other walks of life."""


@dataclass(frozen=True, slots=True)
class Concept:
    """One concept: its name, the patterns of its words and those that take a hit or a whole request back."""

    name: str
    words: Alternatives
    without: Alternatives
    retracted: Alternatives

    def named_in(self, folded: str) -> int:
        """1 when a folded text names the concept, -1 when it denies it, else 0."""
        if not self.words.found_in(folded):
            return 0
        return -1 if self.without.found_in(folded) else 1


class Concepts:
    """The concepts, and how much a sentence's vector is about each."""

    def __init__(self, heads: Heads) -> None:
        entries = read_entries()
        self.all = tuple(_concept(name, entry) for name, entry in entries.items() if name != NOTHING)
        self._heads = heads
        self._columns = [at for at, name in enumerate(entries) if name != NOTHING]
        sizes = [len(entry["examples"]) for entry in entries.values()]
        self._first_examples = np.cumsum([0, *sizes[:-1]])
        places = {concept.name: at for at, concept in enumerate(self.all)}
        self._narrower = [
            (places[name], places[str(entry["parent"])]) for name, entry in entries.items() if "parent" in entry
        ]

    def named(self, texts: Sequence[str]) -> Vectors:
        """1 where a concept's words stand in a text, -1 where the text denies it, else 0; a row a text."""
        folded = [fold(text) for text in texts]
        whole = "\n".join(folded)
        found = np.zeros((len(texts), len(self.all)), dtype=np.float32)
        for column, concept in enumerate(self.all):
            words = concept.words.possible_in(whole)
            if words:
                narrowed = replace(concept, words=words)
                found[:, column] = [narrowed.named_in(text) for text in folded]
        return found

    def place(self, name: str) -> int:
        """The column of a concept."""
        return next(at for at, concept in enumerate(self.all) if concept.name == name)

    def meant(self, text: str) -> Vectors:
        """1 for the concepts that a definition's text names, the narrowest ones alone, else 0."""
        named: Vectors = self.named([text])[0].clip(min=0)
        for narrow, wide in self._narrower:
            if named[narrow]:
                named[wide] = 0
        return named

    def nearest(self, vectors: Vectors) -> Vectors:
        """The cosine of each vector and the nearest example of each concept."""
        cosines = vectors @ self._heads.background.T
        nearest: Vectors = np.maximum.reduceat(cosines, self._first_examples, axis=1)[:, self._columns]
        return nearest

    def retracted(self, text: str, concerned: NDArray[np.bool_]) -> bool:
        """Whether a text takes back a request of one of the concerned concepts."""
        folded = fold(text)
        pairs = zip(self.all, concerned, strict=True)
        return any(is_concerned and concept.retracted.found_in(folded) for concept, is_concerned in pairs)

    def felt(self, vectors: Vectors) -> Vectors:
        """How much each vector is about each concept, 0 to 1; rows are texts, columns concepts."""
        return self._heads.own(vectors)[:, self._columns]

    def chosen(self, vectors: Vectors) -> Vectors:
        """The same in competition: each row's shares of all concepts, and of none of them, add up to 1."""
        return self._heads.shares(vectors)[:, self._columns]


def _concept(name: str, entry: Mapping[str, Sequence[str]]) -> Concept:
    words, without, retracted = (Alternatives(entry.get(part, ())) for part in ("words", "not", "retracted"))
    return Concept(name, words, without, retracted)


def read_entries() -> dict[str, dict[str, list[str]]]:
    """The parts of `concepts.json` by concept, `NOTHING` among them."""
    path = Path(__file__).with_name("concepts.json")
    entries: dict[str, dict[str, list[str]]] = json.loads(path.read_text(encoding="utf-8"))
    return entries


def examples() -> list[str]:
    """The example sentences of all concepts."""
    return [example for entry in read_entries().values() for example in entry["examples"]]
