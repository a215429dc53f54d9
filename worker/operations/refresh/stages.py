"""The stages that ask an engine: each looks at a draft and proposes. None of them touches a ticket row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from worker.ai.protocol import Engine, Finding, Message
from worker.domain.entities import SPAM, Tag, spam_status_kept
from worker.domain.evidence import Evidence, correspondents
from worker.domain.intents import Found, Info, applicable
from worker.domain.words import RefreshMode
from worker.operations.refresh.attempt import Skip
from worker.operations.refresh.customer import confirmed, has_new_customer
from worker.operations.refresh.draft import Draft, Proposal
from worker.operations.refresh.plausible import remarks
from worker.operations.refresh.reasons import Reason
from worker.operations.refresh.rules import Rules


@dataclass(frozen=True, slots=True)
class Thinking:
    """The stages that ask an engine."""

    engine: Engine
    rules: Rules

    def language(self, draft: Draft) -> Proposal:
        """Name and code of the language."""
        found = self.engine.language(self._message(draft))
        if found is None:
            raise Skip(Reason.UNDECIDED)
        return Proposal({"language": found.name, "languageCode": found.code})

    def text(self, draft: Draft) -> Proposal:
        """Plain and cleaned body; a text that somebody cleaned is no source for one."""
        message = self._message(draft)
        if not (message.body or message.body_plain).strip():
            raise Skip(Reason.NO_TEXT)
        text = self.engine.text(message)
        return Proposal({"bodyPlain": text.plain, "bodyClean": text.clean})

    def summary(self, draft: Draft) -> Proposal:
        """One or two sentences."""
        summary = self.engine.summary(self._message(draft))
        if not summary:
            raise Skip(Reason.UNDECIDED)
        return Proposal({"summary": summary})

    def sentiment(self, draft: Draft) -> Proposal:
        """The customer's mood."""
        sentiment = self.engine.sentiment(self._message(draft))
        if sentiment is None:
            raise Skip(Reason.UNDECIDED)
        return Proposal({"sentiment": sentiment.value})

    def spam(self, draft: Draft) -> Proposal:
        """An automatic status, where no person has set one."""
        verdict = self.engine.spam(self._message(draft, needs_text=False))
        if verdict is None:
            raise Skip(Reason.UNDECIDED)
        if spam_status_kept(draft.ticket.values["spamStatus"], verdict.status):
            raise Skip(Reason.MANUAL_SPAM_STATUS_KEPT)
        stop = Reason.SPAM if verdict.status in SPAM else None
        return Proposal({"spamStatus": verdict.status.value}, stop=stop)

    def evidence(self, draft: Draft) -> Evidence:
        """What the message says about its author, unless a person has said it."""
        if confirmed(draft):
            raise Skip(Reason.CUSTOMER_CONFIRMED)
        message = self._message(draft, needs_text=False)
        clues = asdict(self.engine.clues(message))
        names = (*clues.pop("names"), *([message.sender_name] if message.sender_name else []))
        # Signatures are cut off the cleaned text, and a signature is where the name stands.
        text = message.body_plain or message.body_clean
        return Evidence(correspondents=correspondents(draft.seen.values), names=names, text=text, **clues)

    def tags(self, draft: Draft) -> Proposal:
        """Tags by rules and by the engine."""
        message = draft.message(self.rules.zone)

        def ask(candidates: Sequence[Tag]) -> list[int]:
            if not candidates or not message.text.strip():
                return []
            return [match.tag_id for match in self.engine.tags(message, candidates)]

        return self.rules.tags(draft, ask)

    def agents(self, draft: Draft) -> Proposal:
        """Intents that AI agents find."""
        if draft.run.mode is RefreshMode.CUSTOMER and not has_new_customer(draft):
            raise Skip(Reason.NO_NEW_CUSTOMER)
        candidates = applicable(self.rules.definitions.agents.values(), self.rules.facts(draft))
        message = self._message(draft)
        findings = self.engine.agents(message, candidates, draft.contract) if candidates else ()
        asked = {agent.id: agent for agent in candidates}
        return Proposal(
            findings=tuple(
                _found(one, remarks(one, asked[one.agent_id], draft.contract, message.today))
                for one in findings
                if one.agent_id in asked
            )
        )

    def _message(self, draft: Draft, *, needs_text: bool = True) -> Message:
        message = draft.message(self.rules.zone)
        if needs_text and not message.text.strip():
            raise Skip(Reason.NO_TEXT)
        return message


def _found(finding: Finding, remarks: Sequence[Info]) -> Found:
    infos = tuple(asdict(info) for info in (*finding.infos, *remarks))
    return Found(finding.agent_id, finding.confidence, finding.data, infos)
