"""Condition trees, evaluated and checked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.domain.conditions import DEPTH, TICKET_FIELDS, Facts, check_condition, facts_of, matches
from worker.domain.entities import Contract, Customer, Ticket
from worker.domain.operators import Operator
from worker.domain.words import ErrorCode, TagSource

TICKET = Ticket(
    id=7,
    version=1,
    values={
        "channel": "email",
        "priority": "high",
        "subject": "Zählerstand",
        "spamStatus": None,
        "to": ["service@energy.example", "info@energy.example"],
        "body": "<p>alt</p>",
        "bodyPlain": "neu und Zitat",
        "bodyClean": "neu",
        "ccEmails": ["cc@energy.example"],
        "createdAt": datetime(2026, 3, 1, 12, tzinfo=UTC),
        "isEscalated": False,
        "additionalData": {"source": "app", "items": [{"kind": "a"}, {"kind": "b"}]},
        "rawData": {"headers": {"List-Id": ["news"], "X-Score": "9"}},
    },
    tags={62: TagSource.RULE, 61: TagSource.MANUAL},
)
CONTRACT = Contract("746839", "83771", {"energy": "gas", "monthlyDeposit": 53})
CUSTOMER = Customer(
    "83771", {"id": 83771, "lastname": "Mustermann", "business": False, "tags": [{"id": 2, "name": "VIP"}]}, (CONTRACT,)
)
FACTS = facts_of(TICKET, CUSTOMER, CONTRACT)
ALONE = facts_of(TICKET)

TRUE = {"field": "channel", "operator": "Equal", "value": "email"}
FALSE = {"field": "channel", "operator": "Equal", "value": "chat"}


def leaf(field: str, operator: str, value: object = None) -> dict[str, object]:
    return {"field": field, "operator": operator, "value": value}


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (TRUE, True),
        (FALSE, False),
        ({"and": [TRUE, TRUE]}, True),
        ({"and": [TRUE, FALSE]}, False),
        ({"or": [FALSE, TRUE]}, True),
        ({"or": [FALSE, FALSE]}, False),
        ({"and": [TRUE, {"or": [FALSE, {"and": [TRUE]}]}]}, True),
    ],
)
def test_a_tree_joins_its_conditions(tree: Mapping[str, object], *, expected: bool) -> None:
    assert matches(tree, FACTS) is expected
    assert check_condition(tree) == []


@pytest.mark.parametrize(
    "condition",
    [
        leaf("id", "Equal", "7"),
        leaf("tagIds", "In", [62, 99]),
        leaf("tagIds", "NotEqual", 5),
        leaf("to", "Like", "info@"),
        leaf("replyCcEmails", "Equal", "cc@energy.example"),
        leaf("spamStatus", "NotIn", ["auto_spam", "auto_programmatic", "manual_spam"]),
        leaf("createdAt", "GreaterThan", "2026-02-28 23:59:59"),
        leaf("isEscalated", "Equal", value=False),
        leaf("summary", "IsNull"),
        leaf("additionalData.source", "Equal", "app"),
        leaf("additionalData.items.kind", "Equal", "b"),
        leaf("rawData.headers.list-id", "Equal", "news"),
        leaf("customer.id", "Equal", 83771),
        leaf("customer.lastname", "Like", "muster%"),
        leaf("customer.tags.name", "Equal", "vip"),
        leaf("customer.company", "IsNull"),
        leaf("contract.id", "Equal", 746839),
        leaf("contract.monthlyDeposit", "LessThanEqual", 53),
        leaf("contract.endDate", "IsNull"),
    ],
)
def test_fields_of_ticket_customer_and_contract_can_be_read(condition: Mapping[str, object]) -> None:
    assert matches(condition, FACTS)
    assert check_condition(condition) == []


@pytest.mark.parametrize("field", ["body", "bodyPlain", "bodyClean"])
def test_conditions_on_text_read_the_cleaned_text_when_there_is_one(field: str) -> None:
    assert matches(leaf(field, "Equal", "neu"), FACTS)


@pytest.mark.parametrize(("field", "text"), [("body", "<p>alt</p>"), ("bodyPlain", "neu und Zitat")])
def test_conditions_on_text_read_the_text_itself_when_none_was_cleaned(field: str, text: str) -> None:
    uncleaned = Facts({**TICKET.values, "bodyClean": None})
    assert matches(leaf(field, "Equal", text), uncleaned)


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("GreaterThan", "medium", True),
        ("GreaterThanEqual", "High", True),
        ("LessThan", "urgent", True),
        ("GreaterThan", "urgent", False),
        ("LessThan", "low", False),
        ("LessThan", "extreme", False),
        ("GreaterThan", "extreme", False),
    ],
)
def test_priorities_have_their_own_order(operator: str, value: str, *, expected: bool) -> None:
    assert matches(leaf("priority", operator, value), FACTS) is expected


VALUES: Mapping[Operator, object] = {
    Operator.IN: ["x"],
    Operator.NOT_IN: ["x"],
    Operator.GREATER_THAN: 1,
    Operator.LESS_THAN: 1,
}


@pytest.mark.parametrize("operator", Operator)
@pytest.mark.parametrize(
    "field", ["customer.business", "contract.energy", "nonsense", "customer", "contract", "subject.x", "agent", "", "."]
)
def test_an_unknown_operand_matches_under_no_operator(field: str, operator: Operator) -> None:
    assert not matches(leaf(field, operator, VALUES.get(operator, "x")), ALONE)


@pytest.mark.parametrize("operator", Operator)
@pytest.mark.parametrize("field", ["customer.tier", "contract.colour", "additionalData.none", "rawData.headers.None"])
def test_a_key_that_an_object_does_not_have_matches_under_no_operator(field: str, operator: Operator) -> None:
    assert not matches(leaf(field, operator, VALUES.get(operator, "x")), FACTS)


@given(
    st.text(max_size=12).filter(lambda name: name.split(".")[0] not in TICKET_FIELDS),
    st.sampled_from(Operator),
    st.none() | st.integers() | st.text(max_size=5) | st.lists(st.text(max_size=5), max_size=3),
)
def test_no_field_of_any_other_name_ever_matches(field: str, operator: Operator, value: object) -> None:
    assert not matches(leaf(field, operator, value), ALONE)


@pytest.mark.parametrize(
    "tree",
    [
        None,
        [],
        "channel",
        {},
        {"and": []},
        {"or": []},
        {"and": TRUE},
        {"and": [TRUE], "or": [TRUE]},
        {"and": [TRUE], **TRUE},
        {"or": [None, []]},
        {"field": "channel", "operator": "Resembles", "value": "email"},
        {"field": "channel", "operator": "equal", "value": "email"},
        {"field": "channel", "operator": ["Equal"], "value": "email"},
        {"field": "channel", "operator": "NotEqual"},
        {"field": ["channel"], "operator": "NotEqual", "value": "chat"},
        {"operator": "NotEqual", "value": "chat"},
        {"field": "channel", "value": "email"},
        {"field": "channel", "operator": "NotIn", "value": "chat"},
        {"field": "subject", "operator": "RegEx", "value": "("},
    ],
)
def test_what_is_malformed_matches_nothing_and_is_refused_by_the_check(tree: object) -> None:
    assert not matches(tree, FACTS)
    assert check_condition(tree)


def nested(levels: int) -> Mapping[str, object]:
    tree: dict[str, object] = dict(TRUE)
    for _ in range(levels - 1):
        tree = {"and": [tree]}
    return tree


def test_a_tree_of_the_greatest_depth_is_evaluated() -> None:
    assert matches(nested(DEPTH), FACTS)
    assert check_condition(nested(DEPTH)) == []


def test_a_deeper_tree_matches_nothing_and_is_refused() -> None:
    assert not matches(nested(DEPTH + 1), FACTS)
    assert [problem.code for problem in check_condition(nested(5_000))] == [ErrorCode.INVALID_VALUE]


@pytest.mark.parametrize(
    ("tree", "path", "code"),
    [
        ([], "condition", ErrorCode.INVALID_TYPE),
        ({"and": {}}, "condition.and", ErrorCode.INVALID_TYPE),
        ({"or": []}, "condition.or", ErrorCode.INVALID_TYPE),
        ({"and": [TRUE], "or": [TRUE]}, "condition", ErrorCode.CONFLICTING_FIELDS),
        ({"or": [TRUE], "field": "channel"}, "condition", ErrorCode.CONFLICTING_FIELDS),
        ({"and": [TRUE, {"or": [5]}]}, "condition.and[1].or[0]", ErrorCode.INVALID_TYPE),
        ({**TRUE, "values": []}, "condition.values", ErrorCode.UNKNOWN_FIELD),
        ({**TRUE, "field": None}, "condition.field", ErrorCode.INVALID_TYPE),
        ({**TRUE, "field": "chanel"}, "condition.field", ErrorCode.UNKNOWN_FIELD),
        ({**TRUE, "field": "customer"}, "condition.field", ErrorCode.UNKNOWN_FIELD),
        ({**TRUE, "field": "customer."}, "condition.field", ErrorCode.UNKNOWN_FIELD),
        ({**TRUE, "field": "subject.x"}, "condition.field", ErrorCode.UNKNOWN_FIELD),
        ({**TRUE, "operator": "Is"}, "condition.operator", ErrorCode.INVALID_VALUE),
        ({**TRUE, "operator": "In"}, "condition.value", ErrorCode.INVALID_VALUE),
        ({"field": "channel", "operator": "Equal"}, "condition.value", ErrorCode.INVALID_VALUE),
        ({**TRUE, "operator": "RegEx", "value": "(a"}, "condition.value", ErrorCode.INVALID_VALUE),
    ],
)
def test_the_check_names_the_place_and_the_kind_of_a_problem(tree: object, path: str, code: ErrorCode) -> None:
    assert [(problem.path, problem.code) for problem in check_condition(tree)] == [(path, code)]


def test_the_check_reports_all_problems_at_once() -> None:
    tree = {"and": [{"field": "chanel", "operator": "Is", "value": 1}, 5]}
    assert [problem.path for problem in check_condition(tree, "tags[0].condition")] == [
        "tags[0].condition.and[0].field",
        "tags[0].condition.and[0].operator",
        "tags[0].condition.and[1]",
    ]


def test_the_check_names_the_nearest_field() -> None:
    assert "`channel`" in check_condition({**TRUE, "field": "chanel"})[0].message


def test_null_checks_need_no_value() -> None:
    assert check_condition({"field": "spamStatus", "operator": "IsNull"}) == []
