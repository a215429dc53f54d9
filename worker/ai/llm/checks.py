"""What of a model's answer is believed: known ids, known fields with values of their types, short summaries."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import date

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from schwifty import IBAN
from schwifty.exceptions import SchwiftyException

from worker.ai.embedded.markup import tidy
from worker.ai.llm.answers import AgentChoice, AgentChoices, TagChoices
from worker.ai.protocol import Finding, TagMatch
from worker.domain.entities import AiAgent, Tag
from worker.domain.intents import missing_fields

LONGEST_SUMMARY = 500  # characters
_LONGEST_VALUE = 500
_LARGEST_NUMBER = 2**53  # beyond it JSON's readers disagree
_LIKELY = 0.5  # confidence from which a choice counts


def summary_of(text: str) -> str | None:
    """One line of bounded length."""
    line = _line(text)
    return (line if len(line) <= LONGEST_SUMMARY else f"{line[: LONGEST_SUMMARY - 1].rstrip()}…") or None


def _line(text: str) -> str:
    """Without what nobody sees: PostgreSQL takes no NUL, and a terminal obeys the rest."""
    return " ".join(tidy(text).split())


def tags_of(answer: TagChoices, candidates: Sequence[Tag]) -> list[TagMatch]:
    """Likely candidates, surest first."""
    known = {tag.id for tag in candidates}
    best: dict[int, float] = {}
    for choice in answer.tags:
        if choice.id in known and choice.confidence >= _LIKELY:
            best[choice.id] = max(choice.confidence, best.get(choice.id, 0.0))
    return [TagMatch(tag_id, sure) for tag_id, sure in sorted(best.items(), key=lambda item: (-item[1], item[0]))]


def findings_of(answer: AgentChoices, candidates: Sequence[AiAgent]) -> list[Finding]:
    """At most one finding a likely candidate, in the order of the candidates."""
    chosen = {choice.id: choice for choice in reversed(answer.agents) if choice.confidence >= _LIKELY}
    return [_finding(agent, chosen[agent.id]) for agent in candidates if agent.id in chosen]


def _finding(agent: AiAgent, choice: AgentChoice) -> Finding:
    given = {value.name: value.value for value in reversed(choice.fields)}
    read = {field.name: _read(field.type, given[field.name]) for field in agent.fields if field.name in given}
    data = {name: value for name, value in read.items() if value is not None}
    return Finding(agent.id, round(choice.confidence, 2), data, missing_fields(agent, data))


def _read(kind: str, value: bool | float | str) -> object | None:  # noqa: FBT001 - a JSON value
    """The value in its field's type; None when it is none of that type."""
    try:
        return _READERS.get(kind, _text)(value)
    except (ValueError, SchwiftyException, EmailNotValidError, phonenumbers.NumberParseException):
        return None


def _number(value: bool | float | str) -> object | None:  # noqa: FBT001
    number = math.nan if isinstance(value, bool) else float(value)
    if not abs(number) <= _LARGEST_NUMBER:  # nor is it a number at all, or finite
        return None
    return int(number) if number.is_integer() else number


def _boolean(value: bool | float | str) -> object | None:  # noqa: FBT001
    return value if isinstance(value, bool) else {"true": True, "false": False}.get(str(value).strip().lower())


def _text(value: bool | float | str) -> object | None:  # noqa: FBT001
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return _line(str(value))[:_LONGEST_VALUE] or None


def _email(value: bool | float | str) -> object | None:  # noqa: FBT001
    return validate_email(str(value).strip(), check_deliverability=False).normalized


def _phone(value: bool | float | str) -> object | None:  # noqa: FBT001
    number = phonenumbers.parse(str(value), "DE")
    valid = phonenumbers.is_valid_number(number)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if valid else None


_READERS: dict[str, Callable[[bool | float | str], object | None]] = {
    "number": _number,
    "boolean": _boolean,
    "date": lambda value: date.fromisoformat(str(value).strip()).isoformat(),
    "iban": lambda value: str(IBAN(str(value))),
    "email": _email,
    "phone": _phone,
}
