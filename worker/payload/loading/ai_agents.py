"""AI agents: what they look for, and what may be done with it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from worker.domain.definitions import Definition, ai_agent_of
from worker.domain.entities import AgentField, AiAgent
from worker.domain.fields import LINE, SHORT
from worker.domain.plausibility import UnknownRuleError, find_rule
from worker.domain.words import ErrorCode
from worker.payload.ids import read_id
from worker.payload.loading.detection import DETECTION, check_detection
from worker.payload.loading.errors import LoadErrorCode, Place
from worker.payload.loading.shape import (
    FLAG,
    NUMBER,
    Key,
    Shape,
    list_of,
    named,
    needed,
    plain,
    read_shape,
    several,
    text,
    word,
)
from worker.payload.texts import read_text


class FieldType(StrEnum):
    """What a fact is."""

    NUMBER = "number"
    DATE = "date"
    IBAN = "iban"
    ADDRESS = "address"
    EMAIL = "email"
    PHONE = "phone"
    STRING = "string"
    BOOLEAN = "boolean"


_FIELD: Shape = {
    "name": needed(named(SHORT)),
    "type": needed(word(FieldType)),
    "description": Key(text(LINE * 10)),
    "required": Key(FLAG),
    "plausibility": Key(several(lambda value: read_text(value, SHORT))),
}

OPTION: Shape = {
    "type": needed(named(SHORT)),
    "name": Key(text()),
    "icon": Key(text()),
    "recommended": Key(FLAG),
    "order": Key(NUMBER),
}

AI_AGENT: Shape = {
    "id": needed(plain(read_id)),
    "code": needed(named(SHORT)),
    "name": needed(named(SHORT)),
    "description": Key(text(LINE * 10)),
    "detectionDetails": DETECTION,
    "fields": Key(list_of(_FIELD)),
    "options": Key(list_of(OPTION)),
    "autoExecute": Key(several(lambda value: read_text(value, SHORT))),
}


def read_ai_agent(raw: object, place: Place) -> Definition | None:
    """An AI agent's definition; None when not even its id can be read."""
    before = place.errors.count
    found = read_shape(raw, AI_AGENT, place)
    if place.errors.count == before:
        _check(ai_agent_of(found), found, place)
    return found if "id" in found else None


def _check(agent: AiAgent, definition: Definition, place: Place) -> None:
    check_detection(agent.detection, place, limited=False)
    option_types = [str(option["type"]) for option in agent.options]
    _check_doubles([field.name for field in agent.fields], place.key("fields"), "name")
    for index, field in enumerate(agent.fields):
        _check_rules(field, place.key("fields").entry(index).key("plausibility"))
    _check_doubles(option_types, place.key("options"), "type")
    for index, wanted in enumerate(definition.get("autoExecute") or ()):
        if wanted not in option_types:
            message = "names the type of none of the options"
            place.key("autoExecute").entry(index).report(LoadErrorCode.CONTRADICTION, message)


def _check_rules(field: AgentField, place: Place) -> None:
    for index, name in enumerate(field.plausibility):
        try:
            rule = find_rule(name)
        except UnknownRuleError as unknown:
            place.entry(index).report(ErrorCode.INVALID_VALUE, str(unknown))
            continue
        if rule.type != field.type:
            place.entry(index).report(LoadErrorCode.CONTRADICTION, f"this rule is for fields of type {rule.type}")


def _check_doubles(names: Sequence[str], place: Place, key: str) -> None:
    for index, name in enumerate(names):
        if name in names[:index]:
            place.entry(index).key(key).report(LoadErrorCode.CONTRADICTION, "an earlier entry has it, too")
