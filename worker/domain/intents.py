"""What an agent's findings change in the intents of a ticket (contract section 4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from worker.domain.conditions import Facts, matches
from worker.domain.entities import AiAgent
from worker.domain.words import DetectionType

SURE = 0.8  # from here a confidence is shown as success
UNSURE = 0.5  # below it as danger


class IntentStatus(StrEnum):
    """Where an intent stands; anything but the first two was executed or closed and is left alone."""

    READY = "ready"  # every required field has a value (page)
    INCOMPLETE = "incomplete"  # a required one is missing
    EXECUTED = "executed"
    FAILED = "failed"  # its action did not succeed


class Color(StrEnum):
    """How sure a person may be of an intent (page: `confidenceColor`), worst last."""

    SUCCESS = "success"
    WARNING = "warning"
    DANGER = "danger"


_WORSE_BY_INFO = {"warning": Color.WARNING, "error": Color.DANGER}
_SEVERITY = {color: rank for rank, color in enumerate(Color)}
_OPEN = frozenset({IntentStatus.READY, IntentStatus.INCOMPLETE})


@dataclass(frozen=True, slots=True)
class Info:
    """A remark on an intent, as on the page: `type` is info, warning or error."""

    code: str
    type: str
    message: str


@dataclass(frozen=True, slots=True)
class Found:
    """An agent's request found in the text: JSON values by the agent's field names, `confidence` from 0 to 1.

    `infos` are objects as on the page: code, type, message.
    """

    agent_id: int
    confidence: float
    data: Mapping[str, object]
    infos: tuple[Mapping[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class Intent:
    """What is written of an intent; its code and name are its agent's, `verified` starts as false and context as {}."""

    agent_id: int
    contract_id: str | None
    status: str
    confidence: float
    confidence_color: str
    data: Mapping[str, object] = field(default_factory=dict)
    options: tuple[Mapping[str, object], ...] = ()
    infos: tuple[Mapping[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class StoredIntent:
    """An intent of the ticket as read at one moment."""

    id: int
    intent: Intent
    verified: bool = False
    outcome: Mapping[str, object] | None = None

    @property
    def open(self) -> bool:
        """Whether it still waits to be executed."""
        return self.outcome is None and self.intent.status in _OPEN


@dataclass(frozen=True, slots=True)
class IntentChange:
    """An intent to write: a new one when `id` is None, else the new content of a stored one."""

    id: int | None
    intent: Intent


def missing_fields(agent: AiAgent, data: Mapping[str, object]) -> tuple[Info, ...]:
    """A remark on each required field that has no value."""
    return tuple(
        Info("MISSING_FIELD", "warning", f"The message gives no value for the required field {field.name}.")
        for field in agent.fields
        if field.required and field.name not in data
    )


def applicable(agents: Iterable[AiAgent], facts: Facts) -> list[AiAgent]:
    """The agents that may be asked about a ticket, by id: not manual ones, and only while their condition holds."""
    return sorted((agent for agent in agents if _applies(agent, facts)), key=lambda agent: agent.id)


def _applies(agent: AiAgent, facts: Facts) -> bool:
    if agent.detection.type is DetectionType.MANUAL:
        return False
    # What an "or" leaves open, the engine decides by the text.
    free = agent.detection.type in {DetectionType.AI, DetectionType.AI_OR_CONDITION}
    return free or agent.detection.condition is None or matches(agent.detection.condition, facts)


def merge_intents(
    stored: Sequence[StoredIntent],
    findings: Iterable[Found],
    agents: Mapping[int, AiAgent],
    contract_id: str | None,
) -> list[IntentChange]:
    """What to write so that each finding has one open intent; equal results write nothing.

    Stored intents that no finding speaks of stay. Executed ones and those that a person verified are never touched.
    A finding that says nothing beyond an executed intent of the same contract asks for nothing: it is done.
    """
    best: dict[int, Found] = {}
    for finding in sorted(findings, key=lambda one: -one.confidence):
        if finding.agent_id in agents:
            best.setdefault(finding.agent_id, finding)
    changes = (_change(stored, finding, agents[finding.agent_id], contract_id) for finding in best.values())
    return [change for change in changes if change is not None]


def _change(
    stored: Sequence[StoredIntent], finding: Found, agent: AiAgent, contract_id: str | None
) -> IntentChange | None:
    own = [one for one in stored if one.intent.agent_id == agent.id]
    here = [one for one in own if one.intent.contract_id == contract_id]
    # One from before the contract was known is this request, too.
    earlier = [one for one in own if one.intent.contract_id is None]
    standing = next((one for one in (*here, *earlier) if one.open), None)
    said = {name: value for name, value in finding.data.items() if value is not None}
    if standing is None:
        done = any(said.items() <= one.intent.data.items() for one in here if not one.open)
        return None if done else IntentChange(None, _intent(agent, contract_id, replace(finding, data=said)))
    if standing.verified:
        return None
    merged = _merged(standing.intent, replace(finding, data=said), agent, contract_id)
    return None if merged == standing.intent else IntentChange(standing.id, merged)


def _merged(stored: Intent, finding: Found, agent: AiAgent, contract_id: str | None) -> Intent:
    """The stored intent with what the finding adds; its confidence and infos change only along with its data."""
    data = {**stored.data, **finding.data}
    if data == stored.data:
        finding = Found(agent.id, stored.confidence, data, stored.infos)
    return _intent(agent, contract_id, replace(finding, data=data))


def _intent(agent: AiAgent, contract_id: str | None, finding: Found) -> Intent:
    complete = all(finding.data.get(wanted.name) is not None for wanted in agent.fields if wanted.required)
    status = IntentStatus.READY if complete else IntentStatus.INCOMPLETE
    return Intent(
        agent_id=agent.id,
        contract_id=contract_id,
        status=status,
        confidence=finding.confidence,
        confidence_color=_color(finding.confidence, status, finding.infos),
        data=finding.data,
        options=agent.options,
        infos=finding.infos,
    )


def _color(confidence: float, status: str, infos: Iterable[Mapping[str, object]]) -> Color:
    """The worst of what the confidence, a missing field and the infos' types say."""
    by_confidence = Color.SUCCESS if confidence >= SURE else Color.WARNING if confidence >= UNSURE else Color.DANGER
    by_status = Color.SUCCESS if status == IntentStatus.READY else Color.WARNING
    by_infos = [_WORSE_BY_INFO.get(str(info.get("type")), Color.SUCCESS) for info in infos]
    return max((by_confidence, by_status, *by_infos), key=_SEVERITY.__getitem__)
