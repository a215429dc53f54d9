"""Everything in a message that may tell who wrote it."""

from __future__ import annotations

from collections.abc import Iterable

from worker.ai.embedded import addresses, contacts, dates, ibans, identifiers, names
from worker.ai.protocol import Clues

LONGEST = 40_000  # characters of a message that are searched
_MASK = "|"  # joins nothing: what stands on both sides of a masked span is not read as one


def find(text: str) -> Clues:
    """The clues of a text, normalised, in order of appearance, without doubles."""
    text = text[:LONGEST]
    accounts = list(ibans.find(text))
    mails = list(contacts.emails(text))
    places = addresses.find(text)
    masked = mask(text, _spans(accounts), _spans(mails), contacts.urls(text), dates.spans(text))
    numbers = list(identifiers.labelled(masked))
    masked = mask(masked, _spans(numbers))
    phones = list(contacts.phones(masked))
    masked = mask(masked, _spans(phones), addresses.postal_codes(masked), _spans(places))
    numbers = sorted([*numbers, *identifiers.bare(masked)], key=lambda each: each.start)
    return Clues(
        numbers=_distinct(each.value for each in numbers),
        ibans=_distinct(each.value for each in accounts),
        emails=_distinct(each.value for each in mails),
        phones=_distinct(each.value for each in phones),
        names=_distinct(names.find(text)),
        addresses=_distinct(each.value for each in places if "," in each.value),
    )


def mask(text: str, *groups: Iterable[tuple[int, int]]) -> str:
    """The text, as long as before, with the spans made unreadable."""
    letters = list(text)
    for start, end in (span for spans in groups for span in spans):
        letters[start:end] = _MASK * (end - start)
    return "".join(letters)


def _spans(
    found: Iterable[ibans.Found | contacts.Found | identifiers.Found | addresses.Found],
) -> Iterable[tuple[int, int]]:
    return [(each.start, each.end) for each in found]


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))
