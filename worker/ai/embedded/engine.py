"""The engine that needs no network: rules and small models that ship in wheels, the same answer every time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import regex

from worker.ai.embedded import agents, body, clues, heads, sentiment, spam, summary, tags
from worker.ai.embedded.concepts import Concepts, examples
from worker.ai.embedded.fingerprint import fingerprint
from worker.ai.embedded.heads import Heads
from worker.ai.embedded.language import Languages
from worker.ai.embedded.reading import Reader
from worker.ai.embedded.relevance import Relevance
from worker.ai.embedded.vectors import Encoder
from worker.ai.protocol import Clues, Engine, Finding, Language, Message, SpamVerdict, TagMatch, Text
from worker.domain.entities import AiAgent, Contract, Tag
from worker.domain.words import Sentiment

_SURROGATE = regex.compile(r"[\ud800-\udfff]")
_FEW_LETTERS = 20  # with a body shorter than this, the subject helps to tell the language


def _well_formed(message: Message) -> Message:
    """The message without halves of surrogate pairs, which no model can read."""
    texts = {name: getattr(message, name) for name in ("subject", "body", "body_plain", "body_clean")}
    broken = {name: _SURROGATE.sub("", text) for name, text in texts.items() if _SURROGATE.search(text)}
    return replace(message, **broken) if broken else message


class EmbeddedEngine:
    """Reads German and English customer mail offline (see `worker.ai.protocol.Engine`).

    Models are loaded at the first use and kept; `preload` loads them before a fork, so that children share them.
    It raises nothing: every text has an answer, and nothing it uses can be away. `fingerprint` is another one whenever
    its answers may be.
    """

    name = "embedded"
    at_once = 1
    fallback: Engine | None = None

    def __init__(self) -> None:
        self.fingerprint = fingerprint()
        self._encoder = Encoder(sample=examples())
        self._languages = Languages()
        self._reader = Reader(self._encoder, lambda: self._concepts)

    @cached_property
    def _heads(self) -> Heads:
        return heads.load()

    @cached_property
    def _concepts(self) -> Concepts:
        return Concepts(self._heads)

    @cached_property
    def _relevance(self) -> Relevance:
        return Relevance(self._encoder, self._concepts, self._heads)

    def preload(self) -> None:
        """Load every model now."""
        self._languages.detect("Guten Tag")
        _ = self._relevance
        self._encoder.load()

    def language(self, message: Message) -> Language | None:
        """The language of the customer's own words; None when the model is not certain enough."""
        message = _well_formed(message)
        words = body.words_of(message)
        if sum(letter.isalpha() for letter in words[:200]) < _FEW_LETTERS:
            words = f"{message.subject}\n{words}"
        return self._languages.detect(words)

    def text(self, message: Message) -> Text:
        """Plain and cleaned text of the body."""
        message = _well_formed(message)
        return body.text_of(message)

    def summary(self, message: Message) -> str | None:
        """The sentences that name the request, with the facts they leave out."""
        message = _well_formed(message)
        return summary.of(self._reader.read(message), message.today, self._language_code(message))

    def sentiment(self, message: Message) -> Sentiment | None:
        """The customer's mood; None when there are no words."""
        message = _well_formed(message)
        return sentiment.of(self._reader.read(message))

    def spam(self, message: Message) -> SpamVerdict | None:
        """By headers, then subject, then text when it is beyond doubt."""
        message = _well_formed(message)
        return spam.judge(message, lambda: self._suspicion(message))

    def clues(self, message: Message) -> Clues:
        """What the subject and the customer's words, signature included, say about who wrote them."""
        message = _well_formed(message)
        return clues.find(f"{message.subject}\n{body.signed_words_of(message)}")

    def tags(self, message: Message, candidates: Sequence[Tag]) -> Sequence[TagMatch]:
        """The candidates that the text is about, surest first."""
        return tags.match(self._reader.read(_well_formed(message)), candidates, self._relevance)

    def agents(
        self, message: Message, candidates: Sequence[AiAgent], contract: Contract | None = None
    ) -> Sequence[Finding]:
        """What each candidate finds, with the fields it asks for."""
        message = _well_formed(message)
        return agents.detect(
            self._reader.read(message),
            candidates,
            self._relevance,
            today=message.today,
            language=self._language_code(message),
            contract=contract,
        )

    def _suspicion(self, message: Message) -> float:
        whole = self._reader.read(message).whole
        return float(self._heads.suspicion(whole)[0]) if len(whole) else 0.0

    def _language_code(self, message: Message) -> str | None:
        if message.language_code:
            return message.language_code
        found = self.language(message)
        return found.code if found else None
