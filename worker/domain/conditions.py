"""Condition trees of tags and AI agents: their evaluation, and their check before they are loaded (contract section 4).

An unknown operand never matches, not even under a negating operator. Unknown is: a field that neither the page nor the
object has, every `customer.…` or `contract.…` while there is none, an operator or a value that means nothing, and a
pattern that runs too long. A field of the page that is absent in an object is null, which is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from difflib import get_close_matches

from worker.domain.entities import Contract, Customer, Ticket, Values
from worker.domain.fields import WRITABLE
from worker.domain.operators import MISSING, ORDERING, Operator, UnknownOperand, holds, problem
from worker.domain.words import ErrorCode, Priority

DEPTH = 20
"""How deep a tree may be nested; deeper ones are refused, and match nothing."""

TICKET_FIELDS = frozenset(WRITABLE) | frozenset(
    (
        "id tagIds ccEmails bccEmails replyCcEmails direction rawData customerLegitimationMessage "
        "createdAt modifiedAt closedAt"
    ).split()
)
"""The ticket's fields that a condition can read: the stored ones."""

_OPEN_FIELDS = frozenset({"additionalData", "rawData"})  # objects whose inside the page leaves open

_PAGE: Mapping[str, frozenset[str]] = {
    "customer": frozenset(
        "id emailMatches business company firstname lastname address phone email tags additionalData".split()
    ),
    "contract": frozenset(
        (
            "id orderId tenant customerId signupDate status statusCode statusCodeTitle energy energyTypeId "
            "energySubTypeId email firstname lastname deliveryAddress iban monthlyDeposit startDate endDate "
            "consumption counterNumber productId productName productCode campaignId salesChannelId unpaidDebt "
            "vatRate basePrice workingPrice billingAddress business phone gridOperatorName gridOperatorCode "
            "registers erpUrls rawData agentPreview tabPreview"
        ).split()
    ),
}

_RANKS: Mapping[str, Mapping[str, int]] = {"priority": {word: rank for rank, word in enumerate(Priority)}}
"""Words with an order of their own: low < medium < high < urgent."""

_STORED_AS = {"replyCcEmails": "ccEmails"}
_TEXTS = frozenset({"body", "bodyPlain"})
_JOINS: Mapping[str, Callable[[Iterable[bool]], bool]] = {"and": all, "or": any}
_LEAF_KEYS = frozenset({"field", "operator", "value"})
_UNKNOWN = object()


@dataclass(frozen=True, slots=True)
class Facts:
    """What conditions are asked about; the primary customer's and contract's objects are as on the page.

    `ticket` holds stored values by the page's names, with `id` and `tagIds`. Times in conditions that name no zone are
    read in `zone`.
    """

    ticket: Values
    customer: Mapping[str, object] | None = None
    contract: Mapping[str, object] | None = None
    zone: tzinfo = UTC


def facts_of(
    ticket: Ticket, customer: Customer | None = None, contract: Contract | None = None, zone: tzinfo = UTC
) -> Facts:
    """The facts of a ticket and its primary customer and contract."""
    return Facts(
        ticket={**ticket.values, "id": ticket.id, "tagIds": tuple(sorted(ticket.tags))},
        customer=None if customer is None else {"id": customer.id, **customer.values},
        contract=None if contract is None else {"id": contract.id, **contract.values},
        zone=zone,
    )


def matches(condition: object, facts: Facts) -> bool:
    """Whether a condition tree holds; what is malformed holds for nothing."""
    return _node_holds(condition, facts, DEPTH)


def _node_holds(node: object, facts: Facts, depth: int) -> bool:
    if not isinstance(node, Mapping) or depth == 0:
        return False
    for word, join in _JOINS.items():
        if word in node:
            children = node[word]
            well_formed = len(node) == 1 and isinstance(children, list | tuple) and bool(children)
            return well_formed and join(_node_holds(child, facts, depth - 1) for child in children)
    return _leaf_holds(node, facts)


def _leaf_holds(leaf: Mapping[str, object], facts: Facts) -> bool:
    field = leaf.get("field")
    operator = _operator(leaf.get("operator"))
    actual = _read(field, facts) if isinstance(field, str) else _UNKNOWN
    if operator is None or actual is _UNKNOWN:
        return False
    expected = leaf.get("value", MISSING)
    ranks = _RANKS.get(str(field))
    if ranks is not None and operator in ORDERING:
        actual, expected = ranks.get(_word(actual)), ranks.get(_word(expected))
    try:
        return holds(operator, actual, expected, facts.zone)
    except UnknownOperand:
        return False


