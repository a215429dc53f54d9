"""Reads a filter over tickets, from JSON or from the command line, as strictly as a batch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

from rapidfuzz import fuzz, process

from worker.domain.entities import Value
from worker.domain.fields import FIELDS, Field, Kind, Role
from worker.domain.words import ErrorCode
from worker.operations.arguments import RefusedArguments
from worker.payload.ids import read_id
from worker.payload.kinds import READERS
from worker.payload.names import LONGEST_NAME, shown_name
from worker.payload.remarks import ItemError
from worker.payload.wrong import Wrong, read_list
from worker.storage.selection import FILTERS, Condition, Selection

_NOT = "not"
_FLAGS = {"true": True, "false": False}
_ENTRIES_OF_TAGS = Field("tagIds", Role.TAG_OPERATION, Kind.INTEGER)


def read_where(where: object, zone: tzinfo) -> Selection:
    """The tickets that a filter names.

    Args:
        where: an object of filters that must all hold: a value (`null` among them where a field may be empty), a list
            of which one must hold, or `{"not": …}` for none of these. `tagIds` means any of them; the bounds
            `createdAfter` (from then on) and `createdBefore`, and likewise `modified…` and `due…`, take one time.
            Numbers and `true` may be texts, as a command line gives them. Empty means all tickets.
        zone: that of times without an offset.

    Raises:
        RefusedArguments: all that is wrong with it, at paths such as `where.status[1]`.
    """
    if not isinstance(where, dict):
        raise RefusedArguments([ItemError(ErrorCode.INVALID_TYPE, "where", "must be an object of filters")])
    conditions: list[Condition] = []
    errors: list[ItemError] = []
    for name, given in where.items():
        path = f"where.{shown_name(str(name))}"
        try:
            conditions.append(_condition(str(name), given, zone))
        except Wrong as wrong:
            errors.extend(wrong.at(path))
    if errors:
        raise RefusedArguments(errors)
    return Selection(tuple(conditions))


def read_skills(value: object) -> tuple[int, ...]:
    """Ids of tags, one or a list, as texts too. Raises Wrong."""
    return tuple(dict.fromkeys(read_list(value if isinstance(value, list) else [value], read_id)))


def read_terms(terms: Sequence[str]) -> dict[str, object]:
    """The filter that words of a command line stand for, still to be read by `read_where`.

    `status=open`, `status=open,pending`, `spamStatus!=manual_spam` and `agentId=null`, `null` among others, too; what
    commas would break, or is the text "null", is given as JSON, such as `customerId=["a,b"]`.

    Raises:
        RefusedArguments: a word is no `field=value`, or names a field again.
    """
    where: dict[str, object] = {}
    errors: list[ItemError] = []
    for position, term in enumerate(terms):
        name, equals, text = term.partition("=")
        negated = name.endswith("!")
        name = name.removesuffix("!")
        if not equals or not name:
            message = "must be field=value or field!=value"
            errors.append(ItemError(ErrorCode.INVALID_VALUE, f"where[{position}]", message))
        elif name in where:
            message = "names a field again; several values are given as field=one,other"
            errors.append(ItemError(ErrorCode.CONFLICTING_FIELDS, f"where[{position}]", message))
        else:
            where[name] = {_NOT: plain_value(text)} if negated else plain_value(text)
    if errors:
        raise RefusedArguments(errors)
    return where


def plain_value(text: str) -> object:
    """What a word of a command line stands for: null, JSON, several values with commas, or just a text."""
    if text == "null" or text.startswith(("[", '"')):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text  # then it is as wrong as any other text, and told with its field
    return [None if one == "null" else one for one in text.split(",")] if "," in text else text


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one value of a filter. Raises Wrong."""

    spec: Field
    nullable: bool
    zone: tzinfo

    def __call__(self, value: object) -> Value:
        if value is None:
            if self.nullable:
                return None
            raise Wrong(ErrorCode.NULL_NOT_ALLOWED, "must not be null")
        if self.spec.kind is Kind.FLAG and isinstance(value, str):
            value = _FLAGS.get(value, value)
        return READERS[self.spec.kind](value, self.spec, self.zone)


def _condition(name: str, given: object, zone: tzinfo) -> Condition:
    if name not in FILTERS:
        raise Wrong(ErrorCode.UNKNOWN_FIELD, f"is no filter; the nearest one is {_nearest(name)}")
    bound = FIELDS.get(name) is None
    if bound:
        spec = Field(name, Role.COMPUTED, Kind.TIME)
        return Condition(name, (_Reader(spec, nullable=False, zone=zone)(given),))
    spec = _ENTRIES_OF_TAGS if name == _ENTRIES_OF_TAGS.name else FIELDS[name]
    negated = isinstance(given, dict)
    values = _values(_negation(given) if negated else given, _Reader(spec, spec.nullable, zone))
    return Condition(name, values, negated)


def _negation(given: object) -> object:
    if not isinstance(given, dict) or list(given) != [_NOT]:
        raise Wrong(ErrorCode.INVALID_VALUE, 'must be a value, a list, or {"not": value or list}')
    return given[_NOT]


def _values(given: object, reader: _Reader) -> tuple[Value, ...]:
    if not isinstance(given, list):
        return (reader(given),)
    if not given:
        raise Wrong(ErrorCode.INVALID_VALUE, "must not be empty")
    return tuple(read_list(given, reader))


def _nearest(name: str) -> str:
    return str(process.extractOne(name[:LONGEST_NAME], FILTERS.keys(), scorer=fuzz.ratio)[0])
