"""The ceiling of the language-model engine: nothing of a right answer may be lost on our side."""

from __future__ import annotations

import pytest

from tests.evaluation.__main__ import evaluate
from tests.evaluation.figures import Figure, figures
from tests.evaluation.labelled import Part, messages
from tests.evaluation.perfect import NAME, PerfectModel, perfect_engines
from worker.ai.llm.prompt import compose
from worker.ai.protocol import Message

THE_MODEL_S = (
    "summary_facts",
    "sentiment",
    "spam_found_by_text",
    "clean_left_alone",
    "tags_found",
    "tags_right",
    "intents_found",
    "intents_right",
    "fields_found",
    "fields_right",
)
"""Figures that rest on what a model says; the others rest on rules."""


@pytest.fixture(scope="module")
def tuned() -> dict[str, Figure]:
    """The figures of the part that may be looked at, but for what headers tell: that is never asked of a model."""
    labelled = [message for message in messages() if message.part is Part.TUNE and not message.headers]
    with perfect_engines(labelled) as make:
        found = figures(NAME, evaluate(make, labelled))
    return {figure.name: figure for figure in found if figure.part is Part.TUNE}


@pytest.mark.parametrize("name", THE_MODEL_S)
def test_of_perfect_answers_nothing_is_lost(tuned: dict[str, Figure], name: str) -> None:
    assert (tuned[name].right, tuned[name].n > 0) == (tuned[name].n, True)


def test_every_message_is_told_by_its_prompt() -> None:
    labelled = messages()
    model = PerfectModel(labelled)
    taken_for = {}
    for one in labelled:
        asked = Message(one.channel, "in", one.received, one.subject, one.body)
        taken_for[one.id] = model.message_of(compose("overview", asked, 20_000).text).id

    assert [name for name, found in taken_for.items() if name != found] == []
