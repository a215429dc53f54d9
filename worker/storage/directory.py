"""The directory as the rules need it: tags, AI agents, and customers by id or by what a message says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Select, func, select, union_all
from sqlalchemy.orm import InstrumentedAttribute

from worker.domain.comparison import words
from worker.domain.definitions import ai_agent_of, tag_of
from worker.domain.entities import AiAgent, Contract, Customer, Tag
from worker.domain.evidence import Clues, Evidence
from worker.storage.tables import AiAgentRow, ContractRow, CustomerRow, TagRow

MOST_NAMESAKES = 50
"""Customers found by one key: whom so many share, that key identifies nobody."""

LONGEST_KEY = 255
"""Characters of a key that are stored and compared."""

_MOST_NAME_WORDS = 6
_MOST_KEYS = 1_000  # of one kind in one statement


def tag_definitions(connection: Connection) -> dict[int, Tag]:
    """All tags, the disabled ones, too."""
    return {tag.id: tag for tag in map(tag_of, connection.scalars(select(TagRow.definition)))}


def ai_agent_definitions(connection: Connection) -> dict[int, AiAgent]:
    """All AI agents."""
    return {agent.id: agent for agent in map(ai_agent_of, connection.scalars(select(AiAgentRow.definition)))}


def customers_by_id(connection: Connection, ids: Collection[str]) -> dict[str, Customer]:
    """Those of the customers that are in the directory, with their contracts, in two statements."""
    if not ids:
        return {}
    contracts: defaultdict[str, list[Contract]] = defaultdict(list)
    owned = select(ContractRow.id, ContractRow.customer_id, ContractRow.definition).order_by(ContractRow.id)
    for row in connection.execute(owned.where(ContractRow.customer_id.in_(ids))):
        contracts[row.customer_id].append(Contract(*row))
    query = select(CustomerRow.id, CustomerRow.definition).where(CustomerRow.id.in_(ids)).order_by(CustomerRow.id)
    return {
        customer_id: Customer(customer_id, values, tuple(contracts[customer_id]))
        for customer_id, values in connection.execute(query)
    }


def find_customers(connection: Connection, evidence: Sequence[Evidence]) -> list[Customer]:
    """The customers that share a number, an address, a phone or a name with one of these messages, by id.

    One call serves many tickets: the union of their evidence is looked up, so the number of statements does not grow
    with the tickets. All of the answer may be handed to `worker.domain.legitimation.identify` for each ticket, since a
    customer that shares nothing with a ticket's own evidence scores nothing there. Names are found whole, in any order
    of their words and with others around them; of a key that many share at most `MOST_NAMESAKES` customers are found.
    """
    keys = _Keys.of(evidence)
    found: set[str] = set()
    for statement in _look_ups(keys):
        found.update(connection.scalars(statement))
    return list(customers_by_id(connection, found).values())


def name_key(name: str) -> str:
    """The form in which a person's or company's name is looked up: its words folded, their order aside."""
    return _key_of(words(name))


@dataclass(frozen=True, slots=True)
class _Keys:
    """What is looked up; ids are stored as they were given, so numbers are tried as written, too."""

    ids: frozenset[str]
    numbers: frozenset[str]
    emails: frozenset[str]
    phones: frozenset[str]
    names: frozenset[str]

    @classmethod
    def of(cls, evidence: Iterable[Evidence]) -> _Keys:
        """The keys of several messages together."""
        every = [(one, Clues.of(one)) for one in evidence]
        numbers = {number for _, clues in every for number in clues.numbers}
        names = (words(name) for _, clues in every for name in clues.names)
        return cls(
            ids=frozenset(numbers.union(*(one.numbers for one, _ in every))),
            numbers=frozenset(numbers),
            emails=frozenset(chain.from_iterable(clues.emails | clues.senders for _, clues in every)),
            phones=frozenset(chain.from_iterable(clues.phones | clues.callers for _, clues in every)),
            names=frozenset(chain.from_iterable(map(_names_in, names))),
        )


def _names_in(written: Sequence[str]) -> Iterable[str]:
    """Every name that may be meant: "Herr Tom Mustermann" holds "Tom Mustermann"."""
    for start in range(len(written)):
        for end in range(start + 1, min(len(written), start + _MOST_NAME_WORDS) + 1):
            yield _key_of(written[start:end])


def _key_of(parts: Iterable[str]) -> str:
    return " ".join(sorted(parts))[:LONGEST_KEY]


def _look_ups(keys: _Keys) -> Iterable[Select[tuple[str]]]:
    """Statements that give the ids of customers, over all indexed columns at once."""
    columns: tuple[tuple[InstrumentedAttribute[Any], InstrumentedAttribute[str], list[str]], ...] = (
        (CustomerRow.id, CustomerRow.id, sorted(keys.ids)),
        (ContractRow.id, ContractRow.customer_id, sorted(keys.ids)),
        (ContractRow.meter_key, ContractRow.customer_id, sorted(keys.numbers)),
        (ContractRow.iban_key, ContractRow.customer_id, sorted(keys.numbers)),
        (CustomerRow.email_key, CustomerRow.id, sorted(keys.emails)),
        (ContractRow.email_key, ContractRow.customer_id, sorted(keys.emails)),
        (CustomerRow.phone_key, CustomerRow.id, sorted(keys.phones)),
        (ContractRow.phone_key, ContractRow.customer_id, sorted(keys.phones)),
        (CustomerRow.name_key, CustomerRow.id, sorted(keys.names)),
    )
    for start in range(0, max(len(wanted) for _, _, wanted in columns), _MOST_KEYS):
        parts = [
            _owners(column, owner, wanted[start : start + _MOST_KEYS])
            for column, owner, wanted in columns
            if wanted[start : start + _MOST_KEYS]
        ]
        yield select(union_all(*parts).subquery().c.customer_id).distinct()


def _owners(
    column: InstrumentedAttribute[Any], owner: InstrumentedAttribute[str], wanted: Sequence[str]
) -> Select[Any]:
    """The customers of each key, of one that many share the first ones by id."""
    rank = func.row_number().over(partition_by=column, order_by=owner)
    ranked = select(owner.label("customer_id"), rank.label("rank")).where(column.in_(wanted)).subquery()
    return select(ranked.c.customer_id).where(ranked.c.rank <= MOST_NAMESAKES)
