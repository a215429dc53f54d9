"""A model that knows the labels: what our side makes of answers that could not be better.

It stands behind a server on loopback that speaks OpenAI's protocol, and is asked by the language-model engine itself:
prompts, forms, checks of ids and values, everything but a model's judgement.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

from config.settings import Settings
from tests.evaluation.labelled import Labelled, directory
from tests.services.llm_server import llm_server
from worker.ai.llm.engine import Engines
from worker.ai.protocol import Engine
from worker.domain.words import Sentiment, SpamStatus

NAME = "llm, perfect answers"
"""What the figures stand under, so that nobody takes them for a model's."""

_SPAM = {
    SpamStatus.AUTO_CLEAN: "clean",
    SpamStatus.AUTO_SPAM: "spam",
    SpamStatus.AUTO_PROGRAMMATIC: "programmatic",
}
_MARKUP = re.compile(r"<[a-z/!][^>]*>", re.IGNORECASE)


class PerfectModel:
    """Tells by its words which message a prompt is about, and answers as that one is labelled."""

    def __init__(self, labelled: Sequence[Labelled]) -> None:
        self._labelled = [(message, _words(f"{message.subject} {message.body}")) for message in labelled]
        self._codes = {agent["id"]: agent["code"] for agent in directory()["aiAgents"]}

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The filled-in form of a request."""
        prompt = request["messages"][-1]["content"]
        message = self.message_of(prompt)
        form = request["tools"][0]["function"]["parameters"]["properties"]
        if "tags" in form:
            return {"tags": [_sure(tag["id"]) for tag in _listed(prompt) if tag["name"] in message.want.tags]}
        if "agents" in form:
            return {"agents": list(self._agents(message, _listed(prompt)))}
        want = message.want
        summary = ", ".join(fact.split("|")[0] for fact in want.summary) or "Anliegen"
        return {
            "summary": summary,
            "sentiment": want.sentiment or Sentiment.NEUTRAL,
            "spam": _SPAM[SpamStatus(want.spam)],
        }

    def message_of(self, prompt: str) -> Labelled:
        """The message that holds most of the words between the prompt's fences, the shortest of these."""
        told = _words(prompt.split("-----\n", 1)[1])
        return max(self._labelled, key=lambda one: (len(told & one[1]), -len(one[1])))[0]

    def _agents(self, message: Labelled, listed: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        wanted = {str(intent["agent"]): intent for intent in message.want.intents}
        for agent in listed:
            intent = wanted.get(self._codes[agent["id"]])
            if intent is not None:
                fields = [{"name": name, "value": value} for name, value in intent.items() if name != "agent"]
                yield _sure(agent["id"]) | {"fields": fields}


@contextmanager
def perfect_engines(labelled: Sequence[Labelled]) -> Iterator[Callable[[], Engine]]:
    """Makes engines that ask such a model over HTTP, one for each task."""
    with llm_server() as server:
        server.fill_in = PerfectModel(labelled).answer
        settings = Settings(engine="llm", llm_model="perfect", llm_base_url=server.url)
        with closing(Engines(settings)) as engines:
            yield engines


def _sure(number: int) -> dict[str, Any]:
    return {"id": number, "confidence": 1.0}


def _listed(prompt: str) -> list[dict[str, Any]]:
    """What a prompt offers to choose from."""
    listed: list[dict[str, Any]] = json.loads(prompt.split("\n", 2)[1])
    return listed


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", html.unescape(_MARKUP.sub(" ", text)).casefold()))
