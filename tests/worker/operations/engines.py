"""An engine that answers from a table and remembers what it was asked; and how the stages that asked it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from worker.ai.protocol import Clues, Engine, Finding, Language, Message, SpamVerdict, TagMatch, Text
from worker.domain.entities import AiAgent, Contract, Tag
from worker.domain.words import Sentiment


@dataclass
class ScriptedEngine:
    """`answers` by method: a value, an error to raise, or a function of the message, for what happens meanwhile.

    What has no answer finds nothing. `asked` holds every question, `candidates` and `contracts` what came with the
    last ones.
    """

    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, Message]] = field(default_factory=list)
    candidates: dict[str, list[int]] = field(default_factory=dict)
    contract: Contract | None = None
    name: str = "scripted"
    at_once: int = 1
    fallback: Engine | None = None

    @property
    def fingerprint(self) -> str:
        """Another one for other answers."""
        return repr(self.answers)

    @property
    def methods(self) -> list[str]:
        """What was asked, in order."""
        return [method for method, _ in self.asked]

    def _answer(self, method: str, message: Message, nothing: Any = None) -> Any:  # noqa: ANN401 - each method's own
        self.asked.append((method, message))
        answer = self.answers.get(method, nothing)
        if isinstance(answer, Exception):
            raise answer
        return answer(message) if callable(answer) else answer

    def preload(self) -> None:
        """Has nothing to load."""

    def language(self, message: Message) -> Language | None:
        found: Language | None = self._answer("language", message)
        return found

    def text(self, message: Message) -> Text:
        found: Text = self._answer("text", message, Text(message.body, message.body))
        return found

    def summary(self, message: Message) -> str | None:
        found: str | None = self._answer("summary", message)
        return found

    def sentiment(self, message: Message) -> Sentiment | None:
        found: Sentiment | None = self._answer("sentiment", message)
        return found

    def spam(self, message: Message) -> SpamVerdict | None:
        found: SpamVerdict | None = self._answer("spam", message)
        return found

    def clues(self, message: Message) -> Clues:
        found: Clues = self._answer("clues", message, Clues())
        return found

    def tags(self, message: Message, candidates: Sequence[Tag]) -> Sequence[TagMatch]:
        self.candidates["tags"] = [tag.id for tag in candidates]
        return [TagMatch(tag_id, 0.9) for tag_id in self._answer("tags", message, [])]

    def agents(
        self, message: Message, candidates: Sequence[AiAgent], contract: Contract | None = None
    ) -> Sequence[Finding]:
        self.candidates["agents"] = [agent.id for agent in candidates]
        self.contract = contract
        found: Sequence[Finding] = self._answer("agents", message, [])
        return found


FULL: dict[str, Any] = {
    "language": Language("German", "de"),
    "text": Text("Ich ziehe um.\nTom Mustermann", "Ich ziehe um."),
    "summary": "Der Kunde zieht um.",
    "sentiment": Sentiment.NEUTRAL,
}
"""An answer for every stage that only writes fields."""


def stages(run: dict[str, Any]) -> list[tuple[str, str]]:
    """How each stage of a run ended, in order."""
    return [(end["stage"], end["state"]) for end in run["stages"]]


def reasons(run: dict[str, Any]) -> dict[str, str | None]:
    """Why each stage of a run ended like that."""
    return {end["stage"]: end["reason"] for end in run["stages"]}
