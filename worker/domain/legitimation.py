"""Who wrote a ticket, about which contract, and how sure that is: `customerLegitimation` (contract section 4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from worker.domain.comparison import number_key
from worker.domain.entities import Contract, Customer
from worker.domain.evidence import Clues, Evidence, Profile
from worker.domain.words import Channel, Direction

_T = TypeVar("_T")


class Ground(StrEnum):
    """What a level is built on."""

    CUSTOMER_NUMBER = "customer_number"
    CONTRACT_NUMBER = "contract_number"
    LAST_NAME = "last_name"
    SENDER_MATCHES = "sender_matches"
    SENDER_UNKNOWN = "sender_unknown"
    POSTAL_ADDRESS = "postal_address"


@dataclass(frozen=True, slots=True)
class Identification:
    """The customer and the contract that were found, if any, and what holds for the two."""

    customer: Customer | None = None
    contract: Contract | None = None
    grounds: frozenset[Ground] = frozenset()


def identify(evidence: Evidence, candidates: Iterable[Customer]) -> Identification:
    """The one customer that the evidence speaks for, and the contract.

    `candidates` are all customers that share a number, an address, a phone or a name with the evidence: a sender whom
    none of them knows counts as unknown. Numbers go before the sender's address, that before other addresses, that
    before name with postal address; a later ground decides between those whom the earlier ones leave equal. Two equally
    good ones: none. A name alone is never enough. Of the contracts, numbers, addresses and being active decide in the
    same way; two equally good ones leave the customer without a contract.
    """
    clues = Clues.of(evidence)
    distinct = list({customer.id: customer for customer in candidates}.values())
    customer = _best(distinct, lambda one: _customer_score(one, clues), least=1)
    if customer is None:
        return Identification()
    contract = _best(customer.contracts, lambda one: _contract_score(one, clues), least=0)
    known = any(Profile.of(one, *one.contracts).wrote(clues) for one in distinct)
    return Identification(customer, contract, _grounds(customer, contract, clues, sender_known=known))


def _best(choices: Sequence[_T], score: Callable[[_T], tuple[int, ...]], least: int) -> _T | None:
    """The choice with the highest score, if a part of it reaches `least`; None when two are equal."""
    ranked = sorted(((score(choice), index) for index, choice in enumerate(choices)), reverse=True)
    if not ranked or max(ranked[0][0]) < least or (len(ranked) > 1 and ranked[0][0] == ranked[1][0]):
        return None
    return choices[ranked[0][1]]


def _customer_score(customer: Customer, clues: Clues) -> tuple[int, ...]:
    own = Profile.of(customer, *customer.contracts)
    return (
        own.is_numbered(clues),
        own.sent(clues),
        own.is_mentioned(clues),
        own.is_named(clues) and own.lives_there(clues),
    )


def _contract_score(contract: Contract, clues: Clues) -> tuple[int, ...]:
    own = Profile.of(contract)
    return (
        number_key(contract.id) in clues.numbers,
        own.is_numbered(clues),
        own.sent(clues),
        own.is_mentioned(clues),
        own.lives_there(clues),
        str(contract.values.get("status")).casefold() == "active",
    )


def _grounds(customer: Customer, contract: Contract | None, clues: Clues, *, sender_known: bool) -> frozenset[Ground]:
    own = Profile.of(customer) if contract is None else Profile.of(customer, contract)
    holding = {
        Ground.CUSTOMER_NUMBER: number_key(customer.id) in clues.numbers,
        Ground.CONTRACT_NUMBER: contract is not None and number_key(contract.id) in clues.numbers,
        Ground.LAST_NAME: own.last_name_is_said(clues),
        Ground.SENDER_MATCHES: own.wrote(clues),
        Ground.SENDER_UNKNOWN: bool(clues.senders) and not sender_known,
        Ground.POSTAL_ADDRESS: own.lives_there(clues),
    }
    return frozenset(ground for ground, holds in holding.items() if holds)


_LEVELS: tuple[tuple[int, frozenset[Ground], Channel | None], ...] = (
    (20, frozenset({Ground.SENDER_MATCHES}), None),
    (20, frozenset({Ground.POSTAL_ADDRESS}), Channel.LETTER),
    (15, frozenset({Ground.CUSTOMER_NUMBER, Ground.CONTRACT_NUMBER}), None),
    (13, frozenset({Ground.CUSTOMER_NUMBER, Ground.LAST_NAME}), None),
    (13, frozenset({Ground.CONTRACT_NUMBER, Ground.LAST_NAME}), None),
    (12, frozenset({Ground.SENDER_UNKNOWN}), None),
    (10, frozenset(), None),
)
"""Level, the grounds that it needs, and the one channel that it is for; the first that fits."""


def level(found: Identification, channel: object, direction: object) -> int:
    """The `customerLegitimation` from 0 to 20 for what was found; 30 and above are never computed.

    Channels of which the page says nothing (phone, walkIn, a letter from elsewhere) take the default of 10.
    """
    if found.customer is None or found.contract is None:
        return 0
    if channel == Channel.SYSTEM or direction in {Direction.OUT, Direction.INTERNAL}:
        return 20
    return next(level for level, needed, on in _LEVELS if needed <= found.grounds and on in {None, channel})


EXPLAINED_LEVELS = range(10, 20)
"""Levels that have a `customerLegitimationMessage` (page); a stored one of any other level is not shown."""

_MESSAGES: Mapping[int, str] = {
    10: "Customer could not be confirmed",
    12: "The sender's address is not known",
    13: "A contract or customer number and the last name are in the message",
    15: "Contract and customer number are in the message",
}


def message(level: int) -> str | None:
    """What a computed level means, for people; only from 10 to 19, None elsewhere."""
    return _MESSAGES.get(level)
