"""Answers that are no filled-in form, from a scripted model of the client's own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from pydantic_ai.exceptions import ContentFilterError, UnexpectedModelBehavior
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.usage import RequestUsage

from worker.ai.llm.answers import TagChoice, TagChoices
from worker.ai.llm.cost import Cost
from worker.ai.llm.form_filling import fill_in
from worker.ai.llm.prompt import Prompt

RIGHT = ToolCallPart("form", '{"tags": [{"id": 7, "confidence": 0.5}]}', "call_2")
WRONG = ToolCallPart("form", '{"tags": "Geheim"}', "call_1")
USAGE = RequestUsage(input_tokens=30, output_tokens=4)


def ask(*responses: ModelResponse) -> tuple[TagChoices | Exception, Cost, Sequence[ModelMessage]]:
    """What becomes of these answers: the form or the error, the cost, and the last conversation."""
    seen: list[Sequence[ModelMessage]] = []

    def answer(messages: list[ModelMessage], _: AgentInfo) -> ModelResponse:
        seen.append(list(messages))
        return responses[len(seen) - 1]

    cost = Cost()
    try:
        form: TagChoices | Exception = asyncio.run(
            fill_in(FunctionModel(answer), Prompt("Fill in.", "Text"), TagChoices, cost)
        )
    except (ContentFilterError, UnexpectedModelBehavior) as error:
        form = error
    return form, cost, seen[-1]


def test_a_text_in_place_of_a_call_is_told_so() -> None:
    form, cost, messages = ask(ModelResponse([TextPart("Gern!")], usage=USAGE), ModelResponse([RIGHT], usage=USAGE))

    assert form == TagChoices(tags=[TagChoice(id=7, confidence=0.5)])
    assert cost == Cost(2, 68)
    assert "Call the tool" in str(messages[-1].parts)


def test_every_call_of_a_wrong_answer_is_answered() -> None:
    other = ToolCallPart("else", "{}", "call_3")

    form, _, messages = ask(ModelResponse([WRONG, other]), ModelResponse([RIGHT]))

    assert isinstance(form, TagChoices)
    assert [part.tool_call_id for part in messages[-1].parts if part.part_kind == "tool-return"] == ["call_1", "call_3"]
    assert "Geheim" not in str(messages[-1].parts)


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (ModelResponse([], finish_reason="content_filter"), ContentFilterError),
        (ModelResponse([WRONG], finish_reason="length"), UnexpectedModelBehavior),
    ],
)
def test_what_would_be_the_same_again_is_asked_once(response: ModelResponse, kind: type[Exception]) -> None:
    error, cost, _ = ask(response)

    assert type(error) is kind
    assert cost.calls == 1


def test_two_wrong_answers_are_enough() -> None:
    error, cost, _ = ask(ModelResponse([WRONG]), ModelResponse([WRONG]))

    assert isinstance(error, UnexpectedModelBehavior)
    assert cost.calls == 2
