"""What an engine is: pure answers about one message, no database and no Celery (contract section 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from worker.domain.entities import AiAgent, Contract, Tag
from worker.domain.intents import Info
from worker.domain.words import Sentiment, SpamStatus


@dataclass(frozen=True, slots=True)
class Message:
    """What an engine may know of a ticket.

    `body` may be HTML; `body_plain` and `body_clean` are what earlier stages or people left. `headers` have lower-case
    names. `today` is the day the ticket came in, against which a relative date is read. `batch_id` is the batch that
    asked, which pays for what an answer costs.
    """

    channel: str
    direction: str
    today: date
    subject: str = ""
    body: str = ""
    body_plain: str = ""
    body_clean: str = ""
    sender: str = ""
    sender_name: str = ""
    language_code: str | None = None
    headers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    batch_id: str | None = None

    @property
    def text(self) -> str:
        """The best text there is: cleaned, else plain, else the body as it came."""
        return self.body_clean or self.body_plain or self.body


@dataclass(frozen=True, slots=True)
class Language:
    """A language by its English name and ISO 639-1 code."""

    name: str
    code: str


@dataclass(frozen=True, slots=True)
class Text:
    """The body without markup, and without quotes, signatures and disclaimers."""

    plain: str
    clean: str


@dataclass(frozen=True, slots=True)
class SpamVerdict:
    """An automatic spam status (never a manual one) and a static reason code, such as `header_auto_submitted`."""

    status: SpamStatus
    reason: str


@dataclass(frozen=True, slots=True)
class Clues:
    """What a text says about who wrote it: normalised, in order of appearance, without doubles.

    `numbers` may be customer, contract or meter numbers (upper case, no blanks), `ibans` are valid ones without
    blanks, `phones` E.164, `addresses` postal ones as `street number, code town`, `names` possible full names.
    """

    numbers: tuple[str, ...] = ()
    ibans: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TagMatch:
    """A tag that the text suggests; `confidence` from 0 to 1."""

    tag_id: int
    confidence: float


@dataclass(frozen=True, slots=True)
class Finding:
    """An AI agent's request found in the text.

    `data` maps the agent's field names to JSON values (numbers, `YYYY-MM-DD`, strings); `confidence` is from 0 to 1.
    """

    agent_id: int
    confidence: float
    data: Mapping[str, object]
    infos: tuple[Info, ...] = ()


class Engine(Protocol):
    """One way to read messages.

    Methods raise `worker.domain.failures.Transient` for what may pass by itself and `Permanent` for what will not.

    `at_once` is how many threads may ask it side by side; with 1 it is only asked in the caller's own. `fallback` is
    whom to ask what this engine could not do in the end, or not in time; None for nobody. The caller asks, because
    only it knows when attempts are used up.
    """

    name: str
    at_once: int
    fallback: Engine | None

    @property
    def fingerprint(self) -> str:
        """One word, another one whenever the same message may get another answer."""
        ...

    def preload(self) -> None:
        """Load what answers need, so that processes forked later share it; nothing to do is fine."""
        ...

    def language(self, message: Message) -> Language | None:
        """The language of the customer's own words; None when it cannot be told."""
        ...

    def text(self, message: Message) -> Text:
        """Plain and cleaned text of the body."""
        ...

    def summary(self, message: Message) -> str | None:
        """One or two sentences that name the request and its facts, in the message's language."""
        ...

    def sentiment(self, message: Message) -> Sentiment | None:
        """The customer's mood."""
        ...

    def spam(self, message: Message) -> SpamVerdict | None:
        """Headers first, text second and cautious; None when there is nothing to judge."""
        ...

    def clues(self, message: Message) -> Clues:
        """Everything that may tell who the customer is."""
        ...

    def tags(self, message: Message, candidates: Sequence[Tag]) -> Sequence[TagMatch]:
        """Which of the candidates the text is about, best first."""
        ...

    def agents(
        self, message: Message, candidates: Sequence[AiAgent], contract: Contract | None = None
    ) -> Sequence[Finding]:
        """What each candidate finds, at most one finding each."""
        ...
