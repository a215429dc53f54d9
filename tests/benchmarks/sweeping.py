"""A sweep that reopens what is due: among very many tickets against among few."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median

from sqlalchemy import Connection, case, insert, literal, select

from tests.benchmarks.data import CREATED, Case
from tests.benchmarks.databases import Kind
from tests.benchmarks.ours import opened
from tests.benchmarks.plan import Plan
from tests.benchmarks.results import Result
from tests.benchmarks.saving import Told
from tests.services.plans import plans_of
from worker.domain.words import Status
from worker.operations.reopen import reopen_pending
from worker.storage.due import due_pending
from worker.storage.tables import TicketRow

NAMES = ("sweep",)

DUE = 1_000
"""Pending tickets that are due, wherever they are looked for."""

FEW = 2_000
"""Tickets of the small table."""

_GOAL = 0.5
_REPEATS = 5
_NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
_LATER = _NOW + timedelta(days=365)


def runs(_plan: Plan, _names: Collection[str]) -> int:
    """How many runs `measure` makes."""
    return _REPEATS


def measure(kind: Kind, plan: Plan, _names: Collection[str], told: Told) -> Iterator[Result]:
    """Both sizes in turn, and how the database finds what is due among many."""
    for n in (FEW, plan.swept):
        kind.prepare(n, partial(_fill, n))
    _sweep(kind, FEW)  # once in vain: statements are compiled
    many, few = [], []
    for _ in range(_REPEATS):
        few.append(_sweep(kind, FEW))
        many.append(_sweep(kind, plan.swept))
        told(f"{kind.name}, {DUE:,} due of {plan.swept:,}: {many[-1]:,.0f} ms against {few[-1]:,.0f} of {FEW:,}")
    ratio = median(few) / median(many)
    details = _plan(kind, plan.swept)
    yield Result("sweep", kind.name, plan.swept, median(many), median(few), ratio, _GOAL, "ms", details)


def _sweep(kind: Kind, n: int) -> float:
    """Milliseconds that it takes to reopen all that is due, with history, events and outbox."""
    with kind.fresh(n) as url, opened(url) as ours:
        context = replace(ours.context, clock=lambda: _NOW, send=lambda _: None)
        began = time.perf_counter()
        reopened = reopen_pending(context)
        took = time.perf_counter() - began
    if reopened != DUE:
        raise AssertionError(f"{reopened} of {DUE} tickets were reopened")
    return took * 1_000


def _plan(kind: Kind, n: int) -> str:
    with kind.fresh(n) as url, opened(url) as ours:
        size = ours.context.settings.chunk_size
        return plans_of(ours.context.database, lambda connection: due_pending(connection, _NOW, size))[0]


def _fill(n: int, connection: Connection) -> None:
    """Copies of one ticket: those that are due, some that wait, and others whose due date has passed as well."""
    Case(1).load(connection)
    numbers = select(literal(2).label("number")).cte("numbers", recursive=True)
    number = numbers.c.number
    numbers = numbers.union_all(select(number + 1).where(number < n))
    number = numbers.c.number
    table = TicketRow.__table__
    due, waits, closed = number % (n // DUE) == 0, number % 20 == 1, number % 3 != 0
    pending = Status.PENDING.value
    own = {
        "id": number,
        "external_ticket_id": literal(None, table.c.external_ticket_id.type),
        "status": case((due, pending), (waits, pending), (closed, Status.CLOSED.value), else_=Status.OPEN.value),
        "due_by": case((due, _past()), (waits, literal(_LATER, table.c.due_by.type)), else_=_past()),
    }
    columns = [own.get(column.name, column) for column in table.c]
    copies = select(*columns).select_from(table.join(numbers, table.c.id == 1))
    connection.execute(insert(TicketRow).from_select([column.name for column in table.c], copies))


def _past() -> object:
    return literal(CREATED, TicketRow.__table__.c.due_by.type)
