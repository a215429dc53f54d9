"""The forms a model fills in. What it says is checked again, in `checks`: a form only gives it shape."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from worker.domain.words import Sentiment

_Confidence = Annotated[float, Field(ge=0, le=1)]


class Overview(BaseModel):
    """Summary, mood and spam, in one call."""

    summary: str
    sentiment: Sentiment
    spam: Literal["clean", "spam", "programmatic"]


class TagChoice(BaseModel):
    """One tag of the list."""

    id: int
    confidence: _Confidence


class TagChoices(BaseModel):
    """The tags that fit."""

    tags: list[TagChoice]


class FieldValue(BaseModel):
    """One fact for a field of an agent."""

    name: str
    value: bool | float | str


class AgentChoice(BaseModel):
    """One agent of the list, with its facts."""

    id: int
    confidence: _Confidence
    fields: list[FieldValue] = []


class AgentChoices(BaseModel):
    """The agents that the message calls for."""

    agents: list[AgentChoice]
