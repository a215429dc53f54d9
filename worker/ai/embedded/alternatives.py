"""Long lists of patterns, searched fast: each is tried only where its longest piece of plain text stands.

A concept has up to sixty patterns, a sentence seldom holds more than two of them. Looking for a plain string costs a
thousandth of trying a pattern at every letter, and what it rules out the pattern would not have found.
"""

from __future__ import annotations

from collections.abc import Iterable

import regex

# What a pattern may do without, or what stands for more than itself: it ends a piece of plain text.
_UNCERTAIN = regex.compile(
    r"""(?x)
    (?P<group> \( (?: [^()\\\[\]] | \\. | \[ (?: [^\]\\] | \\. )* \] | (?&group) )* \) ) (?: [?*+] | \{[\d,]*\} )?
    | \[ (?: [^\]\\] | \\. )* \] (?: [?*+] | \{[\d,]*\} )?
    | \\[A-Za-z] (?: \{\p{L}\w*\} )? (?: [?*+] | \{[\d,]*\} )?
    | (?: \\. | [^\\] ) (?: [?*] | \{[\d,]*\} )
    | [.^$+]
    """
)


class Alternatives:
    """Whether a text holds any of some patterns; the same answer as that of the patterns joined by `|`."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._all = [(plain_text(pattern), regex.compile(pattern)) for pattern in patterns]

    def __bool__(self) -> bool:
        return bool(self._all)

    def found_in(self, text: str) -> bool:
        """Whether one of the patterns stands in the text."""
        return any(plain in text and pattern.search(text) is not None for plain, pattern in self._all)

    def possible_in(self, text: str) -> Alternatives:
        """Those that may stand in a part of the text."""
        fewer = Alternatives(())
        fewer._all = [each for each in self._all if each[0] in text]
        return fewer


def plain_text(pattern: str) -> str:
    """The longest piece of plain text that every text holds in which the pattern is found; it may be empty."""
    certain = _UNCERTAIN.sub("\n", pattern)
    if "|" in certain:
        return ""
    pieces = (piece.replace("\\", "") for piece in certain.split("\n"))
    return str(max(pieces, key=len))
