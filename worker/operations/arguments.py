"""Arguments of operations that people call: read by the rules of the wire, refused with code and path."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from worker.domain.failures import Permanent
from worker.domain.words import ErrorCode, RefreshMode
from worker.payload.remarks import ItemError
from worker.payload.texts import read_word
from worker.payload.wrong import Wrong

T = TypeVar("T")


class RefusedArguments(Permanent):
    """Arguments that an operation does not take; nothing was done.

    `errors` tell code, path (`where.status`) and what is expected, never what was sent. In a task it is a lasting
    failure that says codes and paths.
    """

    def __init__(self, errors: Sequence[ItemError]) -> None:
        super().__init__("; ".join(f"{error.code}: {error.field}" for error in errors))
        self.errors = tuple(errors)


def read(path: str, value: object, reader: Callable[[object], T]) -> T:
    """The value as the reader gives it.

    Raises:
        RefusedArguments: the reader says that it is wrong.
    """
    try:
        return reader(value)
    except Wrong as wrong:
        raise RefusedArguments(tuple(wrong.at(path))) from None


def read_mode(value: object) -> RefreshMode:
    """A refresh mode by the page's name. Raises Wrong."""
    return RefreshMode(read_word(value, RefreshMode))


def read_switch(value: object) -> bool:
    """True or false, and nothing that only looks like it. Raises Wrong."""
    if type(value) is not bool:
        raise Wrong(ErrorCode.INVALID_TYPE, "must be true or false")
    return value
