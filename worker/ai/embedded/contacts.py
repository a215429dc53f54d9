"""E-mail addresses and phone numbers in running text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import phonenumbers
import regex

_EMAIL = regex.compile(r"(?<![\w.+\-])[\w+][\w.+\-]{0,63}@(?:[\w\-]{1,63}\.){1,8}\p{L}{2,24}(?![\w@])")
_URL = regex.compile(r"(?i)\b(?:https?://|www\.)\S{1,2000}")
_ENOUGH_DIGITS = regex.compile(r"\d(?:[\s()/.\-]{0,3}\d){5}")
_LEAST_PLAIN_DIGITS = 8  # fewer in one run are a reading with leading zeros
_REGION = "DE"  # what a number without a country code is read as


@dataclass(frozen=True, slots=True)
class Found:
    """An address in lower case or a number in E.164, and where it stands."""

    value: str
    start: int
    end: int


def emails(text: str) -> Iterator[Found]:
    """The e-mail addresses of a text."""
    for match in _EMAIL.finditer(text):
        yield Found(match[0].lower(), match.start(), match.end())


def urls(text: str) -> Iterator[tuple[int, int]]:
    """Where web addresses stand."""
    for match in _URL.finditer(text):
        yield match.span()


def phones(text: str) -> Iterator[Found]:
    """The phone numbers of a text; what looks like one but is none must be masked before (dates, IBANs)."""
    if not _ENOUGH_DIGITS.search(text):
        return
    for match in phonenumbers.PhoneNumberMatcher(text, _REGION, max_tries=100):
        number = phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
        # A national number is written with its leading zero; other digits are customer or meter numbers.
        plain = match.raw_string.isdecimal() and len(match.raw_string) < _LEAST_PLAIN_DIGITS
        if match.raw_string.lstrip("( ").startswith(("0", "+")) and not plain:
            yield Found(number, match.start, match.end)
