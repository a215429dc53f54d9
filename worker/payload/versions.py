"""The version check of an item: `ifModifiedAt`, the `modifiedAt` of the ticket that its sender last saw."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from worker.domain.fields import Field, Kind, Role
from worker.payload.kinds import READERS

IF_MODIFIED_AT = "ifModifiedAt"
"""Stands beside the 61 fields and is none of them: it says something about the item, not about the ticket."""

_SPEC = Field(IF_MODIFIED_AT, Role.CONTROL, Kind.TIME, nullable=True)
_FRACTION = re.compile(r"[.,](\d+)")
_MOST_DIGITS = 6  # microseconds, which is what is stored


@dataclass(frozen=True, slots=True)
class LastSeen:
    """What a sender knows of a ticket's `modifiedAt`; a `moment` of None: it had never been modified.

    The moment is compared down to `step` microseconds: as it is given, since the page shows whole seconds alone.
    """

    moment: datetime | None
    step: int = 1

    def is_stale(self, modified_at: datetime | None) -> bool:
        """Whether a ticket with this `modifiedAt` has changed since."""
        if modified_at is None:
            return False
        if self.moment is None:
            return True
        return modified_at - timedelta(microseconds=modified_at.microsecond % self.step) > self.moment


def read_last_seen(value: object, zone: tzinfo) -> LastSeen:
    """What `ifModifiedAt` says, null or a time; zeros that end a fraction do not make it more precise.

    Raises:
        Wrong: `invalid_type`, `invalid_value`, like every time.
    """
    if value is None:
        return LastSeen(None)
    whole = READERS[Kind.TIME](value, _SPEC, zone)
    assert isinstance(whole, datetime)  # noqa: S101 - what the reader of times gives
    found = _FRACTION.search(f"{value % 1:.{_MOST_DIGITS}f}" if isinstance(value, (int, float)) else str(value))
    digits = found[1][:_MOST_DIGITS].rstrip("0") if found else ""
    fraction = timedelta(microseconds=int(digits.ljust(_MOST_DIGITS, "0")))
    return LastSeen(whole + fraction, 10 ** (_MOST_DIGITS - len(digits)))
