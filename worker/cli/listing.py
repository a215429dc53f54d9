"""Commands `list tickets` and `list routable`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from worker.cli.batch_view import STYLES
from worker.cli.options import Exit
from worker.cli.output import answer, cell, table
from worker.cli.session import open_context
from worker.operations.queries import list_routable, list_tickets
from worker.operations.where import plain_value, read_terms

Document = dict[str, Any]

_SUBJECT = 40
_COLUMNS = ("id", "status", "priority", "channel", "spamStatus", "agentId", "tagIds", "dueBy")


def print_tickets(terms: Sequence[str], after: int, limit: int, *, as_json: bool) -> int:
    """A page of the tickets that match."""
    return _print(list_tickets(open_context(), read_terms(terms), after=after, limit=limit), as_json=as_json)


def print_routable(
    skills: str | None, match: str, terms: Sequence[str], after: int, limit: int, *, as_json: bool
) -> int:
    """A page of the tickets that may be given to somebody."""
    wanted = () if skills is None else plain_value(skills)
    found = list_routable(open_context(), wanted, match=match, where=read_terms(terms), after=after, limit=limit)
    return _print(found, as_json=as_json)


def _print(found: Document, *, as_json: bool) -> int:
    answer(found, lambda: _view(found), as_json=as_json)
    return Exit.DONE


def _view(found: Document) -> Iterator[RenderableType]:
    if not found["tickets"]:
        yield Text("No ticket matches.")
        return
    made = table(None, "#ID", "@Status", "@Priority", "@Channel", "Spam", "#Agent", "Tags", "@Due", "Subject")
    for ticket in found["tickets"]:
        cells = [cell(ticket[name], STYLES.get(str(ticket[name]), "")) for name in _COLUMNS]
        made.add_row(*cells, cell(_cut(ticket["subject"])))
    yield made
    if found["page"]["more"]:
        yield Text(f"\nMore follow: --after {found['page']['after']}", "dim")


def _cut(subject: str) -> str:
    line = " ".join(subject.split())
    return line if len(line) <= _SUBJECT else f"{line[: _SUBJECT - 1]}…"
