"""Kinds of failure: one that may pass by itself, one that is too slow to wait for, one that will not pass."""

from __future__ import annotations


class Transient(Exception):  # noqa: N818 - the words of the field
    """May pass by itself: tried again with growing delays. `reason` is a static code, free of personal data."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class TooSlow(Transient):
    """May be quicker another time; whoever has another way to the answer takes that."""


class Permanent(Exception):  # noqa: N818 - the words of the field
    """Will not pass by itself: recorded with its cause, not tried again."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
