"""The values that a message holds, by type, each with its place: what fields are filled from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache

import regex

from worker.ai.embedded import addresses, contacts, dates, ibans, identifiers, names, numbers
from worker.ai.embedded.clues import mask

_REMEMBERED = 64  # texts: a refresh asks stage by stage over all tickets of its message
_YEARS = range(1950, 2050)
_REASON = regex.compile(
    r"(?i)\b(?:weil|wegen|aufgrund|da (?:ich|wir|sie|ihr|der|die|das|es)|because|due to|since (?:you|we|i|the)|grund)\b"
)


@dataclass(frozen=True, slots=True)
class Value:
    """A value as JSON has it and where it stands; `kind` narrows it down: a unit, a role, what a number belongs to."""

    value: object
    start: int
    end: int
    kind: str = ""
    digits: int = 0


class Values:
    """The values of one text, read when first asked for."""

    def __init__(self, text: str, today: date, language: str | None) -> None:
        """Read `text` of a message that came in today; numbers as the language of that code writes them."""
        self.text = text
        self._today = today
        self._language = language

    @cached_property
    def ibans(self) -> list[Value]:
        """Valid IBANs."""
        return [Value(each.value, each.start, each.end) for each in ibans.find(self.text)]

    @cached_property
    def emails(self) -> list[Value]:
        """E-mail addresses."""
        return [Value(each.value, each.start, each.end) for each in contacts.emails(self.text)]

    @cached_property
    def addresses(self) -> list[Value]:
        """Postal addresses, of kind `complete` or empty."""
        found = addresses.find(self.text)
        return [Value(each.value, each.start, each.end, "complete" if each.complete else "") for each in found]

    @cached_property
    def dates(self) -> list[Value]:
        """Dates as `YYYY-MM-DD`; the kind is their role."""
        found = dates.find(self.text, self._today)
        return [Value(each.value.isoformat(), each.start, each.end, each.role) for each in found]

    @cached_property
    def _unambiguous(self) -> str:
        """The text without what looks like a number and is none."""
        return mask(
            self.text,
            _spans(self.ibans),
            _spans(self.emails),
            contacts.urls(self.text),
            dates.spans(self.text),
            _spans(self.dates),
        )

    @cached_property
    def _labelled(self) -> list[Value]:
        return [Value(each.value, each.start, each.end, each.kind) for each in identifiers.labelled(self._unambiguous)]

    @cached_property
    def phones(self) -> list[Value]:
        """Phone numbers, E.164."""
        text = mask(self._unambiguous, _spans(self._labelled))
        return [Value(each.value, each.start, each.end) for each in contacts.phones(text)]

    @cached_property
    def identifiers(self) -> list[Value]:
        """Customer, contract, meter and invoice numbers; the kind says which, empty when nothing does."""
        text = mask(self._unambiguous, _spans(self._labelled), _spans(self.phones), _spans(self.addresses))
        bare = [Value(each.value, each.start, each.end) for each in identifiers.bare(text)]
        return [*self._labelled, *bare]

    @cached_property
    def numbers(self) -> list[Value]:
        """Numbers that measure or count something; the kind is that of their unit."""
        text = mask(
            self._unambiguous,
            _spans(self._labelled),
            _spans(self.phones),
            _spans(self.addresses),
            addresses.postal_codes(self._unambiguous),
        )
        return [
            Value(each.value, each.start, each.end, each.kind, each.digits)
            for each in numbers.find(text, self._language)
            if not _is_year(text, each)
        ]

    @cached_property
    def names(self) -> list[Value]:
        """Full names."""
        return [Value(name, at, at + len(name)) for name in names.find(self.text) if (at := self.text.find(name)) >= 0]

    @cached_property
    def reasons(self) -> list[Value]:
        """Where a reason is given."""
        return [Value(match[0], match.start(), match.end()) for match in _REASON.finditer(self.text)]


@lru_cache(maxsize=_REMEMBERED)
def of(text: str, today: date, language: str | None) -> Values:
    """The values of a text; the last few are remembered, because several stages ask for the same ones."""
    return Values(text, today, language)


def _is_year(text: str, number: numbers.Number) -> bool:
    """A bare `2026` that no word calls a reading."""
    span = (max(0, number.start - 45), number.start)
    return not number.kind and number.value in _YEARS and identifiers.READ.search(text, *span) is None


def _spans(values: Iterable[Value]) -> list[tuple[int, int]]:
    return [(value.start, value.end) for value in values]
