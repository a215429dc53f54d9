"""The directory as the rules need it: tags, AI agents, and customers by id or by what a message says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Select, func, literal, select, union_all
from sqlalchemy.orm import InstrumentedAttribute

from worker.domain.comparison import words
from worker.domain.definitions import ai_agent_of, tag_of
from worker.domain.entities import AiAgent, Contract, Customer, Tag
from worker.domain.evidence import Clues, Evidence
from worker.storage.bulk import among
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


def tags_by_id(connection: Connection, ids: Collection[int]) -> dict[int, Tag]:
    """Those of the tags that there are."""
    if not ids:
        return {}
    query = select(TagRow.definition).where(among(connection, TagRow.id, ids))
    return {tag.id: tag for tag in map(tag_of, connection.scalars(query))}


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


def find_customers(connection: Connection, evidence: Sequence[Evidence]) -> list[list[Customer]]:
    """For each of these messages the customers that share a number, an address, a phone or a name with it, by id.

    One call serves many tickets: their keys are looked up together, so the number of statements does not grow with the
    tickets. Names are found whole, in any order of their words and with others around them; of a key that many share at
    most `MOST_NAMESAKES` customers are found.
    """
    keys = [_keys_of(one) for one in evidence]
    owners = _owners_of(connection, frozenset().union(*keys))
    customers = customers_by_id(connection, frozenset().union(*owners.values()))
    found = [frozenset().union(*(owners[key] for key in own if key in owners)) for own in keys]
    return [[customer for customer in customers.values() if customer.id in ids] for ids in found]


def name_key(name: str) -> str:
    """The form in which a person's or company's name is looked up: its words folded, their order aside."""
    return _key_of(words(name))


class _By(StrEnum):
    """What customers are looked up by. Ids are stored as they were given, so numbers are tried as written, too."""

    ID = "id"
    NUMBER = "number"
    EMAIL = "email"
    PHONE = "phone"
    NAME = "name"


_Key = tuple[_By, str]


def _keys_of(evidence: Evidence) -> frozenset[_Key]:
    clues = Clues.of(evidence)
    keys = {
        _By.ID: clues.numbers.union(evidence.numbers),
        _By.NUMBER: clues.numbers,
        _By.EMAIL: clues.emails | clues.senders,
        _By.PHONE: clues.phones | clues.callers,
        _By.NAME: frozenset(chain.from_iterable(_names_in(words(name)) for name in clues.names)),
    }
    return frozenset((by, key) for by, of_kind in keys.items() for key in of_kind)


def _names_in(written: Sequence[str]) -> Iterable[str]:
    """Every name that may be meant: "Herr Tom Mustermann" holds "Tom Mustermann"."""
    for start in range(len(written)):
        for end in range(start + 1, min(len(written), start + _MOST_NAME_WORDS) + 1):
            yield _key_of(written[start:end])


def _key_of(parts: Iterable[str]) -> str:
    return " ".join(sorted(parts))[:LONGEST_KEY]


_COLUMNS: tuple[tuple[_By, InstrumentedAttribute[Any], InstrumentedAttribute[str]], ...] = (
    (_By.ID, CustomerRow.id, CustomerRow.id),
    (_By.ID, ContractRow.id, ContractRow.customer_id),
    (_By.NUMBER, ContractRow.meter_key, ContractRow.customer_id),
    (_By.NUMBER, ContractRow.iban_key, ContractRow.customer_id),
    (_By.EMAIL, CustomerRow.email_key, CustomerRow.id),
    (_By.EMAIL, ContractRow.email_key, ContractRow.customer_id),
    (_By.PHONE, CustomerRow.phone_key, CustomerRow.id),
    (_By.PHONE, ContractRow.phone_key, ContractRow.customer_id),
    (_By.NAME, CustomerRow.name_key, CustomerRow.id),
)
"""Where a key is looked up, and whose it is."""


def _owners_of(connection: Connection, keys: Collection[_Key]) -> Mapping[_Key, Collection[str]]:
    """The ids of each key's customers, over all indexed columns at once."""
    wanted = {by: sorted(key for of_kind, key in keys if of_kind is by) for by in _By}
    owners: defaultdict[_Key, set[str]] = defaultdict(set)
    for start in range(0, max(map(len, wanted.values())), _MOST_KEYS):
        parts = [
            _owners(by, column, owner, part)
            for by, column, owner in _COLUMNS
            if (part := wanted[by][start : start + _MOST_KEYS])
        ]
        for by, key, customer_id in connection.execute(union_all(*parts)):
            owners[_By(by), key].add(customer_id)
    return owners


def _owners(
    by: _By, column: InstrumentedAttribute[Any], owner: InstrumentedAttribute[str], wanted: Sequence[str]
) -> Select[Any]:
    """The customers of each key, of one that many share the first ones by id."""
    rank = func.row_number().over(partition_by=column, order_by=owner)
    ranked = select(column.label("key"), owner.label("customer_id"), rank.label("rank")).where(column.in_(wanted))
    found = ranked.subquery()
    return select(literal(by.value), found.c.key, found.c.customer_id).where(found.c.rank <= MOST_NAMESAKES)
