"""Dates in German and English text, absolute and relative to the day the message came in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import regex

from worker.ai.embedded import date_forms

_CONTEXT = 40  # characters before a date that say what it is

_BIRTH_CUE = regex.compile(
    r"(?i)(?:\bgeb(?:\.|oren)?(?: am)?|geburts(?:datum|tag)\w*|\bborn(?: on)?|\bdate of birth|\bdob)\W{0,4}(?:ist "
    r"|der |is )?$"
)
_APPOSITION = regex.compile(r"(?i)\s*[,(]?\s*(?:(?:am|den|dem|the|on)\s+)?")
_PART_OF_MONTH = regex.compile(r"(?i)anfang|mitte|ende?\b|beginning|start|early|mid")
_NEAR = 40  # characters between two dates of which the second makes the first one exact
_LETTER_CUE = regex.compile(
    r"(?i)\b(?:schreiben|brief|rechnung|mail|nachricht|mahnung|abrechnung|erinnerung|letter|invoice|bill|email"
    r"|e-mail|message|reminder|notice)\s(?:vom|of|from|dated)\s(?:the\s)?$"
)


@dataclass(frozen=True, slots=True)
class Found:
    """A date and where it stands.

    `role` is `birth` for a date of birth, `reference` for the date of another letter (`Ihre Rechnung vom 3.5.`),
    else empty.
    """

    value: date
    start: int
    end: int
    role: str = ""


def find(text: str, today: date) -> list[Found]:
    """The dates of a text in order of appearance, not overlapping; impossible ones are left out."""
    found: list[Found] = []
    taken = bytearray(len(text))
    for pattern, read in date_forms.FORMS:
        for match in pattern.finditer(text):
            if any(taken[match.start() : match.end()]):
                continue
            before = text[max(0, match.start() - _CONTEXT) : match.start()]
            value = read(match, today, before)
            if value is not None:
                taken[match.start() : match.end()] = b"\1" * (match.end() - match.start())
                found.append(Found(value, match.start(), match.end(), _role(before)))
    found.sort(key=lambda each: each.start)
    return [each for each, after in pairwise([*found, None]) if each and not (after and _restates(text, each, after))]


def _restates(text: str, first: Found, second: Found) -> bool:
    """Whether the second date says the first again: `Saturday, 7 November`, `Mitte Mai, genauer am 14.5.`."""
    written, between = text[first.start : first.end], text[first.end : second.start]
    if any(letter.isdigit() for letter in written):
        return False
    same_month = first.value.replace(day=1) == second.value.replace(day=1)
    made_exact = same_month and len(between) <= _NEAR and _PART_OF_MONTH.match(written)
    return bool(made_exact or _APPOSITION.fullmatch(between))


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Where numeric dates and times stand, whatever they mean: what other readers must not take for numbers."""
    for pattern in (date_forms.NUMERIC, date_forms.ISO, date_forms.SHORT, date_forms.TIME):
        for match in pattern.finditer(text):
            yield match.span()


def _role(before: str) -> str:
    if _BIRTH_CUE.search(before):
        return "birth"
    return "reference" if _LETTER_CUE.search(before) else ""
