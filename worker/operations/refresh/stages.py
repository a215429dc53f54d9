"""The stages: each looks at drafts and proposes. None of them touches a ticket row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TypeVar
from zoneinfo import ZoneInfo

import structlog
from billiard.exceptions import SoftTimeLimitExceeded

from worker.ai.protocol import Engine, Message
from worker.domain.conditions import Facts, facts_of
from worker.domain.entities import SPAM, AiAgent, Customer, Tag, spam_status_kept
from worker.domain.evidence import Evidence, correspondents
from worker.domain.failures import Permanent, Transient
from worker.domain.intents import Found, applicable
from worker.domain.legitimation import Identification, identify, level
from worker.domain.plans import CONFIRMED_LEVEL, DROPS_MANUAL_TAGS
from worker.domain.tags import ai_candidates, priority_of, redetect, rule_matches
from worker.domain.words import RefreshMode, Stage, StageState
from worker.operations.refresh.draft import Draft, Proposal

T = TypeVar("T")

log = structlog.get_logger(__name__)

NO_NEW_CUSTOMER = "no_new_customer"
NO_TEXT = "no_text"
CUSTOMER_CONFIRMED = "customer_confirmed"
MANUAL_SPAM_STATUS_KEPT = "manual_spam_status_kept"
SPAM_REASON = "spam"
UNDECIDED = "undecided"


class Skip(Exception):  # noqa: N818 - it ends a stage, nothing went wrong
    """A stage has nothing to do here; the reason is a static code."""


@dataclass(frozen=True, slots=True)
class Definitions:
    """The tags and AI agents there are."""

    tags: Mapping[int, Tag]
    agents: Mapping[int, AiAgent]


@dataclass(frozen=True, slots=True)
class Rules:
    """The tag stage without any engine: what `tagsRuleBased` is handed."""

    definitions: Definitions
    zone: ZoneInfo

    def tags(self, draft: Draft, found_by_ai: Callable[[Sequence[Tag]], list[int]] | None = None) -> Proposal:
        """Detect tags by rules and, where an engine may be asked, by it."""
        facts = self.facts(draft)
        tags = self.definitions.tags
        by_ai = None if found_by_ai is None else found_by_ai(ai_candidates(tags.values(), facts))
        current = draft.seen.tags
        new = redetect(
            current,
            tags,
            rule_matches(tags.values(), facts),
            by_ai,
            drop_manual=draft.run.mode in DROPS_MANUAL_TAGS,
        )
        priority = priority_of(new.keys() - current.keys(), tags)
        return Proposal(tags=new, values={} if priority is None else {"priority": priority.value})

    def facts(self, draft: Draft) -> Facts:
        """What conditions may ask about."""
        return facts_of(draft.seen, draft.customer, draft.contract, self.zone)


@dataclass(frozen=True, slots=True)
class Thinking:
    """The stages that ask an engine."""

    engine: Engine
    rules: Rules

    def language(self, draft: Draft) -> Proposal:
        """Name and code of the language."""
        found = self.engine.language(self._message(draft))
        if found is None:
            raise Skip(UNDECIDED)
        return Proposal({"language": found.name, "languageCode": found.code})

    def text(self, draft: Draft) -> Proposal:
        """Plain and cleaned body."""
        text = self.engine.text(self._message(draft))
        return Proposal({"bodyPlain": text.plain, "bodyClean": text.clean})

    def summary(self, draft: Draft) -> Proposal:
        """One or two sentences."""
        summary = self.engine.summary(self._message(draft))
        if not summary:
            raise Skip(UNDECIDED)
        return Proposal({"summary": summary})

    def sentiment(self, draft: Draft) -> Proposal:
        """The customer's mood."""
        sentiment = self.engine.sentiment(self._message(draft))
        if sentiment is None:
            raise Skip(UNDECIDED)
        return Proposal({"sentiment": sentiment.value})

    def spam(self, draft: Draft) -> Proposal:
        """An automatic status, where no person has set one."""
        verdict = self.engine.spam(self._message(draft, needs_text=False))
        if verdict is None:
            raise Skip(UNDECIDED)
        if spam_status_kept(draft.ticket.values["spamStatus"], verdict.status):
            raise Skip(MANUAL_SPAM_STATUS_KEPT)
        stop = SPAM_REASON if verdict.status in SPAM else None
        return Proposal({"spamStatus": verdict.status.value}, stop=stop)

    def evidence(self, draft: Draft) -> Evidence:
        """What the message says about its author, unless a person has said it."""
        if confirmed(draft):
            raise Skip(CUSTOMER_CONFIRMED)
        message = self._message(draft, needs_text=False)
        clues = asdict(self.engine.clues(message))
        names = (*clues.pop("names"), *([message.sender_name] if message.sender_name else []))
        # Signatures are cut off the cleaned text, and a signature is where the name stands.
        text = message.body_plain or message.body_clean
        return Evidence(correspondents=correspondents(draft.seen.values), names=names, text=text, **clues)

    def tags(self, draft: Draft) -> Proposal:
        """Tags by rules and by the engine."""

        def ask(candidates: Sequence[Tag]) -> list[int]:
            if not candidates or not draft.message(self.rules.zone).text:
                return []
            return [match.tag_id for match in self.engine.tags(draft.message(self.rules.zone), candidates)]

        return self.rules.tags(draft, ask)

    def agents(self, draft: Draft) -> Proposal:
        """Intents that AI agents find."""
        if draft.run.mode is RefreshMode.CUSTOMER and not _has_new_customer(draft):
            raise Skip(NO_NEW_CUSTOMER)
        candidates = applicable(self.rules.definitions.agents.values(), self.rules.facts(draft))
        findings = self.engine.agents(self._message(draft), candidates, draft.contract) if candidates else ()
        return Proposal(
            findings=tuple(
                Found(one.agent_id, one.confidence, one.data, tuple(asdict(info) for info in one.infos))
                for one in findings
            )
        )

    def _message(self, draft: Draft, *, needs_text: bool = True) -> Message:
        message = draft.message(self.rules.zone)
        if needs_text and not message.text.strip():
            raise Skip(NO_TEXT)
        return message


