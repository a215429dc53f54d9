"""What came of it against what had to: every ticket, every row of its story, every follow-up, and `show batch`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from tests.benchmarks.data import Start
from tests.faults.site import Site
from tests.faults.work import Batch, Wanted, Work
from worker.domain.changes import TAGS_FIELD
from worker.domain.words import DeliveryState, RefreshMode, RunState
from worker.operations.ingest.accept import batch_id_of
from worker.storage.tables import (
    Base,
    DeadLetterRow,
    DeliveryRow,
    EventRow,
    HistoryRow,
    RefreshRunRow,
    WorklogRow,
)
from worker.storage.tickets import read_tickets, stored
from worker.webhooks.body import TICKET_UPDATED

Row = RowMapping
State = dict[str, Any]
"""A ticket's values by field, its tags as a sorted list under `tagIds`."""

Step = list[tuple[str, Any, Any]]
"""The changes of one write: field, old, new; sorted by field."""


@dataclass
class Verdict:
    """How many tickets are as they must be, how many follow-ups came; and what is wrong, if anything is."""

    tickets: int
    follow_ups: int = 0
    wrong_tickets: set[int] = field(default_factory=set)
    lost_follow_ups: int = 0
    complaints: list[str] = field(default_factory=list)

    def ticket(self, ticket_id: int, *, right: bool, complaint: str) -> None:
        """Counts a ticket as wrong."""
        if not right:
            self.wrong_tickets.add(ticket_id)
            self.complaints.append(f"ticket {ticket_id}: {complaint}")

    def follow_up(self, *, right: bool, complaint: str) -> None:
        """Counts a follow-up."""
        self.follow_ups += 1
        if not right:
            self.lost_follow_ups += 1
            self.complaints.append(complaint)

    def all_in_all(self, *, right: bool, complaint: str) -> None:
        """Counts nothing, but must be so."""
        if not right:
            self.complaints.append(complaint)


def judge(site: Site) -> Verdict:
    """Looks at everything, in the database, at the receiver, and as `show batch` tells it."""
    work = site.work
    verdict = Verdict(tickets=work.case.n)
    with site.database.read() as connection:
        told = _judge_tickets(connection, work, verdict)
        _judge_refreshes(connection, work, verdict)
        _judge_webhooks(connection, site, told, verdict)
        dead = _rows(connection, DeadLetterRow)
        verdict.all_in_all(right=not dead, complaint=f"{len(dead)} dead letters")
    for batch in work.batches:
        for complaint in _wrong_in(site.system.run("show", "batch", batch_id_of(batch.key), allowed=(0, 1)), batch):
            verdict.all_in_all(right=False, complaint=f"show batch {batch.key}: {complaint}")
    return verdict


def _rows(connection: Connection, model: type[Base]) -> list[Row]:
    return list(connection.execute(select(model.__table__).order_by(*model.__table__.primary_key)).mappings())


def _by_ticket(rows: Iterable[Row]) -> Mapping[int, list[Row]]:
    found: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["ticket_id"]].append(row)
    return found


def _judge_tickets(connection: Connection, work: Work, verdict: Verdict) -> dict[tuple[int, str], Step]:
    """Whether each ticket is as if its batches had come one after the other, in the order its history tells.

    The result: what each write of a batch changed, by ticket and batch.
    """
    tickets = read_tickets(connection, range(1, work.case.n + 1))
    history = _by_ticket(_rows(connection, HistoryRow))
    worklog = _by_ticket(_rows(connection, WorklogRow))
    told: dict[tuple[int, str], Step] = {}
    for ticket_id, start in work.start.items():
        ticket = tickets[ticket_id]
        values = {name: stored(value) for name, value in ticket.values.items()}
        steps = _steps(history[ticket_id])
        told |= {(ticket_id, source): step for source, step in steps.items()}
        entries = sorted(entry["run_id"] or entry["batch_id"] for entry in worklog[ticket_id])
        verdict.ticket(ticket_id, right=ticket.version == len(steps), complaint=f"written {ticket.version} times")
        verdict.ticket(ticket_id, right=entries == sorted(steps), complaint=f"worklog {entries}, writes {[*steps]}")
        if any(ticket_id in batch.refreshes for batch in work.batches):
            continue
        state = values | {TAGS_FIELD: sorted(ticket.tags)}
        complaint = _wrong_with(start, state, steps, work.batches)
        verdict.ticket(ticket_id, right=not complaint, complaint=complaint)
    return told


def _steps(history: Sequence[Row]) -> dict[str, Step]:
    """Each write of a ticket, by the batch or run that it came from, in order; versions count from 1 without a gap."""
    steps: dict[str, Step] = {}
    for row in sorted(history, key=lambda row: (row["version"], row["field"])):
        source = row["run_id"] or row["batch_id"]
        steps.setdefault(source, []).append((row["field"], row["old"], row["new"]))
        if row["version"] != len(steps):
            return {f"version {row['version']} of {source}": []}
    return steps


def _wrong_with(start: Start, state: State, steps: Mapping[str, Step], batches: Sequence[Batch]) -> str:
    """What of a ticket is not as if the batches had been applied to its start in the order of the steps."""
    by_id = {batch_id_of(batch.key): batch.wanted[start.id] for batch in batches}
    expected: State = start.values | {TAGS_FIELD: sorted(start.tags)}
    for source in [*steps, *(by_id.keys() - steps.keys())]:
        if source not in by_id:
            return f"was written by {source}"
        after = _applied(by_id[source], expected, state)
        if after != steps.get(source, []):
            return f"{source} wrote {steps.get(source)}, not {after}"
        expected |= {name: new for name, _, new in after}
    wrong = {name: state[name] for name, value in expected.items() if state[name] != value}
    return f"has {wrong}" if wrong else ""


