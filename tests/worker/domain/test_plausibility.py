"""What the shipped rules of plausibility remark on."""

from __future__ import annotations

from datetime import date

import pytest

from worker.domain.entities import Contract
from worker.domain.plausibility import SHIPPED, Asked, UnknownRuleError, find_rule

TODAY = date(2026, 7, 1)
REGISTERS = [{"lastReading": 10_000, "lastReadingDate": "2026-01-01"}]


def contract(**values: object) -> Contract:
    return Contract("746839", "83771", {"consumption": 3_000, "monthlyDeposit": 50, "registers": REGISTERS} | values)


def codes(rule: str, value: object, of: Contract | None = None) -> list[tuple[str, str]]:
    return [(info.code, info.type) for info in find_rule(rule).check(Asked(value, of, TODAY))]


def test_a_reading_below_the_last_one_warns() -> None:
    assert codes("meter_reading", 9_999.5, contract()) == [("READING_BELOW_LAST", "warning")]


def test_a_reading_is_held_against_what_the_contract_uses_in_that_time() -> None:
    assert codes("meter_reading", 11_500, contract()) == [("READING_PLAUSIBLE", "info")]
    assert codes("meter_reading", 13_500, contract()) == [("READING_HIGH", "warning")]


def test_a_reading_some_days_after_the_last_one_may_be_a_months_use() -> None:
    fresh = contract(registers=[{"lastReading": 10_000, "lastReadingDate": "2026-06-30"}])
    assert codes("meter_reading", 10_400, fresh) == [("READING_PLAUSIBLE", "info")]
    assert codes("meter_reading", 10_600, fresh) == [("READING_HIGH", "warning")]


@pytest.mark.parametrize(
    "registers",
    [None, [], [{}], [None], ["x"], REGISTERS * 2, [{"lastReading": "many"}], [{"lastReading": True}]],
)
def test_without_one_known_register_nothing_is_said_of_a_reading(registers: object) -> None:
    assert codes("meter_reading", 1, contract(registers=registers)) == []
    assert codes("meter_reading", 1) == []


def test_a_reading_whose_last_day_is_unknown_is_only_held_against_the_last_one() -> None:
    undated = contract(registers=[{"lastReading": 10_000, "lastReadingDate": "soon"}])
    assert codes("meter_reading", 99_999, undated) == []
    assert codes("meter_reading", 1, undated) == [("READING_BELOW_LAST", "warning")]


@pytest.mark.parametrize(
    ("value", "said"), [(25, []), (100, []), (24, ["DEPOSIT_FAR_OFF"]), (101, ["DEPOSIT_FAR_OFF"])]
)
def test_a_deposit_far_from_the_present_one_warns(value: int, said: list[str]) -> None:
    assert [code for code, _ in codes("deposit", value, contract())] == said


def test_a_deposit_of_nothing_is_an_error_even_without_a_contract() -> None:
    assert codes("deposit", 0) == [("DEPOSIT_NOT_POSITIVE", "error")]
    assert codes("deposit", 70) == []


def test_a_day_that_has_passed_warns_and_so_does_one_far_ahead() -> None:
    assert codes("wanted_day", "2026-06-30") == [("DAY_PASSED", "warning")]
    assert codes("wanted_day", "2026-07-01") == []
    assert codes("wanted_day", "2027-07-02") == []
    assert codes("wanted_day", "2027-07-03") == [("DAY_FAR_OFF", "warning")]


@pytest.mark.parametrize("rule", sorted(SHIPPED))
@pytest.mark.parametrize("value", [None, "", "soon", True, [], {}])
def test_no_rule_stumbles_over_a_value_of_another_type(rule: str, value: object) -> None:
    assert codes(rule, value, contract()) == []


def test_a_rule_that_nobody_knows_is_told_with_those_that_there_are() -> None:
    with pytest.raises(UnknownRuleError, match="deposit, meter_reading, wanted_day"):
        find_rule("meter")
