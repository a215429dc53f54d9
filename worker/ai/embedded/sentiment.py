"""A customer's mood: words of praise and anger in German and English, with their negations, and what sentences mean.

`sentiment.json` beside this file holds the words, as patterns on folded text (see letters.py): `formulas` are
politeness that tells nothing of a mood; `strong` and `weak` say how much one word of anger or praise tells.
"""

from __future__ import annotations

import json
from pathlib import Path

import regex

from worker.ai.embedded.letters import fold
from worker.ai.embedded.reading import Reading
from worker.domain.words import Sentiment

_WEIGHTS = {"strong": 2.0, "weak": 1.0}
_NEGATED = regex.compile(
    r"(?:\b(?:nicht|kein\w*|nie|niemals|weder|ohne|wenig|alles andere als|not|no|never|hardly|without|isn't|wasn't"
    r"|aren't|don't|didn't|neither)|n't)(?:\s+\w+){0,2}\s+$"
)
_LOUD = regex.compile(r"!{2,}|\?!|!\?")

_BY_MEANING = 1.5  # what a sentence of complaint or praise counts that uses none of the words
_STEP = 0.8  # from here on a mood is told


def _pattern(patterns: list[str]) -> regex.Pattern[str]:
    return regex.compile(r"\b(?:" + "|".join(patterns) + ")")


_LEXICON = json.loads(Path(__file__).with_name("sentiment.json").read_text(encoding="utf-8"))
_FORMULAS = _pattern(_LEXICON["formulas"])
_SIGNS = tuple(
    (sign * _WEIGHTS[strength], _pattern(patterns))
    for mood, sign in (("angry", -1.0), ("pleased", 1.0))
    for strength, patterns in _LEXICON[mood].items()
)


def of(reading: Reading) -> Sentiment | None:
    """The mood of a message; None when it says nothing."""
    if not reading.sentences:
        return None
    text = _FORMULAS.sub(" . ", fold(reading.text))
    praise, complaint = reading.strength("praise"), reading.strength("complaint")
    score = _spoken(text) + _BY_MEANING * (praise - complaint)
    if _LOUD.search(reading.text) and score < 0:
        score -= _STEP / 2
    if score >= _STEP:
        return Sentiment.POSITIVE
    return Sentiment.NEGATIVE if score <= -_STEP else Sentiment.NEUTRAL


def _spoken(text: str) -> float:
    """The sum of what the words say; a negated word of praise says the opposite, a negated word of anger nothing."""
    total = 0.0
    for weight, pattern in _SIGNS:
        for match in pattern.finditer(text):
            if not _NEGATED.search(text, max(0, match.start() - 30), match.start()):
                total += weight
            elif weight > 0:
                total -= weight
    return total
