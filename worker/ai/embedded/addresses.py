"""Postal addresses: street, house number, and a five-digit postal code with its town."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import regex

_SUFFIX = (
    r"straße|strasse|str\.|str|weg|platz|allee|gasse|ring|damm|ufer|steig|stieg|pfad|chaussee|promenade|graben|wall|hof"
    r"|siedlung|zeile|twiete|redder|grund|anger|höhe|blick|kamp|berg|feld|markt|tor|brücke|park|garten|gärten"
    r"|winkel|aue"
)
_MONTHS = (
    r"Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember"
    r"|January|February|March|May|June|July|October|December"
)
_ENGLISH_SUFFIX = r"street|road|avenue|lane|drive|square|court|close|st\.|rd\.|ave\."
_LETTER = r"(?:[ ]?[a-hA-H](?!\p{L}))?"
_HOUSE = (
    rf"(?P<house>\d{{1,4}}{_LETTER}(?:[ ]?[-–/+][ ]?\d{{1,4}}{_LETTER})?)"
    r"(?![\d.,]*\d|[ ]?(?:kwh|m³|€|euro|uhr)\b)"
)
_TOWN = (
    r"(?P<town>(?:(?:Bad|Sankt|St\.|Markt|Burg|Schwäbisch|Neustadt|Königs)[ ])?\p{Lu}[\p{L}\-]+"
    r"(?:[ ](?:am|an[ ]der|a\.?[ ]?d\.?|bei|b\.|im|in[ ]der|ob[ ]der|vor[ ]der|v\.[ ]?d\.)[ ]\p{Lu}[\p{L}\-]+"
    r"|[ ]?\(\p{Lu}\p{L}+\)|/\p{Lu}\p{L}+)?)"
)
_ZIP = r"(?:D[ \-]{0,2})?(?P<zip>\d{5})(?!\d)"
_GAP = r"[ ]*(?:[,;|–\n]|[ ]-[ ]|[ ]in\b|[ ]at\b)?[ ]*(?:[^\n,\d][^\n,]{1,30}[,\n])?[ ]*(?:in[ ])?\s?"
_PLACE = rf"(?:{_GAP}{_ZIP}(?:[ ]{{1,2}}|[ ]?\n){_TOWN})"

# `Hugo-Junkers-Str. 5`, `Berliner Straße 5 a`, `gartenweg 7`
_SUFFIXED = (
    rf"(?P<street>(?:\p{{Lu}}[\p{{L}}.\-]{{0,30}}[ ]){{0,3}}(?:\p{{L}}[\p{{L}}.\-]{{0,40}}"
    rf"|\p{{Lu}}[\p{{L}}.\-]{{0,40}}[ ])?(?i:{_SUFFIX})"
    rf"|Straße[ ]de[rs][ ](?:\d{{1,2}}\.[ ])?\p{{Lu}}\p{{L}}{{2,20}})[ ]?{_HOUSE}"
)
# `Am Markt 3`, `Unter den Linden 77`: a street only in front of a place
_PHRASE = (
    rf"(?P<street>(?!(?:{_MONTHS})\b)(?:\p{{Lu}}[\p{{L}}.\-]{{0,30}}[ ])(?:(?:der|den|dem|des|die"
    rf"|von)[ ])?(?:\p{{Lu}}[\p{{L}}.\-]{{1,30}}[ ]){{0,2}}){_HOUSE}"
)
_ENGLISH = rf"{_HOUSE}[ ](?P<street>(?:\p{{Lu}}[\p{{L}}'’\-]{{1,30}}[ ]){{1,3}}(?i:{_ENGLISH_SUFFIX}))(?!\p{{L}})"
_LOWER = r"(?P<street>\p{L}[\p{L}.\-]{3,40})"
_SHORT_TOWN = rf"[ ]in[ ](?!(?:Verbindung|Bezug|Höhe|Zukunft|Kürze|Ihrem|Ihren|Ordnung)\b){_TOWN}"

# Where a suffixed street ends at its number: found at the digits, so a text without one costs next to nothing.
_SUFFIXED_END = regex.compile(
    rf"\d(?<=(?:(?i:{_SUFFIX})|Straße[ ]de[rs][ ](?:\d{{1,2}}\.[ ])?\p{{Lu}}\p{{L}}{{2,20}})[ ]?\d)"
)

_PATTERNS = tuple(
    (regex.compile(pattern), _SUFFIXED in pattern)
    for pattern in (
        rf"(?<![\p{{L}}\d]){_SUFFIXED}{_PLACE}",
        rf"(?<![\p{{L}}\d]){_ENGLISH}{_PLACE}",
        rf"(?<![\p{{L}}\d]){_PHRASE}{_PLACE}",
        rf"(?<!\d){_ZIP}[ ]{_TOWN}[ ]*[,;\n|][ ]*{_SUFFIXED}",
        rf"(?<![\p{{L}}\d]){_LOWER}[ ]{_HOUSE},?[ ]+{_ZIP}[ ](?P<town>\p{{L}}{{3,30}})",
        rf"(?<![\p{{L}}\d]){_SUFFIXED}(?:{_SHORT_TOWN})?",
        rf"(?<![\p{{L}}\d]){_ENGLISH}",
    )
)
"""Each with whether it wants a suffixed street."""

# What may stand before a street's name with a capital letter of its own.
_LEADING = regex.compile(
    r"(?i)(?:(?:(?:neue|alte|meine|unsere|ihre)[nrs]?|our|my|new|old|die|der|ist|is)[ :]+)*"
    r"(?:adresse|anschrift|lieferadresse|rechnungsadresse|rechnungsanschrift|lieferanschrift|wohnung|haus|straße"
    r"|strasse|herrn?"
    r"|frau|familie|firma|ab|seit|bei|von|nach|und|ich|wir|address|street|lieferstelle|verbrauchsstelle|abnahmestelle"
    r"|zählernummer|objekt|umzug|einzug|auszug|since|from|at)[ :]+(?=\p{L})"
)
_NO_STREET = frozenset(
    """
    betrag vertrag auftrag antrag umzug einzug zeitpunkt hinweg unterwegs weg platz ring berg hof park tor grund markt
    """.split()
)


@dataclass(frozen=True, slots=True)
class Found:
    """An address as `street number, code town` (what is not known left out) and where it stands."""

    value: str
    start: int
    end: int
    complete: bool


def find(text: str) -> list[Found]:
    """The addresses of a text in order; a street with its number alone counts, but is not `complete`."""
    found: list[Found] = []
    has_suffixed = _SUFFIXED_END.search(text) is not None
    for pattern, wants_suffixed in _PATTERNS:
        if wants_suffixed and not has_suffixed:
            continue
        found.extend(
            each
            for match in pattern.finditer(text)
            if (each := _address(match)) is not None
            and not any(each.start < f.end and f.start < each.end for f in found)
        )
    return sorted(found, key=lambda each: each.start)


def postal_codes(text: str) -> Iterator[tuple[int, int]]:
    """Where five digits stand before a town."""
    for match in _ZIP_TOWN.finditer(text):
        yield match.span("zip")


_ZIP_TOWN = regex.compile(rf"(?<![\d.,]){_ZIP}[ ]{_TOWN}")


def _address(match: regex.Match[str]) -> Found | None:
    groups = match.groupdict()
    street = (groups["street"] or "").strip()
    leading = _LEADING.match(street + " ")
    skipped = (
        leading.end() if leading and leading.end() < len(street) and not street.lower().startswith("straße de") else 0
    )
    street = street[skipped:]
    if street.lower() in _NO_STREET or len(street) < 3:  # noqa: PLR2004 - shorter names are none
        return None
    first, last = _order(match, street, groups["house"].replace(" ", ""))
    place = " ".join(part for part in (groups.get("zip"), groups.get("town")) if part)
    line = f"{first} {last}"
    return Found(f"{line}, {place}" if place else line, match.start() + skipped, match.end(), bool(groups.get("zip")))


def _order(match: regex.Match[str], street: str, house: str) -> tuple[str, str]:
    return (house, street) if match.start("house") < match.start("street") else (street, house)
