"""Valid IBANs in running text, however they are spaced."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import regex
from schwifty import IBAN
from schwifty.exceptions import SchwiftyException

_START = regex.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}[ ]?\d{2}(?=[ .\-]?[A-Za-z0-9])")
_CHARACTER = regex.compile(r"[ .\-\u00a0\n]?([A-Za-z0-9])")


@dataclass(frozen=True, slots=True)
class Found:
    """A valid IBAN, upper case without blanks, and where it stands."""

    value: str
    start: int
    end: int


def find(text: str) -> Iterator[Found]:
    """The IBANs of a text whose length and check digits are right."""
    for start in _START.finditer(text):
        country = start[0][:2].upper()
        length = _length(country)
        letters, end = start[0].replace(" ", "").upper(), start.end()
        while len(letters) < length and (following := _CHARACTER.match(text, end)):
            letters, end = letters + following[1].upper(), following.end()
        if length and len(letters) == length and not text[end : end + 1].isalnum() and _is_valid(letters):
            yield Found(letters, start.start(), end)


def _length(country: str) -> int:
    try:
        length: int = IBAN(country, allow_invalid=True).spec.iban_length
    except SchwiftyException:
        return 0
    return length


def _is_valid(letters: str) -> bool:
    try:
        IBAN(letters)
    except SchwiftyException:
        return False
    return True
