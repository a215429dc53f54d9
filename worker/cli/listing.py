"""Commands `list tickets` and `list routable`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from worker.cli.batch_view import STYLES
from worker.cli.options import Exit
from worker.cli.output import answer, cell, facts, table
from worker.cli.session import open_context
from worker.operations.queries import list_routable, list_tickets
from worker.operations.where import plain_value, read_terms

Document = dict[str, Any]

_SUBJECT = 40
_COLUMNS = ("id", "status", "priority", "channel", "spamStatus", "agentId", "tagIds", "dueBy")
_WIDE = 110
"""Columns of a terminal from which on a ticket is one line."""


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
    yield (_flat if Console().width >= _WIDE else _stacked)(found["tickets"])
    if found["page"]["more"]:
        yield Text(f"\nMore follow: --after {found['page']['after']}", "dim")


def _flat(tickets: Sequence[Document]) -> Table:
    made = table(None, "#ID", "@Status", "@Priority", "@Channel", "@Spam", "#Agent", "Tags", "@Due", "Subject")
    for ticket in tickets:
        cells = [cell(ticket[name], STYLES.get(str(ticket[name]), "")) for name in _COLUMNS]
        made.add_row(*cells, cell(_cut(ticket["subject"])))
    return made


def _stacked(tickets: Sequence[Document]) -> Table:
    """The subject, and what else there is to say below it."""
    made = table(None, "#ID", "@Status", "@Due", "Ticket")
    for ticket in tickets:
        words = [ticket["priority"], ticket["channel"], ticket["spamStatus"]]
        also = facts({"agent": ticket["agentId"], "tags": ticket["tagIds"]})
        told = Text.assemble(cell(_cut(ticket["subject"])), ("\n" + ", ".join(filter(None, [*words, also])), "dim"))
        made.add_row(cell(ticket["id"]), cell(ticket["status"]), cell(ticket["dueBy"]), told)
    return made


def _cut(subject: str) -> str:
    line = " ".join(subject.split())
    return line if len(line) <= _SUBJECT else f"{line[: _SUBJECT - 1]}…"
