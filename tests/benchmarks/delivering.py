"""Webhooks delivered a second, signed, recorded, in order: against a bare client, and beside a dead endpoint."""

from __future__ import annotations

import socket
import time
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from statistics import median

import httpx
from sqlalchemy import func, select, update

from config.routing import TaskName
from tests.benchmarks.data import Case
from tests.benchmarks.databases import Kind
from tests.benchmarks.ours import Ours, opened
from tests.benchmarks.plan import Plan
from tests.benchmarks.processes import listening
from tests.benchmarks.results import Result
from tests.benchmarks.saving import Told
from tests.services.waiting import wait_until
from worker.context import Context
from worker.domain.words import DeliveryState
from worker.operations.deliver import AT_ONCE, deliver
from worker.storage.bulk import insert_rows
from worker.storage.outbox import Message
from worker.storage.tables import DeliveryRow, EndpointRow, EventRow
from worker.webhooks.body import encode
from worker.webhooks.sending import Sender

NAMES = ("deliver", "deliver_beside_dead")

_GOALS = {"deliver": 0.6, "deliver_beside_dead": 1 / 1.2}
_DEAD = "dead"


@dataclass
class Caused:
    """A saved batch on a fresh database, with the messages that carry its webhooks to a receiver."""

    context: Context
    messages: list[Message] = field(default_factory=list)

    def bodies(self) -> list[bytes]:
        """What is sent."""
        with self.context.database.read() as connection:
            return [encode(body) for body in connection.scalars(select(EventRow.body))]

    def deliver(self) -> float:
        """Everything, message by message as a worker's process does; deliveries a second, the dead endpoint's aside."""
        began = time.perf_counter()
        for message in self.messages:
            deliver(self.context, message.arguments["delivery_ids"], message.id)
        return self._delivered() / (time.perf_counter() - began)

    def is_quiet(self) -> bool:
        """Whether nothing is on its way."""
        with self.context.database.read() as connection:
            query = select(func.count()).where(DeliveryRow.lease_until.is_not(None))
            return not connection.execute(query).scalar_one()

    def _delivered(self) -> int:
        one = DeliveryRow
        with self.context.database.read() as connection:
            left = select(func.count()).where(one.state != DeliveryState.DELIVERED.value, one.endpoint_id != _DEAD)
            if connection.execute(left).scalar_one():
                raise AssertionError("not everything was delivered")
            done = select(func.count()).where(one.state == DeliveryState.DELIVERED.value)
            return connection.execute(done).scalar_one()


@contextmanager
def _caused(kind: Kind, case: Case, receiver: str, dead: str | None = None) -> Iterator[Caused]:
    with kind.fresh(case.n) as url, opened(url) as ours:
        caused = Caused(ours.context)
        sender = Sender(allowed=["127.0.0.1"])
        settings = ours.context.settings.model_copy(update={"batch_window": 100_000})
        context = replace(ours.context, settings=settings, sender=lambda: sender)
        with context.database.write() as connection:
            connection.execute(update(EndpointRow).values(url=receiver))
            query = select(EndpointRow.__table__)
            rows = [dict(row) for row in connection.execute(query).mappings()] if dead else []
            insert_rows(connection, EndpointRow, [row | {"id": _DEAD, "url": dead} for row in rows])
        for step in Ours(context).chunks(case.sent(), datetime.now(UTC)):
            caused.messages += [one for one in step.messages if one.task == TaskName.DELIVER_WEBHOOKS]
        caused.context = context
        sender.send(receiver, {}, b"{}")  # certificates are read once a process
        yield caused
        if not wait_until(caused.is_quiet):
            raise AssertionError("an attempt was never recorded")
        sender.close()


def _bare(url: str, bodies: Sequence[bytes]) -> float:
    """The same bodies from as many threads over as many connections, and nothing else; deliveries a second."""
    limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
    headers = {"content-type": "application/json"}
    with httpx.Client(limits=limits, headers=headers, trust_env=False) as client, ThreadPoolExecutor(AT_ONCE) as pool:
        began = time.perf_counter()
        for answer in pool.map(lambda body: client.post(url, content=body), bodies):
            answer.raise_for_status()
        return len(bodies) / (time.perf_counter() - began)


@contextmanager
def _nobody() -> Iterator[str]:
    """URL of somebody who takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


def runs(plan: Plan, _names: Collection[str]) -> int:
    """How many runs `measure` makes."""
    return plan.dispatches


def measure(kind: Kind, plan: Plan, names: Collection[str], told: Told) -> Iterator[Result]:
    """All ways in turn."""
    case = Case(plan.dispatched)
    kind.prepare(case.n, case.load)
    alone, bare, beside = [], [], []
    for _ in range(plan.dispatches):
        with listening() as receiver, _nobody() as dead:
            with _caused(kind, case, receiver) as caused:
                bare.append(_bare(receiver, caused.bodies()))
                alone.append(caused.deliver())
            if "deliver_beside_dead" in names:
                with _caused(kind, case, receiver, dead) as caused:
                    beside.append(caused.deliver())
        told(f"{kind.name}, {case.n:,} webhooks: {alone[-1]:,.0f} against {bare[-1]:,.0f} a second")
    found = {"deliver": (alone, bare), "deliver_beside_dead": (beside, alone)}
    for name in names:
        ours, baseline = map(median, found[name])
        yield Result(name, kind.name, case.n, ours, baseline, ours / baseline, _GOALS[name], "webhooks/s")
