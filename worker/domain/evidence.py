"""What a message says about its author, and what customers and contracts are known by, in comparable form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from worker.domain import comparison
from worker.domain.entities import Contract, Customer, Values
from worker.domain.words import Direction

_LEAST_SEARCHED_NAME = 3  # letters: a last name such as "An" or "So" is a word of every text


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a message says about its author; spelling and blanks do not matter.

    `correspondents` are the addresses on the customer's side (see the function), `numbers` may be customer, contract
    or meter numbers, `names` possible full names, the sender's display name among them, `addresses` postal ones, and
    `text` the message's words, in which a last name is looked up.
    """

    correspondents: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    ibans: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    text: str = ""


def correspondents(values: Values) -> tuple[str, ...]:
    """The addresses on the customer's side of a ticket: its sender's, for outgoing ones the recipients'."""
    found = values.get("to") if values.get("direction") == Direction.OUT else values.get("from")
    listed = found if isinstance(found, list | tuple) else (found,)
    return tuple(address for address in listed if isinstance(address, str) and address)


@dataclass(frozen=True, slots=True)
class Clues:
    """Evidence, its addresses and numbers as the keys of `comparison`; `callers` are correspondents by phone."""

    senders: frozenset[str]
    callers: frozenset[str]
    numbers: frozenset[str]
    emails: frozenset[str]
    phones: frozenset[str]
    names: tuple[str, ...]
    addresses: tuple[str, ...]
    text: tuple[str, ...]

    @classmethod
    def of(cls, evidence: Evidence) -> Clues:
        """The clues in a message's evidence."""
        return cls(
            senders=_keys(comparison.email_key, evidence.correspondents),
            callers=_keys(comparison.phone_key, evidence.correspondents),
            numbers=_keys(comparison.number_key, (*evidence.numbers, *evidence.ibans)),
            emails=_keys(comparison.email_key, evidence.emails),
            phones=_keys(comparison.phone_key, evidence.phones),
            names=evidence.names,
            addresses=evidence.addresses,
            text=comparison.words(evidence.text),
        )


@dataclass(frozen=True, slots=True)
class Profile:
    """What customers and contracts together are known by, with the same keys; `people` are (first, last) names."""

    numbers: frozenset[str]
    emails: frozenset[str]
    phones: frozenset[str]
    people: frozenset[tuple[str, str]]
    companies: frozenset[str]
    addresses: frozenset[str]

    @classmethod
    def of(cls, *owners: Customer | Contract) -> Profile:
        """The profile of these together; `customer.values` and `contract.values` are the page's objects."""
        every = [owner.values for owner in owners]
        numbers = [
            number for owner in owners for number in (owner.id, *_several((owner.values,), "counterNumber iban"))
        ]
        return cls(
            numbers=_keys(comparison.number_key, numbers),
            emails=_keys(comparison.email_key, _several(every, "email")),
            phones=_keys(comparison.phone_key, _several(every, "phone")),
            people=frozenset((str(one.get("firstname") or ""), str(one.get("lastname") or "")) for one in every),
            companies=frozenset(map(str, _several(every, "company"))),
            addresses=frozenset(map(str, _several(every, "address deliveryAddress billingAddress"))),
        )

    def wrote(self, clues: Clues) -> bool:
        """Whether the message comes from an e-mail address of theirs."""
        return not self.emails.isdisjoint(clues.senders)

    def is_numbered(self, clues: Clues) -> int:
        """How many numbers of theirs the message names."""
        return len(self.numbers & clues.numbers)

    def sent(self, clues: Clues) -> bool:
        """Whether the message comes from an e-mail address or a phone of theirs."""
        return self.wrote(clues) or not self.phones.isdisjoint(clues.callers)

    def is_mentioned(self, clues: Clues) -> bool:
        """Whether the message names an e-mail address or a phone of theirs."""
        return not self.emails.isdisjoint(clues.emails) or not self.phones.isdisjoint(clues.phones)

    def lives_there(self, clues: Clues) -> bool:
        """Whether the message names a postal address of theirs."""
        return any(comparison.same_address(one, other) for one in clues.addresses for other in self.addresses)

    def is_named(self, clues: Clues) -> bool:
        """Whether a name in the message is that of one of the people or companies."""
        return any(
            any(comparison.same_person(name, first, last) for first, last in self.people)
            or any(comparison.same_company(name, company) for company in self.companies)
            for name in clues.names
        )

    def last_name_is_said(self, clues: Clues) -> bool:
        """Whether a last name of theirs stands among the names or, unless it is very short, anywhere in the text."""
        for last in (comparison.words(last) for _, last in self.people):
            if any(comparison.holds_phrase(comparison.words(name), last) for name in clues.names):
                return True
            if sum(map(len, last)) >= _LEAST_SEARCHED_NAME and comparison.holds_phrase(clues.text, last):
                return True
        return False


def _several(objects: Iterable[Mapping[str, object]], names: str) -> list[object]:
    return [one[name] for one in objects for name in names.split() if one.get(name)]


def _keys(key: Callable[[object], str], values: Iterable[object]) -> frozenset[str]:
    return frozenset(map(key, values)) - {""}
