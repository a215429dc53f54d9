"""What is said about an item beside its outcome: errors and fields left aside."""

from __future__ import annotations

from dataclasses import dataclass

from worker.domain.words import ErrorCode, IgnoredReason


@dataclass(frozen=True, slots=True)
class ItemError:
    """One reason to reject an item. `field` is a path such as `to[1]`, empty when the item as a whole is meant.

    `message` says what is expected and never holds what was sent.
    """

    code: ErrorCode
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """A field of an item that was left aside, by its name as sent."""

    field: str
    reason: IgnoredReason
