"""Which words around a value speak for a field: told by the words of the field's name and description.

A field is defined by people, in German or English; so is the message, maybe in the other language. `cues.json` beside
this file joins the two, as patterns on folded text (see letters.py): what a field's words ask for (`asks`), what stands
beside such a value (`fits`), and what stands beside its opposite (`clashes`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import regex

from worker.ai.embedded.letters import content_words, fold
from worker.domain.entities import AgentField

BEFORE, AFTER = 60, 30  # characters around a value that speak for it

_CAMEL = regex.compile(r"(?<=\p{Ll})(?=\p{Lu})|[_\-.]+")
_TYPE_WORDS = frozenset(
    "date datum number nummer value wert address adresse text field feld angabe email phone iban amount".split()
)


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of field: the patterns of its asks, fits and clashes."""

    asks: regex.Pattern[str]
    fits: regex.Pattern[str]
    clashes: regex.Pattern[str] | None


def _row(entry: dict[str, list[str]]) -> Row:
    asks, fits, clashes = (entry[part] for part in ("asks", "fits", "clashes"))
    return Row(_any(asks), _any(fits), _any(clashes) if clashes else None)


def _any(patterns: list[str]) -> regex.Pattern[str]:
    return regex.compile("|".join(patterns))


_ROWS = tuple(map(_row, json.loads(Path(__file__).with_name("cues.json").read_text(encoding="utf-8")).values()))


@dataclass(frozen=True, slots=True)
class Cues:
    """What speaks for and against a value of one field; `words` are the field's own, `text` all of them folded."""

    text: str
    words: tuple[str, ...]
    fits: tuple[regex.Pattern[str], ...]
    clashes: tuple[regex.Pattern[str], ...]

    def weigh(self, before: str, after: str, *, near: str) -> float:
        """From -1 (speaks against) to 1 (speaks for) by the text around a value; 0 says nothing.

        `near` is the part of `before` that belongs to no earlier value: only there something speaks against.
        """
        around = fold(f"{before}\n{after}")
        fits = sum(pattern.search(around) is not None for pattern in self.fits)
        own = any(word[:6] in around for word in self.words)
        clashes = sum(pattern.search(fold(near)) is not None for pattern in self.clashes)
        score = (fits + own) / max(1, len(self.fits) + bool(self.words)) - clashes
        return max(-1.0, min(1.0, score))


def of(field: AgentField) -> Cues:
    """The cues of a field, from its name and description."""
    spoken = fold(f"{' '.join(_CAMEL.split(field.name))} {field.description}")
    name = fold(" ".join(_CAMEL.split(field.name)))
    # The name decides; the description speaks only when the name asks for nothing in the table.
    rows = [row for row in _ROWS if row.asks.search(name)] or [row for row in _ROWS if row.asks.search(spoken)]
    return Cues(
        text=spoken,
        words=tuple(word for word in content_words(spoken) if word not in _TYPE_WORDS),
        fits=tuple(row.fits for row in rows),
        clashes=tuple(row.clashes for row in rows if row.clashes is not None),
    )
