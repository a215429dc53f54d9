"""Numbers as Germans and English speakers write them: `12.345,6`, `12,345.6`, `12 345`, `12'345`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import regex

_NUMBER = regex.compile(
    r"""(?x) (?<![\w.,/:@#+\-]) -?
    (?: \d{1,3} (?: [ .,'’\u202f\u00a0] \d{3} )++ (?: [.,] \d{1,4} )? (?! [.,]?\d | [ '’]\d{3} )
      | \d{1,12} (?: [.,] \d{1,4} )? )
    (?! \d | [.,/:\-]\d | \p{L}{1,6}\d )
    """
)
_UNIT = regex.compile(
    r"\s{0,2}(?P<unit>kwh|mwh|kw|m³|m3|m\^3|cbm|kubikmeter|kubik|cubic met(?:er|re)s?|€|euro?s?|eur|%|prozent"
    r"|percent|ct|cent|personen|people"
    r"|persons|monat\w*|months?|jahr\w*|years?|wochen?|weeks?|tag\w*|days?|uhr|stunden?|hours?|min\w*|og|stock"
    r"|etage)(?![\w²])",
    regex.IGNORECASE,
)
_CURRENCY_BEFORE = regex.compile(r"(?:€|eur|euro)\s{0,2}$", regex.IGNORECASE)
_THOUSANDS = regex.compile(r"\d{1,3}(?:([.,'’ \u202f\u00a0])\d{3})(?:\1\d{3})*+")
_GROUPING = str.maketrans("", "", " '’\u202f\u00a0")

_KINDS = {
    "energy": "kwh mwh m³ m3 m^3 cbm kubikmeter kubik cubic",
    "money": "€ euro euros eur eu",
    "share": "% prozent percent",
    "price": "ct cent",
    "power": "kw",
    "people": "personen people persons",
    "time": "monat month months jahr year years woche wochen week weeks tag day days uhr stunde stunden hour hours min"
    " og stock etage",
}
_KIND_OF_UNIT = {unit: kind for kind, units in _KINDS.items() for unit in units.split()}


@dataclass(frozen=True, slots=True)
class Number:
    """A number and where it stands; `kind` tells its unit: energy, money, share, price, power, people, time or none."""

    value: int | float
    start: int
    end: int
    kind: str = ""
    digits: int = 0


def find(text: str, language: str | None = None) -> Iterator[Number]:
    """The numbers of a text in order; `language` (`en` or not) settles what `12,345` means."""
    for match in _NUMBER.finditer(text):
        value = parse(match[0], language)
        if value is not None:
            digits = sum(letter.isdigit() for letter in match[0])
            yield Number(value, match.start(), match.end(), _kind(text, match.start(), match.end()), digits)


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


def _kind(text: str, start: int, end: int) -> str:
    unit = _UNIT.match(text, end)
    if unit:
        name = unit["unit"].lower()
        return _KIND_OF_UNIT.get(name) or _KIND_OF_UNIT.get(name.split()[0]) or _prefix_kind(name)
    return "money" if _CURRENCY_BEFORE.search(text, max(0, start - 6), start) else ""


def _prefix_kind(name: str) -> str:
    return next((kind for unit, kind in _KIND_OF_UNIT.items() if len(unit) > 2 and name.startswith(unit)), "")  # noqa: PLR2004
