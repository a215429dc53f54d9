"""A message as read once: its own words, their sentences, and what each sentence is about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import regex

from worker.ai.embedded import body
from worker.ai.embedded.concepts import Concepts
from worker.ai.embedded.letters import content_words
from worker.ai.embedded.sentences import LONGEST_TEXT, Sentence, split
from worker.ai.embedded.vectors import Encoder, Vectors
from worker.ai.protocol import Message

_REPLY_MARK = regex.compile(r"(?i)^\s*(?:(?:re|aw|wg|fwd?|antwort|fw)\s?(?:\[\d+\])?:\s*)+|\[[^\]]{0,40}\]")
_REMEMBERED = 64  # readings: a refresh asks stage by stage over all tickets of its message; 100 kB each at most
_EARLY = 400  # characters: sentences that begin before tell what the whole is about
_MOST_MEASURED = 30  # sentences whose vectors are made; what a message is about is said before


@dataclass(frozen=True)
class Reading:
    """A message's words with its subject on top, and their sentences; vectors are made when first asked for.

    `body_start` is where the subject ends and the body begins.
    """

    text: str
    body_start: int
    sentences: tuple[Sentence, ...]
    _encoder: Encoder
    _concepts: Concepts

    @cached_property
    def _encoded(self) -> tuple[Vectors, Vectors]:
        """`vectors` and `whole`: what both are made of takes five times their memory, and is not kept."""
        measured = self.sentences[:_MOST_MEASURED]
        sums = self._encoder.sums([sentence.text for sentence in measured])
        early = sum(sentence.start < _EARLY for sentence in measured)
        return self._encoder.vectors(sums), self._encoder.whole(sums[:early])

    @property
    def vectors(self) -> Vectors:
        """One row a sentence; sentences beyond the thirtieth have none."""
        return self._encoded[0]

    @property
    def whole(self) -> Vectors:
        """One row: the vector of what the message says first."""
        return self._encoded[1]

    @cached_property
    def named(self) -> Vectors:
        """1 where a sentence names a concept, -1 where it denies it; rows are sentences, columns concepts."""
        return self._concepts.named([sentence.text for sentence in self.sentences[:_MOST_MEASURED]])

    @cached_property
    def felt(self) -> Vectors:
        """How much each sentence is about each concept, 0 to 1."""
        return self._concepts.felt(self.vectors)

    @cached_property
    def chosen(self) -> Vectors:
        """The same against the other concepts: near 1 where one concept stands out."""
        return self._concepts.chosen(self.vectors)

    @cached_property
    def nearest(self) -> Vectors:
        """How near each sentence comes to the nearest example of each concept: cosines."""
        return self._concepts.nearest(self.vectors)

    @cached_property
    def whole_felt(self) -> Vectors:
        """One row: how much the message as a whole is about each concept, 0 to 1."""
        return self._concepts.felt(self.whole)

    @cached_property
    def whole_chosen(self) -> Vectors:
        """One row: the same against the other concepts."""
        return self._concepts.chosen(self.whole)

    def strength(self, concept: str) -> float:
        """How much the sentence that is most about a concept stands for it, 0 to 1."""
        return float(self.chosen[:, self._concepts.place(concept)].max(initial=0.0))

    @cached_property
    def words(self) -> tuple[frozenset[str], ...]:
        """The words of each sentence that carry meaning."""
        return tuple(frozenset(content_words(sentence.text)) for sentence in self.sentences[:_MOST_MEASURED])


class Reader:
    """Reads messages; the last few are remembered, because several stages ask about the same one."""

    def __init__(self, encoder: Encoder, concepts: Callable[[], Concepts]) -> None:
        self._encoder = encoder
        self._concepts = concepts
        self._read = lru_cache(maxsize=_REMEMBERED)(self._read_text)

    def read(self, message: Message) -> Reading:
        """The reading of a message's own words."""
        subject = _REPLY_MARK.sub("", message.subject[:300]).strip()
        words = body.words_of(message)[:LONGEST_TEXT]
        return self._read(f"{subject}\n\n" if subject else "", words)

    def _read_text(self, subject: str, words: str) -> Reading:
        text = subject + words
        return Reading(text, len(subject), tuple(split(text)), self._encoder, self._concepts())
