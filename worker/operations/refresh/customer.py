"""The customer stage: from what a message says about its author to a customer, a contract and a level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from worker.domain.entities import Customer, Values
from worker.domain.evidence import Evidence
from worker.domain.legitimation import Identification, identify, level
from worker.domain.plans import CONFIRMED_LEVEL
from worker.domain.words import Stage
from worker.operations.refresh.attempt import Skip
from worker.operations.refresh.draft import Draft, Proposal
from worker.operations.refresh.reasons import Reason


def identify_customer(draft: Draft, evidence: Evidence, candidates: Sequence[Customer]) -> Proposal:
    """Propose who wrote, and how sure that is; finding nobody leaves what is stored (contract section 4)."""
    seen = draft.seen.values
    found = _identified(evidence, candidates, seen)
    draft.customer, draft.contract = found.customer, found.contract
    return Proposal(
        values={
            "customerId": found.customer.id if found.customer else None,
            "contractId": found.contract.id if found.contract else None,
            "customerLegitimation": level(found, seen["channel"], seen["direction"]),
        },
        beside={"customerEvidence": _grounds(found)},
    )


def _identified(evidence: Evidence, candidates: Sequence[Customer], stored: Values) -> Identification:
    """Who wrote; what is stored stands as long as nothing else is found."""
    found = identify(evidence, candidates)
    if found.customer is None and (stored["customerId"] is not None or stored["contractId"] is not None):
        raise Skip(Reason.NO_NEW_CUSTOMER)
    same_customer = found.customer is not None and found.customer.id == stored["customerId"]
    if same_customer and found.contract is None and stored["contractId"] is not None:
        return _with_stored_contract(evidence, candidates, stored)
    return found


def _with_stored_contract(evidence: Evidence, candidates: Sequence[Customer], stored: Values) -> Identification:
    """The stored customer with the stored contract, where the evidence speaks for none of the customer's contracts."""
    narrowed = [
        _with_contract(one, stored["contractId"]) if one.id == stored["customerId"] else one for one in candidates
    ]
    found = identify(evidence, narrowed)
    if found.contract is None or found.contract.id != stored["contractId"]:
        raise Skip(Reason.NO_NEW_CUSTOMER)
    return found


def _with_contract(customer: Customer, contract_id: object) -> Customer:
    return replace(customer, contracts=tuple(one for one in customer.contracts if one.id == contract_id))


def confirmed(draft: Draft) -> bool:
    """Whether a person has confirmed the customer, which no run overrules, a forced one neither."""
    level_now = draft.ticket.values["customerLegitimation"]
    return isinstance(level_now, int) and level_now >= CONFIRMED_LEVEL


def _grounds(found: Identification) -> list[str]:
    return sorted(ground.value for ground in found.grounds)


def has_new_customer(draft: Draft) -> bool:
    """Whether the customer stage found another customer or contract than the ticket has."""
    proposal = draft.proposals.get(Stage.CUSTOMER)
    if proposal is None or proposal.values["customerId"] is None:
        return False
    return any(proposal.values[name] != draft.ticket.values[name] for name in ("customerId", "contractId"))
