"""Which words around a value speak for a field: told by the words of the field's name and description.

A field is defined by people, in German or English; so is the message, maybe in the other language. `cues.json` beside
this file joins the two, as patterns on folded text (see letters.py): what a field's words ask for (`asks`), what stands
beside such a value (`fits`), what stands before its opposite (`clashes`), and what stands behind a value that is
something else (`spoils`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import regex

from worker.ai.embedded.letters import content_words, fold
from worker.domain.entities import AgentField

_AGAINST = 1.5  # how much one word against a value counts, all words for it counting one
BEFORE, AFTER = 60, 30  # characters around a value that speak for it

_CAMEL = regex.compile(r"(?<=\p{Ll})(?=\p{Lu})|[_\-.]+")
_TYPE_WORDS = frozenset(
    "date datum number nummer value wert address adresse text field feld angabe email phone iban amount".split()
)


# `vom 15. auf den 29.`, `from 70 to 90`: the first of the two is given up.
_GIVEN_UP = (
    regex.compile(r"\b(?:von|vom|from)(?: the| dem)?\s*$"),
    regex.compile(r"^\W*(?:€|euro?s?|kwh)?\s*(?:auf|to)\b"),
)
# `6.231 und nicht 6.321`, `95 instead of 80`: the value is named to be ruled out.
_RULED_OUT = regex.compile(r"\b(?:und nicht|and not|not|statt|anstatt|anstelle von|instead of|rather than)\W*$")
_CLAUSE = regex.compile(r"[,;]\s|[.!?]\s")


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of field: the patterns of its asks, fits, clashes and spoils."""

    asks: regex.Pattern[str]
    fits: regex.Pattern[str]
    clashes: regex.Pattern[str] | None
    spoils: regex.Pattern[str] | None


def _row(entry: dict[str, list[str]]) -> Row:
    patterns = {part: regex.compile("|".join(entry[part])) if entry[part] else None for part in entry}
    asks, fits = (regex.compile("|".join(entry[part])) for part in ("asks", "fits"))
    return Row(asks, fits, patterns["clashes"], patterns["spoils"])


_ROWS = tuple(map(_row, json.loads(Path(__file__).with_name("cues.json").read_text(encoding="utf-8")).values()))


@dataclass(frozen=True, slots=True)
class Cues:
    """What speaks for and against a value of one field; `words` are the field's own, `text` all of them folded."""

    text: str
    words: tuple[str, ...]
    rows: tuple[Row, ...]

    def weigh(self, before: str, after: str, *, near: str) -> float:
        """From -1 (speaks against) to 1 (speaks for) by the text around a value; 0 says nothing.

        `near` is the part of `before` that belongs to no earlier value: only there, in the value's own clause, and
        right behind it something speaks against.
        """
        around, clause, after = fold(f"{before}\n{after}"), _CLAUSE.split(fold(near))[-1], fold(after)
        fits = sum(row.fits.search(around) is not None for row in self.rows)
        own = any(word[:6] in around for word in self.words)
        against = [_GIVEN_UP[0].search(clause) and _GIVEN_UP[1].search(after)]
        against.append(_RULED_OUT.search(clause))
        against += [row.clashes and row.clashes.search(clause) for row in self.rows]
        against += [row.spoils and row.spoils.search(after) for row in self.rows]
        score = (fits + own) / max(1, len(self.rows) + bool(self.words)) - _AGAINST * sum(map(bool, against))
        return max(-1.0, min(1.0, score))


def of(field: AgentField) -> Cues:
    """The cues of a field, from its name and description."""
    name = fold(" ".join(_CAMEL.split(field.name)))
    spoken = f"{name} {fold(field.description)}"
    # The name decides; the description speaks only when the name asks for nothing in the table.
    rows = [row for row in _ROWS if row.asks.search(name)] or [row for row in _ROWS if row.asks.search(spoken)]
    return Cues(spoken, tuple(word for word in content_words(spoken) if word not in _TYPE_WORDS), tuple(rows))
