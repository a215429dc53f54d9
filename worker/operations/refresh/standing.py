"""Results that stand: a stage whose inputs are as its last result left them has nothing to find again.

An input is all that an answer rests on: the engine, the fields that the stage reads, the definitions. What the stage
wrote itself counts as well, so that a result that somebody took away is found again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from hashlib import sha256

import orjson

from worker.domain.changes import TicketChange
from worker.domain.conditions import facts_of
from worker.domain.entities import Ticket
from worker.domain.plans import DROPS_MANUAL_TAGS
from worker.domain.words import Stage
from worker.operations.refresh.attempt import Skip, Work
from worker.operations.refresh.draft import Draft, Proposal
from worker.operations.refresh.reasons import Reason
from worker.operations.refresh.rules import Rules

_MESSAGE = frozenset(
    "channel direction createdAt subject body bodyPlain bodyClean from fromName languageCode rawData".split()
)
"""What a `Message` is made of."""

_READ: Mapping[Stage, frozenset[str]] = {
    Stage.LANGUAGE: _MESSAGE | {"language"},
    Stage.TEXT: _MESSAGE,
    Stage.SUMMARY: _MESSAGE | {"summary"},
    Stage.SENTIMENT: _MESSAGE | {"sentiment"},
    Stage.SPAM: _MESSAGE | {"spamStatus"},
}
"""Fields that a stage reads or writes. Tags and agents have conditions, which may ask for any.

The customer stage is missing: it looks into a directory, which changes by itself.
"""

_BY_CONDITION = frozenset({Stage.TAGS, Stage.AGENTS})
_ALWAYS_NEW = "modifiedAt"


@dataclass
class Standing:
    """What the results of one engine rest on; made once for many tickets."""

    engine: str
    rules: Rules

    def digest(self, stage: Stage, draft: Draft, ticket: Ticket) -> str | None:
        """One word for all that this stage's result rests on; None where results never stand."""
        if stage in _BY_CONDITION:
            return _digest(stage, self.engine, self._definitions[stage], self._facts(stage, draft, ticket))
        if stage not in _READ:
            return None
        return _digest(stage, self.engine, {name: ticket.values.get(name) for name in _READ[stage]})

    def after(self, stages: Iterable[Stage], draft: Draft, change: TicketChange | None) -> dict[Stage, str]:
        """What the results of these stages rest on, once the ticket as read has this change."""
        ticket = draft.ticket if change is None else _changed(draft.ticket, change)
        digests = {stage: self.digest(stage, draft, ticket) for stage in stages}
        return {stage: digest for stage, digest in digests.items() if digest is not None}

    @cached_property
    def _definitions(self) -> Mapping[Stage, str]:
        definitions = self.rules.definitions
        return {
            Stage.TAGS: _digest(*(asdict(tag) for tag in definitions.tags.values())),
            Stage.AGENTS: _digest(*(asdict(agent) for agent in definitions.agents.values())),
        }

    def _facts(self, stage: Stage, draft: Draft, ticket: Ticket) -> dict[str, object]:
        facts = facts_of(ticket, draft.customer, draft.contract, self.rules.zone)
        return {
            "ticket": {name: value for name, value in facts.ticket.items() if name != _ALWAYS_NEW},
            "tags": ticket.tags,
            "customer": facts.customer,
            "contract": facts.contract,
            "zone": str(self.rules.zone),
            "drops": stage is Stage.TAGS and draft.run.mode in DROPS_MANUAL_TAGS,
        }


def unless_it_stands(stage: Stage, work: Work, standing: Standing) -> Work:
    """The stage, skipped when its last result stands, unless the run is forced."""

    def either(draft: Draft) -> Proposal:
        last = draft.last.get(stage)
        if last is not None and not draft.run.force and last == standing.digest(stage, draft, draft.seen):
            raise Skip(Reason.INPUTS_UNCHANGED)
        return work(draft)

    return either


def _changed(ticket: Ticket, change: TicketChange) -> Ticket:
    values = {**ticket.values, **change.values, **change.follows}
    return Ticket(
        ticket.id,
        ticket.version,
        {name: values[name] for name in ticket.values},
        ticket.tags if change.tags is None else change.tags,
    )


def _digest(*parts: object) -> str:
    options = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS
    return sha256(orjson.dumps(parts, default=_plain, option=options)).hexdigest()[:32]


def _plain(value: object) -> object:
    """Sets have no order of their own; what JSON cannot hold (an integer beyond 64 bits) is told as text."""
    return sorted(value) if isinstance(value, frozenset) else str(value)
