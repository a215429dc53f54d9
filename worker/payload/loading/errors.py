"""What is wrong with a file that was to be loaded, and where."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from worker.domain.words import ErrorCode
from worker.payload.wrong import Wrong

MOST_ERRORS = 100
"""Errors of a file that are told; further ones are counted only."""


class LoadErrorCode(StrEnum):
    """Codes beyond those of a batch's items."""

    MISSING_FIELD = "missing_field"
    DUPLICATE_ID = "duplicate_id"
    CONTRADICTION = "contradiction"
    UNKNOWN_AI_AGENT = "unknown_ai_agent"


@dataclass(frozen=True, slots=True)
class LoadError:
    """One reason to refuse a file. `path` is such as `tags[3].detectionDetails.condition.and[0].operator`.

    `message` says what is expected and never holds what was given.
    """

    code: ErrorCode | LoadErrorCode
    path: str
    message: str


class LoadRefused(Exception):  # noqa: N818 - it names an outcome, nothing went wrong in the program
    """A file of which nothing was loaded: `errors` are the first of all `count` that it has."""

    def __init__(self, errors: tuple[LoadError, ...], count: int) -> None:
        super().__init__(errors, count)
        self.errors = errors
        self.count = count

    def __str__(self) -> str:
        first = self.errors[0]
        return f"{self.count} errors, the first one is {first.code} at {first.path or 'the top'}: {first.message}"


@dataclass(slots=True)
class Errors:
    """The errors of one file, as they are found."""

    told: list[LoadError] = field(default_factory=list)
    count: int = 0

    def add(self, error: LoadError) -> None:
        """Count an error, and keep it if it is among the first."""
        self.count += 1
        if len(self.told) < MOST_ERRORS:
            self.told.append(error)

    def refuse(self) -> None:
        """End a load that has any errors.

        Raises:
            LoadRefused: with all that were found.
        """
        if self.count:
            raise LoadRefused(tuple(self.told), self.count)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a file, where errors are reported."""

    errors: Errors
    path: str = ""

    def key(self, name: str) -> Place:
        """The place of a value in the object that stands here."""
        return Place(self.errors, f"{self.path}.{name}" if self.path else name)

    def entry(self, index: int) -> Place:
        """The place of an entry of the list that stands here."""
        return Place(self.errors, f"{self.path}[{index}]")

    def report(self, code: ErrorCode | LoadErrorCode, message: str) -> None:
        """Something is wrong here."""
        self.errors.add(LoadError(code, self.path, message))

    def take(self, wrong: Wrong) -> None:
        """What a reader says is wrong here, or in the entries of the list that stands here."""
        for error in wrong.at(self.path):
            self.errors.add(LoadError(error.code, error.field, error.message))
