"""Whether what an AI agent found can be true: rules by name, remarks as their answers (page: `infos`).

A rule beside the shipped ones is an entry point of the group `ticket_worker.plausibility` that loads as a `Rule`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from worker.domain.entities import Contract
from worker.domain.intents import Info
from worker.domain.plug_ins import plug_ins

GROUP = "ticket_worker.plausibility"

FAR = timedelta(days=366)
"""A wanted day that is further away is remarked on."""

STEP = 2
"""A new deposit this many times the old one, or as small a part of it, is remarked on."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A value in its field's type (a number, `YYYY-MM-DD`, a text), and what it is held against.

    `contract` is the ticket's, if it has one; `today` the day on which the message came in.
    """

    value: object
    contract: Contract | None
    today: date


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: the type of field that it is for (as in a definition), and what it remarks on a value."""

    type: str
    check: Callable[[Asked], Iterator[Info]]


class UnknownRuleError(Exception):
    """There is no such rule, or its plug-in is broken."""


def find_rule(name: str) -> Rule:
    """A rule by its name. Raises UnknownRuleError, which says what to do."""
    if rule := SHIPPED.get(name):
        return rule
    if name not in plug_ins(GROUP):
        raise UnknownRuleError(f"is no known rule: {', '.join(sorted((*SHIPPED, *plug_ins(GROUP))))}")
    return _loaded(name)


@cache
def _loaded(name: str) -> Rule:
    try:
        rule = plug_ins(GROUP)[name]()
    except Exception as error:
        raise UnknownRuleError(f"is a plug-in that cannot be loaded ({type(error).__name__})") from error
    if not isinstance(rule, Rule):
        raise UnknownRuleError("is a plug-in that is no `Rule`")
    return rule


def meter_reading(asked: Asked) -> Iterator[Info]:
    """A reading below the last one warns, as does more than twice what the contract's consumption lets expect.

    The last one is the contract's `registers[0].lastReading`, on `lastReadingDate`; of several registers nobody knows
    which was read.
    """
    last, on_day = _last_reading(asked.contract)
    value = _number(asked.value)
    if last is None or value is None:
        return
    if value < last:
        yield Info("READING_BELOW_LAST", "warning", "The reading is below the last one.")
        return
    yearly = _number(asked.contract.values.get("consumption")) if asked.contract else None
    if on_day is None or not yearly:
        return
    years = max((asked.today - on_day).days, 1) / 365
    if value - last > STEP * yearly * max(years, 1 / 12):
        yield Info("READING_HIGH", "warning", "Since the last reading far more was used than the contract expects.")
    else:
        yield Info("READING_PLAUSIBLE", "info", "The reading is plausible.")


def deposit(asked: Asked) -> Iterator[Info]:
    """A deposit that is not positive is an error; one far from the contract's `monthlyDeposit` warns."""
    value = _number(asked.value)
    if value is None:
        return
    if value <= 0:
        yield Info("DEPOSIT_NOT_POSITIVE", "error", "A deposit is more than nothing.")
        return
    old = _number(asked.contract.values.get("monthlyDeposit")) if asked.contract else None
    if old and not old / STEP <= value <= old * STEP:
        yield Info("DEPOSIT_FAR_OFF", "warning", "The deposit is less than half or more than twice the present one.")


def wanted_day(asked: Asked) -> Iterator[Info]:
    """A day that had passed when the message came warns, as does one more than a year ahead."""
    day = _day(asked.value)
    if day is None:
        return
    if day < asked.today:
        yield Info("DAY_PASSED", "warning", "The day had already passed when the message came in.")
    elif day - asked.today > FAR:
        yield Info("DAY_FAR_OFF", "warning", "The day is more than a year ahead.")


SHIPPED: Mapping[str, Rule] = {
    "meter_reading": Rule("number", meter_reading),
    "deposit": Rule("number", deposit),
    "wanted_day": Rule("date", wanted_day),
}


def _last_reading(contract: Contract | None) -> tuple[float | None, date | None]:
    registers = contract.values.get("registers") if contract else None
    if not isinstance(registers, list) or len(registers) != 1 or not isinstance(registers[0], Mapping):
        return None, None
    return _number(registers[0].get("lastReading")), _day(registers[0].get("lastReadingDate"))


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
