"""How a filter is read, from JSON and from a command line."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from worker.domain.entities import Value
from worker.operations.arguments import RefusedArguments
from worker.operations.where import read_terms, read_where
from worker.payload.wrong import LONGEST_LIST
from worker.storage.selection import FILTERS, Condition

BERLIN = ZoneInfo("Europe/Berlin")


def only(where: object) -> Condition:
    (condition,) = read_where(where, BERLIN).conditions
    return condition


def refused(where: object) -> dict[str, str]:
    with pytest.raises(RefusedArguments) as caught:
        read_where(where, BERLIN)
    return {error.field: error.code.value for error in caught.value.errors}


@pytest.mark.parametrize(
    ("name", "given", "stored"),
    [
        ("id", "12", 12),
        ("id", 12, 12),
        ("status", "open", "open"),
        ("spamStatus", None, None),
        ("customerId", 83771, "83771"),
        ("agentId", None, None),
        ("isEscalated", "true", True),
        ("isEscalated", False, False),
        ("tagIds", "4", 4),
        ("createdAfter", "2026-07-01 12:00:00", datetime(2026, 7, 1, 10, tzinfo=UTC)),
        ("modifiedBefore", "2026-07-01T12:00:00Z", datetime(2026, 7, 1, 12, tzinfo=UTC)),
        ("createdBefore", 1_800_000_000, datetime(2027, 1, 15, 8, tzinfo=UTC)),
    ],
)
def test_a_value_is_read_by_the_type_of_its_field(name: str, given: object, stored: Value) -> None:
    assert only({name: given}) == Condition(name, (stored,))


def test_a_list_means_one_of_them() -> None:
    assert only({"status": ["open", "pending"]}) == Condition("status", ("open", "pending"))
    assert only({"agentId": [3, None, "4"]}) == Condition("agentId", (3, None, 4))


@pytest.mark.parametrize("given", ["auto_spam", ["auto_spam"]])
def test_not_means_none_of_them(given: object) -> None:
    assert only({"spamStatus": {"not": given}}) == Condition("spamStatus", ("auto_spam",), negated=True)


def test_an_empty_filter_means_all() -> None:
    assert read_where({}, BERLIN).conditions == ()


@pytest.mark.parametrize("where", [None, [], "status=open", 7])
def test_a_filter_is_an_object(where: object) -> None:
    assert refused(where) == {"where": "invalid_type"}


@pytest.mark.parametrize(
    ("name", "given", "field", "code"),
    [
        ("status", "opne", "where.status", "invalid_value"),
        ("status", ["open", "opne", 5], "where.status[1]", "invalid_value"),
        ("status", [], "where.status", "invalid_value"),
        ("status", {"not": []}, "where.status", "invalid_value"),
        ("status", {"in": ["open"]}, "where.status", "invalid_value"),
        ("status", {"not": "open", "or": "closed"}, "where.status", "invalid_value"),
        ("status", {}, "where.status", "invalid_value"),
        ("status", None, "where.status", "null_not_allowed"),
        ("id", None, "where.id", "null_not_allowed"),
        ("id", 0, "where.id", "invalid_value"),
        ("id", 2**63, "where.id", "invalid_value"),
        ("id", True, "where.id", "invalid_type"),
        ("id", list(range(1, LONGEST_LIST + 2)), "where.id", "too_long"),
        ("customerId", "x" * 256, "where.customerId", "too_long"),
        ("customerId", "\0", "where.customerId", "invalid_value"),
        ("isEscalated", "yes", "where.isEscalated", "invalid_type"),
        ("isEscalated", 1, "where.isEscalated", "invalid_type"),
        ("isEscalated", None, "where.isEscalated", "null_not_allowed"),
        ("tagIds", None, "where.tagIds", "null_not_allowed"),
        ("tagIds", [4, "x"], "where.tagIds[1]", "invalid_type"),
        ("createdAfter", "2026-07-01", "where.createdAfter", "invalid_value"),
        ("createdAfter", None, "where.createdAfter", "null_not_allowed"),
        ("createdAfter", ["2026-07-01 12:00:00"], "where.createdAfter", "invalid_type"),
        ("createdAfter", {"not": "2026-07-01 12:00:00"}, "where.createdAfter", "invalid_type"),
        ("body", "x", "where.body", "unknown_field"),
        ("Status", "open", "where.Status", "unknown_field"),
    ],
)
def test_what_a_filter_does_not_take_is_told_with_code_and_path(
    name: str, given: object, field: str, code: str
) -> None:
    assert refused({name: given})[field] == code


def test_all_that_is_wrong_is_told_at_once() -> None:
    assert refused({"status": "x", "priority": "high", "agentId": "y", "nope": 1}) == {
        "where.status": "invalid_value",
        "where.agentId": "invalid_type",
        "where.nope": "unknown_field",
    }


def test_an_unknown_filter_is_told_with_the_nearest_one() -> None:
    with pytest.raises(RefusedArguments) as caught:
        read_where({"prioritty": "high"}, BERLIN)
    assert "priority" in caught.value.errors[0].message


@pytest.mark.parametrize("name", FILTERS)
def test_no_error_repeats_a_value(name: str) -> None:
    secret = "DE89370400440532013000" * 20
    with pytest.raises(RefusedArguments) as caught:
        read_where({name: [secret, {"x": secret}]}, BERLIN)
    assert secret[:22] not in str(caught.value) + repr(caught.value.errors)
    assert caught.value.__cause__ is None


def test_a_name_of_any_length_and_content_is_cut_and_cleaned() -> None:
    (field,) = refused({"x\n" * 1_000: 1})
    assert len(field) < 100
    assert "\n" not in field


@pytest.mark.parametrize(
    ("term", "name", "given"),
    [
        ("status=open", "status", "open"),
        ("status=open,pending", "status", ["open", "pending"]),
        ("spamStatus!=manual_spam", "spamStatus", {"not": "manual_spam"}),
        ("agentId=null", "agentId", None),
        ("agentId!=null", "agentId", {"not": None}),
        ("spamStatus!=auto_spam,null", "spamStatus", {"not": ["auto_spam", None]}),
        ('customerId=["a,b"]', "customerId", ["a,b"]),
        ('customerId="null"', "customerId", "null"),
        ("createdAfter=2026-07-01T12:00:00+02:00", "createdAfter", "2026-07-01T12:00:00+02:00"),
        ("customerId=a=b", "customerId", "a=b"),
        ("customerId=[", "customerId", "["),
    ],
)
def test_a_word_of_a_command_line_is_a_filter(term: str, name: str, given: object) -> None:
    assert read_terms([term]) == {name: given}


def test_words_of_a_command_line_join() -> None:
    assert read_terms(["status=open", "priority=high"]) == {"status": "open", "priority": "high"}
    assert read_terms([]) == {}


@pytest.mark.parametrize("term", ["status", "=open", "!=open", ""])
def test_a_word_without_a_field_and_a_value_is_refused(term: str) -> None:
    with pytest.raises(RefusedArguments) as caught:
        read_terms(["priority=high", term])
    assert [(error.code.value, error.field) for error in caught.value.errors] == [("invalid_value", "where[1]")]


def test_a_field_named_again_is_refused() -> None:
    with pytest.raises(RefusedArguments) as caught:
        read_terms(["status=open", "status!=closed"])
    assert [(error.code.value, error.field) for error in caught.value.errors] == [("conflicting_fields", "where[1]")]
