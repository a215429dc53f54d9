"""What a run has found so far: proposals by stage, nothing written yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import tzinfo

from worker.ai.protocol import Message
from worker.domain.changes import TAGS_FIELD, Cause
from worker.domain.entities import Contract, Customer, Ticket, Value
from worker.domain.failures import Permanent, Transient
from worker.domain.intents import Found
from worker.domain.plans import STAGES
from worker.domain.words import RunState, Stage, StageState, TagSource
from worker.storage.runs import Run


@dataclass(frozen=True, slots=True)
class StageEnd:
    """How a stage ended; a shape of the ledger."""

    stage: Stage
    state: StageState
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a stage wants written.

    `values` are fields, `causes` tell of those that follow from others, `beside` is what is stored along with them
    untold; `tags` and `findings` are None when the stage is not about them. `stop` ends the run after this stage, with
    the reason.
    """

    values: Mapping[str, Value] = field(default_factory=dict)
    causes: Mapping[str, Cause] = field(default_factory=dict)
    beside: Mapping[str, Value] = field(default_factory=dict)
    tags: Mapping[int, TagSource] | None = None
    findings: tuple[Found, ...] | None = None
    stop: str | None = None
    reason: str | None = None

    @property
    def fields(self) -> frozenset[str]:
        """The names under which history tells of what is proposed, intents aside."""
        return frozenset(self.values) | (frozenset() if self.tags is None else {TAGS_FIELD})


@dataclass(slots=True)
class Draft:
    """One run on its ticket as read; `proposals` grow stage by stage, `ended` holds stages that propose nothing.

    `last` tells what the last results of its stages rest on (`worker.operations.refresh.standing`).

    `stopped` says why the stages after the last one are left out, `retry` is the passing failure that one ended with.
    `end` is set when the run ends without any stage: its state and reason.
    """

    run: Run
    ticket: Ticket
    customer: Customer | None = None
    contract: Contract | None = None
    last: Mapping[Stage, str] = field(default_factory=dict)
    proposals: dict[Stage, Proposal] = field(default_factory=dict)
    ended: dict[Stage, StageEnd] = field(default_factory=dict)
    stopped: str | None = None
    end: tuple[RunState, str] | None = None
    retry: Transient | None = None

    @property
    def thinking(self) -> bool:
        """Whether more stages may run."""
        return self.end is None and self.retry is None and self.stopped is None

    def due(self, stage: Stage) -> bool:
        """Whether this stage is of the run's mode and may run."""
        return self.thinking and stage in STAGES[self.run.mode]

    def propose(self, stage: Stage, proposal: Proposal) -> None:
        """Keep a stage's result; the stages after it see it."""
        self.proposals[stage] = proposal
        self.stopped = proposal.stop

    def close(self, stage: Stage, state: StageState, reason: str) -> None:
        """A stage ends without a proposal."""
        self.ended[stage] = StageEnd(stage, state, reason)

    def fail(self, stage: Stage, failure: Transient | Permanent) -> None:
        """A stage fails; what may pass by itself is tried again."""
        if isinstance(failure, Transient):
            self.retry = failure
        self.close(stage, StageState.FAILED, failure.reason)

    @property
    def seen(self) -> Ticket:
        """The ticket as the next stage sees it: as read, with what earlier stages propose."""
        values = dict(self.ticket.values)
        tags = self.ticket.tags
        for proposal in self.proposals.values():
            values.update(proposal.values)
            tags = tags if proposal.tags is None else proposal.tags
        return replace(self.ticket, values=values, tags=tags)

    def message(self, zone: tzinfo) -> Message:
        """What an engine may know of the ticket now; a relative date is read against the local day it came in."""
        seen = self.seen.values
        return Message(
            channel=_text(seen, "channel"),
            direction=_text(seen, "direction"),
            today=seen["createdAt"].astimezone(zone).date(),  # type: ignore[union-attr] # always stored as a time
            subject=_text(seen, "subject"),
            body=_text(seen, "body"),
            body_plain=_text(seen, "bodyPlain"),
            body_clean=_text(seen, "bodyClean"),
            sender=_text(seen, "from"),
            sender_name=_text(seen, "fromName"),
            language_code=_text(seen, "languageCode") or None,
            headers=_headers(seen.get("rawData")),
            batch_id=self.run.batch_id,
        )


def _text(values: Mapping[str, Value], name: str) -> str:
    value = values.get(name)
    return value if isinstance(value, str) else ""


def _headers(raw: Value) -> dict[str, list[str]]:
    """`rawData.headers`: an object of name to value or list (contract section 4)."""
    headers = raw.get("headers") if isinstance(raw, Mapping) else None
    if not isinstance(headers, Mapping):
        return {}
    return {
        str(name).lower(): [str(one) for one in value] if isinstance(value, list) else [str(value)]
        for name, value in headers.items()
    }
