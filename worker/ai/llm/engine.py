"""The engine that asks a language model; what rules do as well or better stays with the embedded one."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from config.routing import TaskName
from config.settings import Settings
from worker.ai.embedded.engine import EmbeddedEngine
from worker.ai.llm import checks, prompt
from worker.ai.llm.answers import AgentChoices, Overview, TagChoices
from worker.ai.llm.batch_budget import Purse
from worker.ai.llm.budget import Budget, Question
from worker.ai.llm.one_at_a_time import one_at_a_time
from worker.ai.llm.server import Answer, Server
from worker.ai.protocol import Clues, Finding, Language, Message, SpamVerdict, TagMatch, Text
from worker.domain.entities import AiAgent, Contract, Tag
from worker.domain.spending import Spending
from worker.domain.words import Sentiment, SpamStatus

Form = TypeVar("Form", bound=BaseModel)

_TIME_FOR_ANSWERS = 0.8
"""Part of a task's time that goes to the model; the rest is for writing what it said."""
_OPINIONS = ("text_", "nothing_suspicious")
"""Reasons of embedded verdicts that come from the text alone; the model judges that better."""
_VERDICTS = {
    "clean": SpamVerdict(SpamStatus.AUTO_CLEAN, "llm_clean"),
    "spam": SpamVerdict(SpamStatus.AUTO_SPAM, "llm_spam"),
    "programmatic": SpamVerdict(SpamStatus.AUTO_PROGRAMMATIC, "llm_programmatic"),
}


class Engines:
    """Makes one engine a task, all on the model that settings name; with a purse, batches have limits as well."""

    def __init__(self, settings: Settings, purse: Purse | None = None) -> None:
        self.settings = settings
        self.purse = purse
        self.server = Server(settings)
        self.embedded = one_at_a_time(EmbeddedEngine())
        self.fingerprint = _fingerprint(settings, self.embedded.fingerprint)

    def __call__(self) -> LlmEngine:
        """An engine whose budget begins now."""
        return LlmEngine(self)

    def close(self) -> None:
        """Ends what the engines share."""
        self.server.close()


class LlmEngine:
    """Asks a model on behalf of one task: one call for summary, mood and spam, one for tags, one for agents.

    Language, text and clues are the embedded engine's, and so is spam that headers prove: none of these costs a call.
    Any thread may call any method. The task's budget counts from the start, and equal questions get one answer.
    """

    name = "llm"

    def __init__(self, made_by: Engines) -> None:
        settings = self._settings = made_by.settings
        self._server, self._embedded = made_by.server, made_by.embedded
        self.fingerprint = made_by.fingerprint
        self.at_once = settings.llm_calls_in_flight
        self.fallback = made_by.embedded if settings.llm_fallback else None
        seconds = min(settings.lease, settings.time_limit(TaskName.REFRESH_FULL)).total_seconds() * _TIME_FOR_ANSWERS
        self._budget = Budget(
            Spending(settings.llm_calls_per_task, settings.llm_tokens_per_task),
            until=time.monotonic() + seconds,
            purse=made_by.purse,
            handful=settings.llm_calls_in_flight,
        )
        self._asked: dict[tuple[prompt.Prompt, type], Future[Answer]] = {}
        self._asking = threading.Lock()

    def preload(self) -> None:
        """Load the embedded models and the model's client."""
        self._embedded.preload()
        self._server.preload()

    def language(self, message: Message) -> Language | None:
        """As the embedded engine tells it: names and codes stay the same whichever engine runs."""
        return self._embedded.language(message)

    def text(self, message: Message) -> Text:
        """By the embedded rules: a model must not reword what a customer wrote."""
        return self._embedded.text(message)

    def clues(self, message: Message) -> Clues:
        """By the embedded rules, which check what they find."""
        return self._embedded.clues(message)

    def summary(self, message: Message) -> str | None:
        """The model's, in one line of bounded length; None without words."""
        overview = self._overview(message)
        return checks.summary_of(overview.summary) if overview else None

    def sentiment(self, message: Message) -> Sentiment | None:
        """The model's; None without words."""
        overview = self._overview(message)
        return overview.sentiment if overview else None

    def spam(self, message: Message) -> SpamVerdict | None:
        """The embedded verdict when headers or the subject prove it, else the model's."""
        verdict = self._embedded.spam(message)
        if verdict is None or not verdict.reason.startswith(_OPINIONS):
            return verdict
        overview = self._overview(message)
        return _VERDICTS[overview.spam] if overview else verdict

    def tags(self, message: Message, candidates: Sequence[Tag]) -> Sequence[TagMatch]:
        """The model's choice among the candidates."""
        if not candidates or not self._has_words(message):
            return []
        choices = [_described_tag(tag) for tag in sorted(candidates, key=lambda tag: tag.id)]
        return checks.tags_of(self._ask("tags", message, TagChoices, choices), candidates)

    def agents(
        self, message: Message, candidates: Sequence[AiAgent], contract: Contract | None = None
    ) -> Sequence[Finding]:
        """The model's choice among the candidates, with values of the right types only.

        The contract is not shown to the model: facts about a customer that the message does not hold stay here.
        """
        del contract
        if not candidates or not self._has_words(message):
            return []
        choices = [_described_agent(agent) for agent in sorted(candidates, key=lambda agent: agent.id)]
        return checks.findings_of(self._ask("agents", message, AgentChoices, choices), candidates)

    def _overview(self, message: Message) -> Overview | None:
        return self._ask("overview", message, Overview) if self._has_words(message) else None

    def _has_words(self, message: Message) -> bool:
        return any(letter.isalnum() for letter in prompt.words_of(message, self._settings.llm_max_input_chars))

    def _ask(self, name: str, message: Message, form: type[Form], choices: object = None) -> Form:
        """The filled-in form. Raises Transient or Permanent."""
        question = prompt.compose(name, message, self._settings.llm_max_input_chars, choices)
        paid: Question | None = None  # by whoever asks first
        with self._asking:
            asked = self._asked.get((question, form))
            if asked is None:
                paid = self._budget.take(message.batch_id)
                seconds = min(paid.seconds, self._settings.llm_timeout.total_seconds())
                asked = self._asked[question, form] = self._server.ask(question, form, seconds, paid.cost)
        try:
            answer = asked.result()
        finally:
            if paid is not None:
                self._budget.settle(paid)
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, form)  # noqa: S101 - what was asked for
        return answer


def _described_tag(tag: Tag) -> dict[str, object]:
    return {
        "id": tag.id,
        "name": tag.name,
        "description": tag.detection.description,
        "examples": list(tag.detection.examples),
    }


def _described_agent(agent: AiAgent) -> dict[str, object]:
    return {
        "id": agent.id,
        "name": agent.name,
        "description": "; ".join(part for part in (agent.description, agent.detection.description) if part),
        "examples": list(agent.detection.examples),
        "fields": [{"name": f.name, "type": f.type, "description": f.description} for f in agent.fields],
    }


def _fingerprint(settings: Settings, embedded: str) -> str:
    """Another one with other prompts, code, client, model or limits."""
    digest = sha256(f"{embedded} {version('pydantic-ai-slim')}".encode())
    for path in sorted(path for path in Path(__file__).parent.rglob("*") if path.suffix in {".py", ".md"}):
        digest.update(f"{path.name}\n".encode() + path.read_bytes())
    for value in (settings.llm_provider, settings.llm_base_url, settings.llm_model, settings.llm_max_input_chars):
        digest.update(f"{value}\n".encode())
    return digest.hexdigest()[:16]
