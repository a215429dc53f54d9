"""A ticket as tables: its fields, its tags and intents, its text, and its past when it was asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from worker.cli.batch_view import STYLES, stages_told
from worker.cli.output import cell, facts, plain, said, table

Document = Mapping[str, Any]

MOST_LINES = 20
"""Lines of a text; --json has all."""

_ELSEWHERE = frozenset(
    "id body bodyPlain bodyClean rawData template tags tagIds tagSources intents customer agent assignedAgents"
    " workedOnBy replyCcEmails ccEmails bccEmails history worklog refreshes".split()
)


def ticket_view(ticket: Document) -> Iterator[RenderableType]:
    """What `show ticket` prints for people: fields that hold something, then what hangs on the ticket."""
    yield _fields(ticket)
    if ticket["tags"] or ticket["tagIds"]:
        yield from (Text(), _tags(ticket))
    if ticket["intents"]:
        yield from (Text(), _intents(ticket["intents"]))
    text = ticket["bodyClean"] or ticket["bodyPlain"] or ticket["body"]
    if text:
        yield from (Text(), Text("Text", "bold"), _text(text))
    for name, make in (("history", _history), ("worklog", _worklog), ("refreshes", _refreshes)):
        if ticket.get(name):
            yield from (Text(), make(ticket[name]))
    yield Text()


def _fields(ticket: Document) -> Table:
    made = table(f"Ticket {ticket['id']}", "Field", "Value")
    for name, value in ticket.items():
        if name not in _ELSEWHERE and value not in (None, [], {}, ""):
            told = facts(value) if isinstance(value, dict) else value
            made.add_row(cell(name, "dim"), cell(told, STYLES.get(str(value), "")))
    if ticket["customer"]:
        made.add_row(cell("customer", "dim"), cell(_customer(ticket["customer"])))
    for name in ("agent", "assignedAgents", "workedOnBy"):
        people = ticket[name] if isinstance(ticket[name], list) else [ticket[name]]
        if any(people):
            made.add_row(cell(name, "dim"), cell([_person(person) for person in people]))
    return made


def _customer(customer: Document) -> str:
    name = " ".join(str(customer[part]) for part in ("firstname", "lastname", "company") if customer.get(part))
    contracts = ", ".join(f"{one.get('id')} ({one.get('status', '?')})" for one in customer["contracts"])
    return f"{name or customer.get('id')}; contracts: {contracts or 'none'}"


def _person(person: Document) -> str:
    return " ".join(str(person[part]) for part in ("firstName", "lastName") if person.get(part)) or str(person["id"])


def _tags(ticket: Document) -> Table:
    names = {tag.get("id"): tag.get("name") for tag in ticket["tags"]}
    made = table("Tags", "#ID", "Name", "Source")
    for one in ticket["tagSources"]:
        made.add_row(cell(one["id"]), cell(names.get(one["id"])), cell(one["source"]))
    return made


def _intents(intents: Sequence[Document]) -> Table:
    made = table("Intents", "Code", "Contract", "Status", "#Confidence", "Data", "Outcome")
    for one in intents:
        confidence = f"{one['confidence']:.2f}"
        made.add_row(
            cell(one["code"]),
            cell(one["contractId"]),
            cell(one["status"]),
            cell(confidence),
            cell(facts(one["data"])),
            cell((one["outcome"] or {}).get("messageLocalized")),
        )
    return made


def _text(text: str) -> Text:
    lines = plain(text).strip().splitlines()
    more = len(lines) - MOST_LINES
    return Text("\n".join([*lines[:MOST_LINES], *([f"… {more} more lines; --json has all"] if more > 0 else [])]))


def _history(changes: Sequence[Document]) -> Table:
    made = table("History", "@At", "@Field", "Change", "By")
    for one in changes:
        actor = one["actor"]
        by = f"{actor['type']} {actor['id']}" if actor["id"] is not None else actor["type"]
        made.add_row(cell(one["at"]), cell(one["field"]), _change(one), cell(by))
    return made


def _change(one: Document) -> Text:
    """Old and new value, and below it why, where nobody asked for it."""
    told = Text(f"{_glance(one['old'])} → {_glance(one['new'])}")
    if one.get("cause"):
        told.append(f"\nbecause of {facts({said(name): value for name, value in one['cause'].items()})}", "dim")
    return told


def _glance(value: object) -> str:
    if isinstance(value, list) and all(isinstance(one, dict) and {"code", "status"} <= one.keys() for one in value):
        value = [f"{one['code']} {one['status']}" for one in value]  # intents
    text = " ".join(plain(value).split())
    return text if len(text) <= 60 else f"{text[:59]}…"  # noqa: PLR2004 - two of these fit on a few lines


def _worklog(entries: Sequence[Document]) -> Table:
    made = table("Worklog", "@At", "@Action", "By", "Batch")
    for one in entries:
        by = "automatic" if one["automatic"] else one["userId"] and f"user {one['userId']}"
        made.add_row(cell(one["at"]), cell(one["action"]), cell(by), cell(one["batchId"]))
    return made


def _refreshes(runs: Sequence[Document]) -> Table:
    made = table("Refreshes", "Mode", "@State", "Reason", "Stages")
    for run in runs:
        state = cell(run["state"], STYLES.get(run["state"], ""))
        made.add_row(cell(run["mode"]), state, cell(run["reason"]), cell(stages_told(run["stages"])))
    return made
