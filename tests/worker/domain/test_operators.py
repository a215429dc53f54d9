"""When an operator holds for a known value."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.domain.operators import MISSING, ORDERING, Operator, UnknownOperand, compiled, holds, problem

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("operator", "actual", "expected"),
    [
        ("Equal", "email", "EMAIL"),
        ("Equal", "Za\u0308hler", "zähler"),
        ("Equal", "746839", 746839),
        ("Equal", 746839, "746839"),
        ("Equal", 1.5, "1.50"),
        ("Equal", True, "true"),
        ("Equal", None, None),
        ("Equal", NOON, "2026-03-01 12:00:00"),
        ("Equal", NOON, "2026-03-01T13:00:00+01:00"),
        ("Equal", NOON, int(NOON.timestamp())),
        ("NotEqual", "email", "chat"),
        ("NotEqual", None, "chat"),
        ("NotEqual", "007", "7"),
        ("NotEqual", 5, "five"),
        ("NotEqual", True, 1),
        ("NotEqual", "email", None),
        ("In", "email", ["chat", "Email"]),
        ("In", None, [None, "auto_clean"]),
        ("In", 5, ["5", "6"]),
        ("NotIn", None, ["auto_spam", "manual_spam"]),
        ("NotIn", "chat", ["email"]),
        ("Like", "Mein Zähler steht still", "zähler"),
        ("Like", "meter reading", "METER%"),
        ("Like", "meter\nreading", "m%g"),
        ("Like", "meter", "m_ter"),
        ("Like", "100% sure", r"100\%%"),
        ("Like", "a_b", r"a\_b"),
        ("Like", "abcabc", "a%b%c"),
        ("Like", "(a+b)", "(a+b)"),
        ("Like", 4711, "47%"),
        ("Like", NOON, "2026-03-%"),
        ("NotLike", None, "a"),
        ("NotLike", "meters", "m_ter"),
        ("NotLike", "a", "a%a"),
        ("NotLike", "abd", "a%b%c"),
        ("GreaterThan", 10, 9),
        ("GreaterThan", "10", "9"),
        ("GreaterThan", "b", "A"),
        ("GreaterThan", NOON, "2026-03-01"),
        ("GreaterThanEqual", 9, "9"),
        ("LessThan", 9.5, "10"),
        ("LessThan", 1661990400, "2026-01-01 00:00:00"),
        ("LessThanEqual", NOON, "2026-03-01 12:00:00"),
        ("LessThan", "2026-03-01T12:00:00+02:00", "2026-03-01 11:00:00"),
        ("IsNull", None, MISSING),
        ("IsNotNull", "", MISSING),
        ("RegEx", "Straße und STROM", "straße.*strom"),
        ("RegEx", "Kundennummer 4711", r"\d{4}$"),
        ("RegEx", 4711, "^47"),
    ],
)
def test_the_operator_holds(operator: str, actual: object, expected: object) -> None:
    assert holds(Operator(operator), actual, expected)


@pytest.mark.parametrize(
    ("operator", "actual", "expected"),
    [
        ("Equal", None, "a"),
        ("Equal", "a", None),
        ("Equal", True, 1),
        ("Equal", "yes", True),
        ("Equal", NOON, "noon"),
        ("NotEqual", None, None),
        ("In", None, ["auto_spam"]),
        ("NotIn", None, [None]),
        ("Like", None, "%"),
        ("Like", "meter", "eter_"),
        ("GreaterThan", None, 0),
        ("LessThan", None, 0),
        ("GreaterThan", "unknown", "3000"),
        ("LessThan", 5, "abc"),
        ("GreaterThan", True, 0),
        ("GreaterThan", 9, 9),
        ("LessThan", 9, 9),
        ("GreaterThan", float("nan"), 0),
        ("IsNull", "", MISSING),
        ("IsNull", [], MISSING),
        ("IsNotNull", None, MISSING),
        ("RegEx", None, ".*"),
        ("RegEx", "strom", "^gas"),
    ],
)
def test_the_operator_does_not_hold(operator: str, actual: object, expected: object) -> None:
    assert not holds(Operator(operator), actual, expected)


@pytest.mark.parametrize(
    ("operator", "expected"),
    [("Equal", "b"), ("In", ["b", "c"]), ("Like", "b%"), ("RegEx", "^b$"), ("GreaterThan", "a")],
)
def test_a_list_meets_an_operator_when_one_element_does(operator: str, expected: object) -> None:
    assert holds(Operator(operator), ["a", "b"], expected)
    assert not holds(Operator(operator), ["a", "A"], expected)


@pytest.mark.parametrize(("operator", "expected"), [("NotEqual", "b"), ("NotIn", ["b"]), ("NotLike", "b")])
def test_a_list_meets_a_negating_operator_when_no_element_is_meant(operator: str, expected: object) -> None:
    assert holds(Operator(operator), ["a", "c"], expected)
    assert not holds(Operator(operator), ["a", "b"], expected)


@pytest.mark.parametrize(("operator", "expected"), [("NotEqual", 1), ("NotIn", [1]), ("NotLike", "1")])
def test_an_empty_list_meets_the_negating_operators(operator: str, expected: object) -> None:
    assert holds(Operator(operator), [], expected)


def test_a_time_without_a_zone_is_read_in_the_zone_handed_in() -> None:
    berlin = timezone(timedelta(hours=1))
    assert holds(Operator.EQUAL, NOON, "2026-03-01 13:00:00", berlin)


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("Equal", MISSING),
        ("NotEqual", MISSING),
        ("NotEqual", ["a"]),
        ("NotEqual", {}),
        ("NotIn", "a"),
        ("NotIn", []),
        ("NotIn", [["a"]]),
        ("NotLike", ""),
        ("NotLike", 5),
        ("GreaterThan", None),
        ("LessThan", False),
        ("RegEx", "("),
        ("RegEx", ""),
        ("RegEx", "a" * 1_001),
    ],
)
def test_a_value_that_an_operator_cannot_use_is_an_unknown_operand(operator: str, expected: object) -> None:
    assert problem(Operator(operator), expected)
    with pytest.raises(UnknownOperand):
        holds(Operator(operator), "a", expected)


@pytest.mark.parametrize("operator", [Operator.EQUAL, Operator.NOT_EQUAL, Operator.NOT_LIKE])
def test_an_object_cannot_be_compared(operator: Operator) -> None:
    with pytest.raises(UnknownOperand):
        holds(operator, {"a": 1}, "a")


def test_an_object_is_not_null() -> None:
    assert holds(Operator.IS_NOT_NULL, {}, MISSING)


def test_a_pattern_that_runs_too_long_is_an_unknown_operand() -> None:
    started = time.monotonic()
    with pytest.raises(UnknownOperand):
        holds(Operator.REGEX, "a" * 5_000 + "c", "(a+)+(a+)+$")
    assert time.monotonic() - started < 2


def test_a_pattern_sees_a_bounded_part_of_a_text() -> None:
    assert not holds(Operator.REGEX, "a" * 100_000 + "b", "b")


@pytest.mark.parametrize("pattern", ["(?:(?:(?:a{999}){999}){999}){9}b", "a{999999999}", "(" * 900])
def test_a_pattern_that_would_eat_all_memory_is_not_compiled(pattern: str) -> None:
    assert compiled(pattern) is None


def test_a_usual_long_pattern_is_compiled() -> None:
    assert compiled(r"DE\d{2}\s?\d{4}\s?\d{4}\s?\d{4}\s?\d{4}\s?\d{2}") is not None


def test_a_like_pattern_cannot_backtrack() -> None:
    started = time.monotonic()
    assert not holds(Operator.LIKE, "a" * 20_000, "%a" * 30 + "b%c")
    assert time.monotonic() - started < 2


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.datetimes(timezones=st.just(UTC))
)
OPPOSITES = [
    (Operator.EQUAL, Operator.NOT_EQUAL),
    (Operator.LIKE, Operator.NOT_LIKE),
    (Operator.IN, Operator.NOT_IN),
    (Operator.IS_NULL, Operator.IS_NOT_NULL),
]


@given(st.sampled_from(OPPOSITES), SCALARS | st.lists(SCALARS, max_size=3), SCALARS)
def test_of_two_opposite_operators_exactly_one_holds_for_known_operands(
    opposites: tuple[Operator, Operator], actual: object, expected: object
) -> None:
    positive, negative = opposites
    value = [expected] if positive is Operator.IN else expected
    if problem(positive, value) is None:
        assert holds(positive, actual, value) is not holds(negative, actual, value)


@given(st.sampled_from(sorted(ORDERING)), SCALARS)
def test_nothing_is_greater_or_less_than_null(operator: Operator, expected: object) -> None:
    if problem(operator, expected) is None:
        assert not holds(operator, None, expected)


@given(st.text(max_size=30), st.text(max_size=30))
def test_a_text_is_like_every_part_of_itself_without_wildcards(text: str, more: str) -> None:
    part = "".join(sign for sign in text if sign.isascii() and sign.isalnum())
    if part:
        assert holds(Operator.LIKE, f"{more} {part} {more}", part)
