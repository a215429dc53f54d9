"""Umlaut-safe comparison of what people write in several ways: names, numbers, addresses, phone numbers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

COUNTRY_CODE = "49"
"""The calling code that a number with a single leading zero is read with."""

# What NFKD either leaves alone or would turn into the bare vowel, which is another name in German.
_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "æ": "ae", "ø": "oe", "œ": "oe", "ł": "l", "đ": "d"})
_WORD = re.compile(r"[^\W_]+")
_ADDRESS_PART = re.compile(r"[,;\n]")
_POSTCODE = re.compile(r"(?<![\w.])(?:[a-z]{1,2}-)?(\d{4,5})\s+(?=[^\W\d])")
# The last such number is the house's: "Straße des 17. Juni 135" holds an ordinal too.
_HOUSE_NUMBER = re.compile(r"(?<![\w-])\d{1,4}(?:\s?[a-z])?(?:\s?[-/+]\s?\d{1,4}(?:\s?[a-z])?)?(?![\w.])")
_TITLES = frozenset("herr herrn frau familie fam dr prof dipl ing med mr mrs ms".split())
_LEGAL_FORMS = frozenset("gmbh ug ag kg ohg gbr se eg mbh co ev und haftungsbeschraenkt".split())
_COUNTRIES = frozenset({"deutschland", "germany", "de"})
_LEAST_PHONE_DIGITS = 6


def fold(text: str) -> str:
    """The form in which spellings of one word are equal: case, ß, ae/oe/ue, accents and blanks do not count."""
    letters = unicodedata.normalize("NFKC", text).casefold().translate(_LETTERS)
    bare = letters if letters.isascii() else _without_accents(letters)
    return "\n".join(" ".join(line.split()) for line in bare.casefold().split("\n"))


def _without_accents(text: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))


def words(text: str) -> tuple[str, ...]:
    """The folded words and numbers of a text, in order."""
    return tuple(_WORD.findall(fold(text)))


def number_key(value: object) -> str:
    """A customer, contract or meter number or an IBAN without blanks, hyphens and case; leading zeros count."""
    return "".join(sign for sign in str(value if value is not None else "").upper() if sign.isalnum())


def email_key(text: object) -> str:
    """An e-mail address without its display name and case; empty when it is none."""
    if not isinstance(text, str):
        return ""
    address = text.rpartition("<")[2].partition(">")[0]
    return unicodedata.normalize("NFC", address).strip().casefold() if "@" in address else ""


def phone_key(value: object, country_code: str = COUNTRY_CODE) -> str:
    """The digits of a phone number in international form, without plus; empty when it is none."""
    if isinstance(value, bool) or not isinstance(value, str | int) or "@" in str(value):
        return ""
    written = str(value).replace("(0)", "").strip()
    digits = "".join(sign for sign in written if sign in "0123456789")
    if len(digits) < _LEAST_PHONE_DIGITS:
        return ""
    if written.startswith("+") or not digits.startswith("0"):
        return digits
    return digits[2:] if digits.startswith("00") else country_code + digits[1:]


def holds_phrase(text: Sequence[str], phrase: Sequence[str]) -> bool:
    """Whether the words of a phrase stand in a text one after the other; never for an empty phrase."""
    return _position(text, phrase) is not None


def _position(text: Sequence[str], phrase: Sequence[str]) -> int | None:
    size, wanted = len(phrase), tuple(phrase)
    if not size:
        return None
    return next((at for at in range(len(text) - size + 1) if tuple(text[at : at + size]) == wanted), None)


def same_person(name: str, firstname: str, lastname: str) -> bool:
    """Whether a written name can be this person's: the whole last name, and no other first name beside it.

    "Mustermann, Tom", "T. Mustermann" and "Herr Mustermann" are Tom Mustermann; "Tim Mustermann" is not.
    """
    written, last = words(name), words(lastname)
    at = _position(written, last)
    if at is None:
        return False
    others = [word for word in written[:at] + written[at + len(last) :] if word not in _TITLES]
    firsts = words(firstname)
    if not others or not firsts:
        return True
    return any(_same_or_initial(other, first) for other in others for first in firsts)


def _same_or_initial(one: str, other: str) -> bool:
    return one == other or (min(len(one), len(other)) == 1 and one[0] == other[0])


def same_company(name: str, company: str) -> bool:
    """Whether a written name holds this company's, legal forms aside."""
    return holds_phrase(_without_forms(name), _without_forms(company))


def _without_forms(company: str) -> list[str]:
    return [word for word in words(company) if word not in _LEGAL_FORMS]


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address in folded form; `postcode` is empty and `place` has no words where they were not written."""

    street: str
    number: str
    postcode: str = ""
    place: frozenset[str] = frozenset()


def read_address(text: str) -> Address | None:
    """Street and house number, and what is written of postcode and place; None without a street and a number."""
    parts = [part.strip(" .") for part in _ADDRESS_PART.split(fold(text))]
    postcode, named_place = "", ""
    for index, part in enumerate(parts):
        if found := _POSTCODE.search(part):
            postcode, named_place = found[1], part[found.end() :]
            parts[index] = part[: found.start()].strip(" .")
            break
    for index, part in enumerate(parts):
        numbers = list(_HOUSE_NUMBER.finditer(part.removesuffix(" in")))
        street = _street(part[: numbers[-1].start()]) if numbers else ""
        if street:
            place = named_place or " ".join(parts[index + 1 :])
            return Address(street, "".join(numbers[-1][0].split()), postcode, frozenset(words(place)) - _COUNTRIES)
    return None


def _street(text: str) -> str:
    return "".join(f"{word}asse" if word.endswith("str") else word for word in words(text))


def same_address(one: str, other: str) -> bool:
    """Whether two written postal addresses can be one: street and number equal, postcode and place not against it."""
    first, second = read_address(one), read_address(other)
    if first is None or second is None:
        return False
    if (first.street, first.number) != (second.street, second.number):
        return False
    if first.postcode and second.postcode:
        return first.postcode == second.postcode
    return not (first.place and second.place) or not first.place.isdisjoint(second.place)
