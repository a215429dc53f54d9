"""The definitions of tags and AI agents, from the objects that `load` takes (interface: "What `load` takes")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from worker.domain.entities import AgentField, AiAgent, Detection, Tag
from worker.domain.words import DetectionType, Priority

DISABLED = "disabled"
"""The `visibility` of a tag that is switched off."""

DEFAULT_SKILL = "defaultSkill"
"""The entry of a tag's `properties` that makes it the default."""

DO_NOT_CHANGE = "do-not-change"
"""The `priority` of a tag that leaves the ticket's alone."""

Definition = Mapping[str, Any]
"""A checked object; what is absent or null has its default."""


def tag_of(definition: Definition) -> Tag:
    """The tag that a checked object on the page's pattern defines."""
    priority = definition.get("priority") or DO_NOT_CHANGE
    return Tag(
        id=definition["id"],
        name=definition.get("name") or "",
        detection=_detection_of(definition, absent=DetectionType.MANUAL),
        parent=definition.get("parent"),
        enabled=definition.get("visibility") != DISABLED,
        default=DEFAULT_SKILL in (definition.get("properties") or ()),
        channels=frozenset(definition.get("channels") or ()),
        subchannels=frozenset(definition.get("subchannels") or ()),
        priority=None if priority == DO_NOT_CHANGE else Priority(priority),
        sla=definition.get("sla"),
        first_response_sla=definition.get("firstResponseSla"),
    )


def ai_agent_of(definition: Definition) -> AiAgent:
    """The AI agent that a checked object defines. Nobody assigns one by hand, so without a type AI looks for it."""
    return AiAgent(
        id=definition["id"],
        code=definition.get("code") or "",
        name=definition.get("name") or "",
        description=definition.get("description") or "",
        detection=_detection_of(definition, absent=DetectionType.AI),
        fields=tuple(_field_of(field) for field in definition.get("fields") or ()),
        options=tuple(definition.get("options") or ()),
        auto_execute=frozenset(definition.get("autoExecute") or ()),
    )


def _detection_of(definition: Definition, absent: DetectionType) -> Detection:
    details: Definition = definition.get("detectionDetails") or {}
    return Detection(
        type=DetectionType(details.get("type") or absent),
        condition=details.get("condition"),
        description=details.get("description") or "",
        examples=tuple(details.get("examples") or ()),
    )


def _field_of(definition: Definition) -> AgentField:
    return AgentField(
        name=definition.get("name") or "",
        type=definition.get("type") or "",
        description=definition.get("description") or "",
        required=bool(definition.get("required")),
        plausibility=tuple(definition.get("plausibility") or ()),
    )
