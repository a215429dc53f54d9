"""How long the phases of a batch took, how fast they went, and what still runs, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from worker.cli.output import cell, table
from worker.operations.inspection.phases import PhaseName

Document = Mapping[str, Any]

_UNITS: dict[str, str] = {
    PhaseName.APPLYING: "items",
    PhaseName.REFRESHING: "refreshes",
    PhaseName.DELIVERING: "webhooks",
}
"""What a phase counts."""

_SPANS = ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s"))
"""Seconds and name of a unit, and of the smaller one that is told with it."""

_FINE = 10
"""Seconds below which tenths are told."""


def phases_view(phases: Sequence[Document]) -> Iterator[RenderableType]:
    """A table of the phases that have begun."""
    made = table(None, "Phase", "#Time", "#Done", "#Rate", "")
    for one in phases:
        if one["seconds"] is not None:
            rate = f"{pace(one['perSecond'])}/s" if one["perSecond"] else ""
            running = cell("running", "yellow") if one["running"] else Text()
            made.add_row(cell(one["phase"]), cell(span(one["seconds"])), Text(_done(one)), Text(rate), running)
    yield Text()
    yield made


def _done(phase: Document) -> str:
    if phase["phase"] not in _UNITS:
        return ""
    of_all = "" if phase["done"] == phase["total"] else f" of {phase['total']:,}"
    return f"{phase['done']:,}{of_all} {_UNITS[phase['phase']]}"


def still_open_view(document: Document) -> Iterator[RenderableType]:
    """What a batch still waits for: how many of each, and the first of them by name."""
    still = document["stillOpen"]
    told = [_told(f"{one['mode']} refresh", "es", one) for one in still["refreshes"]]
    told += [_told(f"{one['endpointId']} webhook", "s", one) for one in still["webhooks"]]
    if not told:
        return
    yield Text()
    yield Text.assemble(("Still open: ", "bold"), ", ".join(told))
    made = table(None, "#Ticket", "Waits for", "State", "Since", "Next attempt")
    named = [(f"{one['mode']} refresh", one) for one in document["named"]["refreshes"]]
    named += [(f"{one['endpointId']} webhook", one) for one in document["named"]["webhooks"]]
    for what, one in named:
        times = cell(one["since"]), cell(one["nextAttemptAt"])
        made.add_row(cell(one["ticketId"]), cell(what), cell(one["state"]), *times)
    yield made


def _told(what: str, plural: str, tally: Document) -> str:
    elsewhere = "" if tally["ofThisBatch"] else " of other batches"
    return f"{tally['count']:,} {what}{plural if tally['count'] != 1 else ''}{elsewhere} {tally['state']}"


def span(seconds: float) -> str:
    """A length of time, coarser the longer it is: `0.4 s`, `42 s`, `2 min 5 s`, `3 h 12 min`."""
    if seconds < _FINE:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, name, smaller, smaller_name in _SPANS:
        if whole >= size:
            return f"{whole // size} {name} {whole % size // smaller} {smaller_name}"
    return f"{whole} s"


def pace(per_second: float) -> str:
    """How many a second, with a decimal where there are few."""
    return f"{per_second:.1f}" if per_second < _FINE else f"{per_second:,.0f}"
