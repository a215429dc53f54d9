"""One spelling for comparing: lower case, umlauts written out, so that a pattern is written once."""

from __future__ import annotations

import regex

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_WORD = regex.compile(r"\p{L}[\p{L}\d]{2,}")

COMMON_WORDS = frozenset(
    """
    aber alle allgemein als auch auf aus bei bitte das dass dem den der des die dies dieser ein eine einem einen einer
    eines er es fuer haben hat ich ihr ihre im in ist kann kunde kunden kundin mein meine meinem meinen meiner mit
    moechte nach neu neue neuen neuer nicht nur oder ohne sein seine seinem seinen seiner sich sie sind soll ueber um
    und uns unser unsere vom von vor was wenn wer werden wie will wir wird zu zum zur
    about and any are ask asks can customer customers does for from get gets has have her his how its new not our
    please process processes request requests service such that the their them this ticket wants was were what when
    who will with would you your
    """.split()
)
"""Words that say nothing about a subject (folded)."""


def fold(text: str) -> str:
    """The text in lower case with `ae`, `oe`, `ue` and `ss` for the German letters."""
    return text.lower().translate(_UMLAUTS)


def content_words(text: str) -> list[str]:
    """The folded words of a text that carry meaning, in order, without doubles."""
    words = (word for word in _WORD.findall(fold(text)) if word not in COMMON_WORDS)
    return list(dict.fromkeys(words))
