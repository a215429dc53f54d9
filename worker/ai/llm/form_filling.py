"""Having a model fill in a form: a call of the one tool it has, checked, and asked for once more when it is wrong.

pydantic-ai's clients are used and its agents are not: an agent's run took 20 ms of this process's time, a request 7.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_ai.direct import model_request
from pydantic_ai.exceptions import ContentFilterError, UnexpectedModelBehavior
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.tools import ToolDefinition

from worker.ai.llm.cost import Cost
from worker.ai.llm.prompt import Prompt

Form = TypeVar("Form", bound=BaseModel)

_TOOL = "form"
_TIMES = 2
_NO_CALL = f"Call the tool `{_TOOL}`; nothing else is read."
_FILTERED, _CUT_OFF = "content_filter", "length"


class _Wrong(Exception):  # noqa: N818 - it is told to the model, nothing failed yet
    """An answer is no filled-in form: what the model is told about it."""


async def fill_in(model: Model, prompt: Prompt, form: type[Form], cost: Cost) -> Form:
    """The filled-in form; what it costs is added to `cost`, even when there is none.

    Raises pydantic-ai's errors, whose text may hold the message's.
    """
    messages: list[ModelMessage] = [ModelRequest([UserPromptPart(prompt.text)], instructions=prompt.instructions)]
    for _ in range(_TIMES):
        cost.calls += 1
        response = await model_request(model, messages, model_request_parameters=_asking_for(form))
        cost.tokens += response.usage.total_tokens
        try:
            return _read(response, form)
        except _Wrong as wrong:
            told = ModelRequest(_feedback(response, str(wrong)), instructions=prompt.instructions)
            messages += [response, told]
    raise UnexpectedModelBehavior("the form is not filled in")


@cache
def _asking_for(form: type[BaseModel]) -> ModelRequestParameters:
    schema = form.model_json_schema()
    tool = ToolDefinition(name=_TOOL, parameters_json_schema=schema, description=form.__doc__, kind="output")
    return ModelRequestParameters(output_mode="tool", output_tools=[tool], allow_text_output=False)


def _read(response: ModelResponse, form: type[Form]) -> Form:
    call = next((call for call in _calls(response) if call.tool_name == _TOOL), None)
    if call is None and response.finish_reason == _FILTERED:
        raise ContentFilterError(_FILTERED)
    if response.finish_reason == _CUT_OFF:
        raise UnexpectedModelBehavior(_CUT_OFF)  # it would be as long again
    if call is None:
        raise _Wrong(_NO_CALL)
    try:
        return form.model_validate_json(call.args_as_json_str())
    except ValidationError as error:
        listed = error.errors(include_url=False, include_context=False, include_input=False)
        raise _Wrong("; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in listed)) from None


def _feedback(response: ModelResponse, told: str) -> Sequence[ModelRequestPart]:
    """Every call has to be answered, or the next request is refused."""
    return [
        ToolReturnPart(call.tool_name, told, tool_call_id=call.tool_call_id, outcome="retried")
        for call in _calls(response)
    ] or [UserPromptPart(told)]


def _calls(response: ModelResponse) -> Sequence[ToolCallPart]:
    return [part for part in response.parts if isinstance(part, ToolCallPart)]
