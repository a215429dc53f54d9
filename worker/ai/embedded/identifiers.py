"""Customer, contract and meter numbers in running text, with or without a word that says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import regex

_LABELS = {
    "customer": r"kunden(?:konto)?|kd|kto|customer|client",
    "contract": r"(?:\p{L}{2,20})?vertr(?:a|ä|ae)ge?n?s?(?:konto)?|vk|verbrauchsstellen?|auftrags?"
    r"|contracts?(?: account)?|agreement|order|account|konto",
    "meter": r"(?:strom|gas|wasser|haupt|unter)?z(?:ä|ae)hler|meter|serial|ger(?:ä|ae)te?|malo|marktlokations?|melo"
    r"|messlokations?",
    "invoice": r"(?:ab)?rechnungs?|beleg|invoice|bill",
    "other": r"vorgangs?|ticket|referenz|reference|ref|aktenzeichen|mandats?",
}
_KIND_PATTERN = "|".join(f"(?P<{kind}>{words})" for kind, words in _LABELS.items())
_LABEL = regex.compile(
    rf"(?i)(?<![\p{{L}}])(?:{_KIND_PATTERN})[\s.\-]{{0,2}}(?P<mark>nummern?|nr|numbers?|no|id|n°|\#)?(?![\p{{L}}])"
    r"[\s.:;=#°]{0,4}(?:(?:lautet|ist|is|war|was|hat|has|mit|with|nr\.?|no\.?|nummer|number|die|der|the|neue?[rn]?|new|:)[\s:]{1,2}){0,3}"
)
# German meters: maker, year, number (DIN 43863-5), however spaced.
_METER = regex.compile(r"(?<![\p{L}\d])\d ?[A-Z]{3} ?\d{2} ?\d{4} ?\d{4}(?!\d)", regex.IGNORECASE)
_VALUE = regex.compile(r"(?:[A-Za-z0-9]{1,20}[\-./]){0,4}[A-Za-z0-9]{2,36}|\d(?= \d)")
_NEXT_GROUP = regex.compile(
    r" (?P<group>\d{2,4})(?![\p{L}\d]|[.,:/]\d| ?(?:kwh|m³|m3|€|eur|euro|cent|ct|%|uhr)\b)", regex.IGNORECASE
)
_AND_ANOTHER = regex.compile(r"\s?(?:,|&|/|\bund\b|\band\b|\bsowie\b)\s?(?P<number>\d{5,20})(?![\d.,]\d|\d|\p{L})")
_BARE = regex.compile(r"(?<![\p{L}\d.,:/@\-+])(?:[A-Za-z]{0,6}[\-]?\d[A-Za-z0-9\-]{3,35})(?![\p{L}\d@]|[.,:/]\d)")
_MEASURED = regex.compile(
    r"\s{0,2}(?:kwh|mwh|m³|m3|cbm|kubik\w*|cubic|€|euro?s?|eur|cent|ct|%|uhr|jahre?n?|years?|tage?n?|days?)(?!\w)",
    regex.IGNORECASE,
)
# What stands before a reading rather than a number that somebody is known by.
READ = regex.compile(
    r"(?i)(?:st(?:a|ä|ae)nde?|\bzeigt(?:e)?|\bsteht|\bstand|beträgt|betrug|reading|shows?|showed|\bsays|\bht|\bnt"
    r"|abgelesen)\b[^.!?\n\d]{0,25}$"
)
_LEAST_DIGITS = 4
_LEAST_BARE_LENGTH = 5
_LONGEST_GROUP = 4
_LONGEST = 40  # characters of one number


@dataclass(frozen=True, slots=True)
class Found:
    """A number (upper case, no blanks) and where it stands.

    `kind` is what the word before it says: customer, contract, meter, invoice, other; empty without such a word.
    """

    value: str
    start: int
    end: int
    kind: str = ""


def labelled(text: str) -> Iterator[Found]:
    """Numbers behind a word such as `Kundennummer`, `Vertrag`, `meter no.`; meter numbers by their form, too."""
    reached = 0
    for label in _LABEL.finditer(text):
        if label.start() < reached:
            continue
        value = _VALUE.match(text, label.end())
        kind = next(kind for kind in _LABELS if label[kind])
        if value is None:
            continue
        meter = _METER.match(text, value.start())
        written, end = (meter[0], meter.end()) if meter else _with_groups(text, value)
        if not _is_number(written, kind, marked=bool(label["mark"])) or _is_reading(text, end, kind):
            continue
        reached = end
        yield Found(_normal(written), value.start(), end, kind)
        for other in _listed(text, written, end):
            reached = other.end()
            yield Found(_normal(other["number"]), other.start("number"), other.end("number"), kind)
    for match in _METER.finditer(text):
        yield Found(_normal(match[0]), match.start(), match.end(), "meter")


def bare(text: str) -> Iterator[Found]:
    """Other long numbers and codes that are no amounts and no readings; mask dates, phones and IBANs before."""
    for match in _BARE.finditer(text):
        digits = sum(letter.isdigit() for letter in match[0])
        measured = _MEASURED.match(text, match.end()) or READ.search(text, max(0, match.start() - 45), match.start())
        if digits >= _LEAST_DIGITS and len(match[0]) >= _LEAST_BARE_LENGTH and not measured:
            yield Found(_normal(match[0]), match.start(), match.end())


def _listed(text: str, written: str, end: int) -> Iterator[regex.Match[str]]:
    """Numbers as long as the one before, behind a comma or an `und`."""
    while match := _AND_ANOTHER.match(text, end):
        if not written.isdecimal() or len(match["number"]) != len(written):
            return
        yield match
        end = match.end()


def _is_number(value: str, kind: str, *, marked: bool) -> bool:
    digits = sum(letter.isdigit() for letter in value)
    if marked:
        return digits >= 1
    return digits >= (_LEAST_DIGITS if kind in {"customer", "contract", "meter"} else _LEAST_BARE_LENGTH)


def _is_reading(text: str, end: int, kind: str) -> bool:
    """`Zähler: 12345 kWh` is a reading, not a meter's number."""
    return kind == "meter" and _MEASURED.match(text, end) is not None


def _with_groups(text: str, value: regex.Match[str]) -> tuple[str, int]:
    """A number written in groups of digits, such as `300 123 456`, as a whole."""
    written, end = value[0], value.end()
    while (
        len(written) <= _LONGEST and written.replace(" ", "").isdigit() and len(written.split()[-1]) <= _LONGEST_GROUP
    ):
        group = _NEXT_GROUP.match(text, end)
        if group is None:
            break
        written, end = f"{written} {group['group']}", group.end()
    return written, end


def _normal(written: str) -> str:
    return "".join(written.split()).upper().strip("-./")
