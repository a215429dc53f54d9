"""Numbers as Germans and English speakers write them: `12.345,6`, `12,345.6`, `12 345`, `12'345`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

import regex

_NUMBER = regex.compile(
    r"""(?x) (?<![\w.,/:@#+\-]) -?
    (?: \d{1,3} (?: [ .,'’\u202f\u00a0] \d{3} )++ (?: [.,] \d{1,4} )? (?! [.,]?\d | [ '’]\d{3} )
      | \d{1,12} (?: [.,] \d{1,4} )? )
    (?! \d | [.,/:\-]\d | \p{L}{1,6}\d )
    """
)
_UNITS = {
    "energy": r"[km]wh|m³|m3|m\^3|cbm|kubik(?:meter)?|cubic met(?:er|re)s?",
    "money": r"€|eur|euros?",
    "share": r"%|prozent|percent",
    "price": r"ct|cents?",
    "power": r"kw",
    "area": r"m²|qm|quadratmeter|square met(?:er|re)s?",
    "people": r"personen|people|persons",
    "time": r"monat\w*|months?|jahr\w*|years?|wochen?|weeks?|tag\w*|days?|uhr|stunden?|hours?|min\w*",
    "floor": r"og|stock|etage",
}
_UNIT = regex.compile(rf"(?i)\s{{0,2}}(?:{'|'.join(f'(?P<{kind}>{units})' for kind, units in _UNITS.items())})(?!\w)")
_ALTERNATIVE = regex.compile(r"(?i)\s(?:statt|auf|bis|oder|instead of|to|or|and|und|-)\s")
_CURRENCY_BEFORE = regex.compile(r"(?:€|eur|euro)\s{0,2}$", regex.IGNORECASE)
_THOUSANDS = regex.compile(r"\d{1,3}(?:([.,'’ \u202f\u00a0])\d{3})(?:\1\d{3})*+")
_GROUPING = str.maketrans("", "", " '’\u202f\u00a0")


@dataclass(frozen=True, slots=True)
class Number:
    """A number and where it stands; `kind` is what its unit measures (a key of `_UNITS`), empty without a unit."""

    value: int | float
    start: int
    end: int
    kind: str = ""
    digits: int = 0


def find(text: str, language: str | None = None) -> Iterator[Number]:
    """The numbers of a text in order; `language` (`en` or not) settles what `12,345` means."""
    matches = list(_NUMBER.finditer(text))
    for match, following in zip_longest(matches, matches[1:]):
        value = parse(match[0], language)
        if value is not None:
            kind = _kind(text, match)
            if not kind and following and _ALTERNATIVE.fullmatch(text, match.end(), following.start()):
                kind = _kind(text, following)  # `85 statt 71 €`
            digits = sum(letter.isdigit() for letter in match[0])
            yield Number(value, match.start(), match.end(), kind, digits)


def parse(written: str, language: str | None = None) -> int | float | None:
    """The value of a written number; an int when it is whole. None when it is no number."""
    text = written.strip().translate(_GROUPING)
    decimal = _decimal_mark(text, written, language)
    for mark in ".,":
        if mark != decimal:
            text = text.replace(mark, "")
    try:
        value = float(text.replace(decimal, ".") if decimal else text)
    except ValueError:
        return None
    return int(value) if value.is_integer() else value


def _decimal_mark(text: str, written: str, language: str | None) -> str:
    """The character before the fraction; empty when there is none."""
    if "." in text and "," in text:
        return max(".,", key=text.rfind)
    mark = next((mark for mark in ".," if mark in text), "")
    if not mark or text.count(mark) > 1:
        return ""
    thousands = _THOUSANDS.fullmatch(written.strip().lstrip("-"))
    if thousands is None or text.lstrip("-").startswith("0"):
        return mark
    # One mark and three digits behind it: a group of thousands, unless the language says it is the decimal mark.
    return mark if (mark == ".") == (language == "en") and mark == "," else ""


def _kind(text: str, number: regex.Match[str]) -> str:
    unit = _UNIT.match(text, number.end())
    if unit:
        return unit.lastgroup or ""
    return "money" if _CURRENCY_BEFORE.search(text, max(0, number.start() - 6), number.start()) else ""
