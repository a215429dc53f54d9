"""Whether an intent may be carried out without a person: gates, asked in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from worker.domain.entities import AiAgent, Ticket, is_spam
from worker.domain.intents import IntentStatus, StoredIntent
from worker.domain.words import Direction, Status

LEAST_LEVEL = 20
"""The least `customerLegitimation` at which something is done about a contract."""


class Gate(StrEnum):
    """What must hold; the first that does not is recorded."""

    OPEN_TICKET = "open_ticket"
    NOT_SPAM = "not_spam"
    INBOUND = "inbound"
    ONE_READY_INTENT = "one_ready_intent"
    RECOMMENDED_OPTION = "recommended_option"
    ALLOWED_OPTION = "allowed_option"  # by the agent's `autoExecute`
    LEGITIMATION = "legitimation"  # of the customer, when a contract is set
    ACTION = "action"  # somebody carries it out


@dataclass(frozen=True, slots=True)
class Case:
    """What is judged. `agents` are the definitions by id; `has_action` tells whether an agent's intents are done."""

    ticket: Ticket
    intents: Sequence[StoredIntent]
    agents: Mapping[int, AiAgent]
    spam_tag_ids: frozenset[int]
    has_action: Callable[[AiAgent], bool]

    @property
    def ready(self) -> list[StoredIntent]:
        """Intents that could be carried out."""
        return [one for one in self.intents if one.open and one.intent.status == IntentStatus.READY]

    @property
    def intent(self) -> StoredIntent:
        """The one ready intent, once that gate is passed."""
        return self.ready[0]

    @property
    def option(self) -> Mapping[str, object] | None:
        """The recommended option of the intent; of several the first in order."""
        recommended = [option for option in self.intent.intent.options if option.get("recommended") is True]
        return min(recommended, key=_order, default=None)

    @property
    def agent(self) -> AiAgent | None:
        """The intent's agent, if it is still defined."""
        return self.agents.get(self.intent.intent.agent_id)


def _order(option: Mapping[str, object]) -> float:
    order = option.get("order")
    return order if isinstance(order, int | float) else float("inf")


def first_failing(case: Case) -> Gate | None:
    """The first gate that is not passed; None when all are."""
    return next((gate for gate in Gate if not _PASSED[gate](case)), None)


def _legitimate(case: Case) -> bool:
    level = case.ticket.values["customerLegitimation"]
    contract = case.ticket.values["contractId"] or case.intent.intent.contract_id
    return not contract or (isinstance(level, int) and level >= LEAST_LEVEL)


def _allowed(case: Case) -> bool:
    return case.agent is not None and case.option is not None and case.option.get("type") in case.agent.auto_execute


_PASSED: Mapping[Gate, Callable[[Case], bool]] = {
    Gate.OPEN_TICKET: lambda case: case.ticket.values["status"] == Status.OPEN,
    Gate.NOT_SPAM: lambda case: not is_spam(case.ticket.values["spamStatus"], case.ticket.tags, case.spam_tag_ids),
    Gate.INBOUND: lambda case: case.ticket.values["direction"] == Direction.IN,
    Gate.ONE_READY_INTENT: lambda case: len(case.ready) == 1,
    Gate.RECOMMENDED_OPTION: lambda case: case.option is not None,
    Gate.ALLOWED_OPTION: _allowed,
    Gate.LEGITIMATION: _legitimate,
    Gate.ACTION: lambda case: case.agent is not None and case.has_action(case.agent),
}
