"""The phases of a batch: how long it waited, was applied, refreshed, told webhooks, and how fast that went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from worker.domain.words import BatchState
from worker.storage.batches import Batch
from worker.storage.caused import Tally


class PhaseName(StrEnum):
    """What happens to a batch, in the order in which it begins; the last two overlap with what is before them."""

    WAITING = "waiting"
    APPLYING = "applying"
    REFRESHING = "refreshing"
    DELIVERING = "delivering"


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase. `seconds` is None when it never began; `done` and `total` are items, refreshes or webhooks."""

    name: PhaseName
    seconds: float | None
    done: int
    total: int
    running: bool

    @property
    def document(self) -> dict[str, Any]:
        """The phase as the interface shows it; `perSecond` is null where nothing is counted."""
        counted = self.seconds if self.name is not PhaseName.WAITING else None
        return {
            "phase": self.name.value,
            "seconds": None if self.seconds is None else round(self.seconds, 3),
            "done": self.done,
            "total": self.total,
            "perSecond": round(self.done / counted, 1) if counted else None,
            "running": self.running,
        }


def phases(batch: Batch, runs: Sequence[Tally], deliveries: Sequence[Tally], now: datetime) -> list[Phase]:
    """All four phases, from the head of a batch and the counts of what it caused."""
    return [
        _waiting(batch, now),
        Phase(
            PhaseName.APPLYING,
            _seconds(batch.started_at, batch.finished_at or now),
            batch.applied,
            batch.received,
            running=batch.state is BatchState.RUNNING,
        ),
        _caused(PhaseName.REFRESHING, runs, batch.created_at, now),
        _caused(PhaseName.DELIVERING, deliveries, batch.created_at, now),
    ]


def _waiting(batch: Batch, now: datetime) -> Phase:
    """From the acceptance to the first chunk; one that is paused before waits on, but for somebody."""
    until = batch.started_at or batch.finished_at or now
    begun = batch.started_at is not None
    running = batch.state is BatchState.ACCEPTED
    taken = batch.received if begun else 0
    return Phase(PhaseName.WAITING, _seconds(batch.created_at, until), taken, batch.received, running)


def _caused(name: PhaseName, tallies: Sequence[Tally], created_at: datetime, now: datetime) -> Phase:
    """From the first one that the batch asked for to the end of the last one that it waits for.

    Where it only waits for those of others, that is since it was accepted.
    """
    total = sum(one.count for one in tallies)
    if not total:
        return Phase(name, None, 0, 0, running=False)
    left = sum(one.count for one in tallies if one.is_open)
    first = min((one.first_at for one in tallies if one.own), default=created_at)
    last = max((one.last_at for one in tallies if one.last_at), default=now)
    return Phase(name, _seconds(first, now if left else last), total - left, total, running=left > 0)


def _seconds(begin: datetime | None, end: datetime | None) -> float | None:
    """Clocks of several machines differ a little, so an end may seem to lie before its begin."""
    return None if begin is None or end is None else max((end - begin).total_seconds(), 0.0)