def _operator(name: object) -> Operator | None:
    return Operator(name) if isinstance(name, str) and name in set(Operator) else None


def _word(value: object) -> str:
    return value.strip().casefold() if isinstance(value, str) else ""


def _read(path: str, facts: Facts) -> object:
    """The value that a field's dotted path names, or `_UNKNOWN`."""
    head, *rest = path.split(".")
    owner = {"customer": facts.customer, "contract": facts.contract}.get(head)
    if head in _PAGE:
        if owner is None or not rest:
            return _UNKNOWN
        found = _descend(owner, rest)
        return None if found is _UNKNOWN and len(rest) == 1 and rest[0] in _PAGE[head] else found
    if head not in TICKET_FIELDS:
        return _UNKNOWN
    head = _STORED_AS.get(head, head)
    if head in _TEXTS and facts.ticket.get("bodyClean"):
        head = "bodyClean"
    return _descend(facts.ticket.get(head), rest)


def _descend(value: object, keys: Sequence[str]) -> object:
    """The value below a path of keys; a list stands for what its elements have there."""
    if not keys:
        return value
    if isinstance(value, list | tuple):
        found = [below for below in (_descend(item, keys) for item in value) if below is not _UNKNOWN]
        return found or _UNKNOWN
    if not isinstance(value, Mapping):
        return _UNKNOWN
    # Names of mail headers (`rawData.headers.…`) differ in case from sender to sender.
    key = keys[0] if keys[0] in value else next((k for k in value if str(k).casefold() == keys[0].casefold()), None)
    return _UNKNOWN if key is None else _descend(value[key], keys[1:])


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a condition: where, with a code of contract section 2 and a message for people."""

    path: str
    code: ErrorCode
    message: str


def check_condition(tree: object, path: str = "condition") -> list[Problem]:
    """Everything that keeps a tree from meaning something, with paths such as `condition.and[0].operator`."""
    return _check(tree, path, DEPTH)


def _check(node: object, path: str, depth: int) -> list[Problem]:
    if not isinstance(node, Mapping):
        return [Problem(path, ErrorCode.INVALID_TYPE, "a condition is an object")]
    if depth == 0:
        return [Problem(path, ErrorCode.INVALID_VALUE, f"conditions are nested {DEPTH} deep at most")]
    joins = [word for word in _JOINS if word in node]
    if not joins:
        return _check_leaf(node, path)
    if len(node) > 1:
        message = "a condition is one of `and`, `or`, or `field` with `operator`, and nothing beside it"
        return [Problem(path, ErrorCode.CONFLICTING_FIELDS, message)]
    word, children = joins[0], node[joins[0]]
    if not isinstance(children, list | tuple) or not children:
        return [Problem(f"{path}.{word}", ErrorCode.INVALID_TYPE, "a list of conditions that is not empty is needed")]
    return [
        found for index, child in enumerate(children) for found in _check(child, f"{path}.{word}[{index}]", depth - 1)
    ]


def _check_leaf(leaf: Mapping[str, object], path: str) -> list[Problem]:
    problems = [
        Problem(f"{path}.{key}", ErrorCode.UNKNOWN_FIELD, "a condition has field, operator and value")
        for key in leaf
        if key not in _LEAF_KEYS
    ]
    field, operator = leaf.get("field"), _operator(leaf.get("operator"))
    if not isinstance(field, str):
        problems.append(Problem(f"{path}.field", ErrorCode.INVALID_TYPE, "the name of a field is needed"))
    elif not _can_be_read(field):
        problems.append(Problem(f"{path}.field", ErrorCode.UNKNOWN_FIELD, _unknown_field(field)))
    if operator is None:
        message = f"an operator is one of {', '.join(Operator)}"
        problems.append(Problem(f"{path}.operator", ErrorCode.INVALID_VALUE, message))
    elif wrong := problem(operator, leaf.get("value", MISSING)):
        problems.append(Problem(f"{path}.value", ErrorCode.INVALID_VALUE, wrong))
    return problems


def _can_be_read(path: str) -> bool:
    head, *rest = path.split(".")
    if head in _PAGE or head in _OPEN_FIELDS:
        return all(rest) and (bool(rest) or head in _OPEN_FIELDS)
    return head in TICKET_FIELDS and not rest


def _unknown_field(path: str) -> str:
    nearest = get_close_matches(path, sorted(TICKET_FIELDS), n=1)
    hint = f"; did you mean `{nearest[0]}`?" if nearest else ""
    return f"no field of a ticket, nor below `customer.` or `contract.`{hint}"
