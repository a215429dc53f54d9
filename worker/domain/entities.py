"""Frozen snapshots of what a decision is made about: a ticket, its customer, the tags and the AI agents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from worker.domain.words import DetectionType, Priority, SpamStatus, TagSource

Value = None | bool | int | float | str | datetime | Sequence[object] | Mapping[str, object]
"""A stored value: what JSON has, and aware UTC datetimes for times."""

Values = Mapping[str, Value]
"""Stored values by the page's field names."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as read at one moment.

    `values` holds the writable fields, the stored reply addresses (`ccEmails`, `bccEmails`) and `direction`,
    `createdAt`, `modifiedAt`, `closedAt`, `customerLegitimationMessage`, `rawData`. `version` grows with every write.
    """

    id: int
    version: int
    values: Values
    tags: Mapping[int, TagSource] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract of a customer; `values` is the page's object, `tariff` fields and all."""

    id: str
    customer_id: str
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer of the directory; `values` is the page's object without its contracts."""

    id: str
    values: Mapping[str, object]
    contracts: tuple[Contract, ...] = ()


@dataclass(frozen=True, slots=True)
class Detection:
    """How a tag or an AI agent is found (page: `detectionDetails`). `condition` is a tree as `load` takes it."""

    type: DetectionType = DetectionType.MANUAL
    condition: Mapping[str, object] | None = None
    description: str = ""
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag's definition. Empty `channels` or `subchannels` mean all; `sla`s are in business hours."""

    id: int
    name: str
    detection: Detection = field(default_factory=Detection)
    parent: int | None = None
    enabled: bool = True
    default: bool = False
    channels: frozenset[str] = frozenset()
    subchannels: frozenset[int] = frozenset()
    priority: Priority | None = None
    sla: float | None = None
    first_response_sla: float | None = None

    @property
    def asks(self) -> bool:
        """Whether it brings a priority or a due date to its tickets; switched off it brings nothing."""
        return self.enabled and not (self.priority is None and self.sla is None and self.first_response_sla is None)


@dataclass(frozen=True, slots=True)
class AgentField:
    """One fact an AI agent looks for. `type`: number, date, iban, address, email, phone, string or boolean.

    `plausibility` names the rules that look at the value (`worker.domain.plausibility`).
    """

    name: str
    type: str
    description: str = ""
    required: bool = False
    plausibility: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AiAgent:
    """An AI agent's definition: when it applies and what it extracts (`load`: `aiAgents`)."""

    id: int
    code: str
    name: str
    description: str = ""
    detection: Detection = field(default_factory=Detection)
    fields: tuple[AgentField, ...] = ()
    options: tuple[Mapping[str, object], ...] = ()
    auto_execute: frozenset[str] = frozenset()


SPAM = frozenset({SpamStatus.AUTO_SPAM, SpamStatus.AUTO_PROGRAMMATIC, SpamStatus.MANUAL_SPAM})
MANUAL_SPAM_STATUSES = frozenset({SpamStatus.MANUAL_SPAM, SpamStatus.MANUAL_CLEAN})


def is_spam(status: object, tags: Mapping[int, TagSource], spam_tag_ids: frozenset[int]) -> bool:
    """Whether AI leaves a ticket alone: by status, or by a spam tag unless a person said clean (contract section 3)."""
    if status in SPAM:
        return True
    return status != SpamStatus.MANUAL_CLEAN and not spam_tag_ids.isdisjoint(tags)


def spam_status_kept(current: object, new: object) -> bool:
    """Whether a manual mark stands against an automatic one (contract section 3)."""
    return current in MANUAL_SPAM_STATUSES and new is not None and new not in MANUAL_SPAM_STATUSES
