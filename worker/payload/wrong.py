"""What is wrong with a value, said by whoever read it and placed by whoever knows where it stood."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from worker.domain.words import ErrorCode
from worker.payload.remarks import ItemError

LONGEST_LIST = 1_000
"""Entries of a list of ids, addresses or recipients."""

T = TypeVar("T")


class Wrong(Exception):  # noqa: N818 - it is about the value
    """A value that a field does not take. `message` says what is expected, never what was sent."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def at(self, path: str) -> Iterator[ItemError]:
        """The errors to report for the value that stood at `path`."""
        yield ItemError(self.code, path, self.message)


class WrongEntries(Wrong):
    """A list of which some entries are wrong, by their positions."""

    def __init__(self, entries: Mapping[int, Wrong]) -> None:
        super().__init__(ErrorCode.INVALID_VALUE, "has wrong entries")
        self.entries = entries

    def at(self, path: str) -> Iterator[ItemError]:
        """The errors to report, one at least for each wrong entry."""
        for index, wrong in self.entries.items():
            yield from wrong.at(f"{path}[{index}]")


def read_list(value: object, read: Callable[[object], T]) -> list[T]:
    """Every entry of a list, read.

    Raises:
        Wrong: it is no list, or too long a one.
        WrongEntries: all that is wrong with the entries, not just the first.
    """
    if not isinstance(value, list):
        raise Wrong(ErrorCode.INVALID_TYPE, "must be a list")
    if len(value) > LONGEST_LIST:
        raise Wrong(ErrorCode.TOO_LONG, f"must have at most {LONGEST_LIST} entries")
    found: list[T] = []
    wrongs: dict[int, Wrong] = {}
    for index, entry in enumerate(value):
        try:
            found.append(read(entry))
        except Wrong as wrong:
            wrongs[index] = wrong
    if wrongs:
        raise WrongEntries(wrongs)
    return found