def identify_customer(draft: Draft, evidence: Evidence, candidates: Sequence[Customer]) -> Proposal:
    """Propose who wrote, and how sure that is; finding nobody leaves what is stored (contract section 4)."""
    found = identify(evidence, candidates)
    seen = draft.seen.values
    if found.customer is None and seen["customerId"] is not None:
        raise Skip(NO_NEW_CUSTOMER)
    draft.customer, draft.contract = found.customer, found.contract
    return Proposal(
        values={
            "customerId": found.customer.id if found.customer else None,
            "contractId": found.contract.id if found.contract else None,
            "customerLegitimation": level(found, seen["channel"], seen["direction"]),
        },
        beside={"customerEvidence": _grounds(found)},
    )


def confirmed(draft: Draft) -> bool:
    """Whether a person has confirmed the customer."""
    level_now = draft.ticket.values["customerLegitimation"]
    return isinstance(level_now, int) and level_now >= CONFIRMED_LEVEL


def _grounds(found: Identification) -> list[str]:
    return sorted(ground.value for ground in found.grounds)


def _has_new_customer(draft: Draft) -> bool:
    proposal = draft.proposals.get(Stage.CUSTOMER)
    if proposal is None or proposal.values["customerId"] is None:
        return False
    return any(proposal.values[name] != draft.ticket.values[name] for name in ("customerId", "contractId"))


def guarded(stage: Stage, draft: Draft, work: Callable[[Draft], T]) -> T | None:
    """Run a part of a stage for one draft; what goes wrong stays with that draft, and the answer is None."""
    try:
        return work(draft)
    except Skip as skip:
        draft.close(stage, StageState.SKIPPED, str(skip))
    except SoftTimeLimitExceeded:
        raise  # the whole task is out of time, not this ticket
    except Transient as failure:
        draft.retry = failure
    except Permanent as failure:
        draft.close(stage, StageState.FAILED, failure.reason)
    except Exception as error:  # noqa: BLE001 - an engine's mistake on one ticket must not end the others
        # Without the message and the frames' values: they may hold what the customer wrote.
        log.warning("stage_failed", stage=stage.value, run_id=draft.run.id, error=type(error).__name__)
        draft.close(stage, StageState.FAILED, "engine_error")
    return None


def attempt(stage: Stage, draft: Draft, work: Callable[[Draft], Proposal]) -> None:
    """Run a stage for one draft and keep its proposal."""
    proposal = guarded(stage, draft, work)
    if proposal is not None:
        draft.propose(stage, proposal)
