"""Intents that a ticket brings along, as on the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from worker.domain.fields import SHORT
from worker.domain.intents import Color, Intent, IntentStatus, StoredIntent
from worker.domain.words import ErrorCode
from worker.payload.ids import read_id, read_loose_id
from worker.payload.loading.ai_agents import OPTION
from worker.payload.loading.errors import LoadErrorCode, Place
from worker.payload.loading.shape import (
    ANY_OBJECT,
    FLAG,
    NOT_STORED,
    Key,
    Shape,
    list_of,
    needed,
    plain,
    read_entries,
    read_number,
    read_shape,
    scalar,
    text,
)
from worker.payload.wrong import Wrong

GREATEST_INTENT_ID = 2**62
"""Half of all ids: later intents are numbered from the greatest one on."""

_INFO: Shape = {
    "code": needed(text(SHORT)),
    "type": needed(text(SHORT)),
    "message": Key(text()),
    "extraInfo": Key(scalar()),
}


def _read_intent_id(value: object) -> int:
    found = read_id(value)
    if found > GREATEST_INTENT_ID:
        raise Wrong(ErrorCode.INVALID_VALUE, f"must be at most {GREATEST_INTENT_ID}")
    return found


def _read_confidence(value: object) -> float:
    confidence = read_number(value)
    if not 0 <= confidence <= 1:
        raise Wrong(ErrorCode.INVALID_VALUE, "must be from 0 to 1")
    return float(confidence)


INTENT: Shape = {
    "id": Key(plain(_read_intent_id)),
    "aiAgentId": Key(plain(read_id)),
    "code": Key(text(SHORT)),
    "contractId": Key(plain(lambda value: read_loose_id(value, SHORT))),
    "status": Key(text(SHORT)),
    "confidence": Key(plain(_read_confidence)),
    "confidenceColor": Key(text(SHORT)),
    "verified": Key(FLAG),
    "data": Key(ANY_OBJECT),
    "options": Key(list_of(OPTION)),
    "infos": Key(list_of(_INFO)),
    "outcome": Key(ANY_OBJECT),
    # The agent's, or made when an intent is shown.
    **dict.fromkeys(("name", "context", "messagePreview", "recipient", "extraInfo"), NOT_STORED),
}


@dataclass(frozen=True, slots=True)
class LoadedIntent:
    """An intent of a file; `agent_id` or `code` names the AI agent, `values` are the page's."""

    place: Place
    values: dict[str, Any]

    @property
    def id(self) -> int | None:
        """The given id; None when a new one is to be made."""
        return self.values.get("id")

    @property
    def agent_id(self) -> int | None:
        """The AI agent, when it is given by its id."""
        return self.values.get("aiAgentId")

    @property
    def code(self) -> str | None:
        """The AI agent's code, when it is given."""
        return self.values.get("code")

    @property
    def is_named(self) -> bool:
        """Whether it says in either way whose it is."""
        return self.agent_id is not None or self.code is not None

    def of(self, agent_id: int) -> StoredIntent:
        """The intent, of this AI agent; without an id of its own it has 0."""
        outcome = self.values.get("outcome")
        intent = Intent(
            agent_id=agent_id,
            contract_id=self.values.get("contractId"),
            status=self.values.get("status") or (IntentStatus.READY if outcome is None else IntentStatus.EXECUTED),
            confidence=self.values.get("confidence") or 0.0,
            confidence_color=self.values.get("confidenceColor") or Color.WARNING,
            data=self.values.get("data") or {},
            options=tuple(self.values.get("options") or ()),
            infos=tuple(self.values.get("infos") or ()),
        )
        return StoredIntent(self.id or 0, intent, verified=bool(self.values.get("verified")), outcome=outcome)


def read_intents(value: object, place: Place) -> list[LoadedIntent]:
    """The intents of one ticket.

    Raises:
        Wrong: it is no list, or too long a one; the rest is reported.
    """
    places = [place.entry(index) for index, _ in enumerate(read_entries(value))]
    return [_read_intent(entry, at) for entry, at in zip(read_entries(value), places, strict=True)]


def _read_intent(raw: object, place: Place) -> LoadedIntent:
    before = place.errors.count
    intent = LoadedIntent(place, read_shape(raw, INTENT, place))
    if place.errors.count == before and not intent.is_named:
        place.report(LoadErrorCode.MISSING_FIELD, "names its AI agent by aiAgentId or code")
    return intent