def _applied(wanted: Wanted, before: State, unknown: State) -> Step:
    """What a write has to change. Fields that a start does not tell are empty at the start."""
    new = dict(wanted.values)
    new[TAGS_FIELD] = sorted({*before[TAGS_FIELD], *wanted.added} - wanted.removed)
    assert new.keys() <= unknown.keys()
    changes = [(name, before.get(name), value) for name, value in new.items() if value != before.get(name)]
    return sorted(changes, key=lambda change: change[0])


def _judge_refreshes(connection: Connection, work: Work, verdict: Verdict) -> None:
    """Each refresh that was asked for has one run, which ended well and wrote what it had to, once."""
    runs = _by_ticket(_rows(connection, RefreshRunRow))
    history = _by_ticket(_rows(connection, HistoryRow))
    tickets = read_tickets(connection, runs.keys())
    for batch in work.batches:
        for ticket_id, mode in batch.refreshes.items():
            ends = [(run["mode"], run["state"]) for run in runs[ticket_id]]
            right = ends == [(mode.value, RunState.DONE.value)]
            verdict.follow_up(right=right, complaint=f"refreshes of ticket {ticket_id}: {ends}")
            if not right:
                continue
            fields = Counter(row["field"] for row in history[ticket_id])
            told_once = set(fields.values()) == {1}
            verdict.ticket(ticket_id, right=told_once, complaint=f"history of its refresh: {dict(fields)}")
            ticket = tickets[ticket_id]
            seen = not ticket.tags if mode is RefreshMode.TAGS_RULE_BASED else bool(ticket.values["bodyClean"])
            verdict.ticket(ticket_id, right=seen, complaint="its refresh is not to be seen")


def _judge_webhooks(connection: Connection, site: Site, told: Mapping[tuple[int, str], Step], verdict: Verdict) -> None:
    """Each change by a batch has one event; each that the endpoint wants has come, in the order of its ticket."""
    ids = {batch_id_of(batch.key) for batch in site.work.batches}
    changes = {(ticket_id, source): step for (ticket_id, source), step in told.items() if source in ids}
    events = {row["id"]: row for row in _rows(connection, EventRow) if row["type"] == TICKET_UPDATED}
    counts = Counter((row["ticket_id"], row["batch_id"]) for row in events.values())
    one_each = counts == Counter(changes.keys())
    verdict.all_in_all(right=one_each, complaint=f"{len(events)} events, {len(changes)} changes by batches")
    deliveries = {
        (row["ticket_id"], row["batch_id"]): row for row in _rows(connection, DeliveryRow) if row["event_id"] in events
    }
    arrived = site.receiver.verified
    for key, step in changes.items():
        if site.work.is_told(key[0]):
            row = deliveries.pop(key, None)
            state, body = (row["state"], arrived.get(row["id"], {})) if row is not None else (None, {})
            told_so = body.get("changes") == {name: new for name, _, new in step}
            right = state == DeliveryState.DELIVERED and told_so
            verdict.follow_up(right=right, complaint=f"webhook of ticket {key[0]}: {state}, arrived: {body}")
    verdict.all_in_all(right=not deliveries, complaint=f"{len(deliveries)} webhooks that nobody wants")
    for complaint in _out_of_order(_rows(connection, DeliveryRow), list(arrived)):
        verdict.all_in_all(right=False, complaint=complaint)
    verdict.all_in_all(right=not site.receiver.refused, complaint=f"{site.receiver.refused} wrong signatures")


def _out_of_order(deliveries: Iterable[Row], arrived: Iterable[str]) -> Iterator[str]:
    sequence = {row["id"]: (row["ticket_id"], row["sequence"]) for row in deliveries}
    last: dict[int, int] = {}
    for one in arrived:
        if one not in sequence:
            yield f"webhook {one} came, but there is no delivery of that id"
            continue
        ticket_id, number = sequence[one]
        if number < last.get(ticket_id, 0):
            yield f"webhook {one} came after a later one of ticket {ticket_id}"
        last[ticket_id] = number


def _wrong_in(shown: Mapping[str, Any], batch: Batch) -> Iterator[str]:
    """What `show batch` should not say."""
    counts = {name: count for name, count in shown["counts"].items() if count}
    received = counts.pop("received", 0)
    outcomes = Counter(item["outcome"] for item in shown["items"])
    if shown["state"] != "done":
        yield f"state {shown['state']}"
    if counts != {_CAMEL.get(name, name): count for name, count in batch.outcomes.items()}:
        yield f"counts {counts}, not {dict(batch.outcomes)}"
    if received != len(batch.items) or outcomes != Counter(batch.outcomes):
        yield f"{received} items received, which ended as {dict(outcomes)}"
    if [item["index"] for item in shown["items"]] != list(range(len(batch.items))):
        yield "not one line an item"
    if shown["stillOpen"] != {"refreshes": [], "webhooks": []}:
        yield f"still open {shown['stillOpen']}"
    ended = Counter(run["state"] for run in shown["refreshes"])
    if ended != Counter({"done": len(batch.refreshes)}):
        yield f"refreshes {dict(ended)}"
    if {one["state"] for one in shown["webhooks"]} - {"delivered"}:
        yield "webhooks that are not delivered"


_CAMEL = {"refresh_scheduled": "refreshScheduled", "refresh_skipped": "refreshSkipped"}
