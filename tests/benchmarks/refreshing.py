"""Refreshes: in large messages against one each, by the embedded engine alone, beside a slow model, and the memory."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from statistics import median

import redis
from pydantic import SecretStr
from sqlalchemy import func, select

from config.settings import Settings
from tests.benchmarks.data import Case
from tests.benchmarks.databases import Kind
from tests.benchmarks.ours import opened
from tests.benchmarks.plan import Plan
from tests.benchmarks.processes import ROOT, children, own_memory, worker
from tests.benchmarks.results import Result
from tests.benchmarks.saving import Told
from tests.services import llm_server
from tests.services.waiting import wait_until
from worker.ai.embedded.engine import EmbeddedEngine
from worker.ai.llm.engine import Engines
from worker.ai.protocol import Engine
from worker.app import app
from worker.context import Context
from worker.domain.words import Lane, RefreshMode, RunState
from worker.operations.load import load
from worker.operations.messages import carry
from worker.operations.publish import publish
from worker.operations.refresh.run import refresh
from worker.operations.refresh_requests import TASKS
from worker.operations.rerun import rerun
from worker.runtime import build
from worker.storage.outbox import Message
from worker.storage.runs import RequestedBy, request_runs
from worker.storage.tables import RefreshRunRow
from worker.storage.tickets import lock_tickets

NAMES = ("tagsRuleBased_vs_one_each", "embedded_full", "llm_in_flight", "child_memory")

CHILD_LIMIT = 60
"""MB that a worker's child may have for itself, however many tickets it refreshed."""

_FAST = RefreshMode.TAGS_RULE_BASED
_SAMPLE = 1_000
"""So many messages of one ticket stand for all."""
_READ = 200
"""Tickets that the embedded engine reads."""
_ASKED = 500
"""Tickets that a model is asked about, in ten messages."""
_ANSWER = 0.3
"""Seconds that a model takes for an answer."""
_PATIENCE = 600
_MASTER = json.loads((ROOT / "worker/demo/data/master.json").read_text(encoding="utf-8"))
_DEFINITIONS = {name: _MASTER[name] for name in ("tags", "aiAgents")}
"""Those of the demonstration, so that there is something to find."""

Measure = Callable[[Kind, Plan, Told], Result]


def runs(plan: Plan, names: Collection[str]) -> int:
    """How many runs `measure` makes."""
    return sum(1 if name == NAMES[3] else plan.dispatches for name in names)


def measure(kind: Kind, plan: Plan, names: Collection[str], told: Told) -> Iterator[Result]:
    """One after the other."""
    for name in names:
        yield _MEASURES[name](kind, plan, told)


def _one_each(kind: Kind, plan: Plan, told: Told) -> Result:
    """Through a real worker, from being asked for to being written: messages of 500 against messages of one."""
    many, sample = plan.dispatched, min(plan.dispatched, _SAMPLE)
    ours, theirs = [], []
    for _ in range(plan.dispatches):
        ours.append(_through_a_worker(kind, many, lambda context: rerun(context, mode=_FAST.value, where={})))
        theirs.append(_through_a_worker(kind, sample, partial(_ask_one_each, n=sample)))
        told(f"{kind.name}, {many:,} refreshes by rules: {ours[-1]:,.0f} against {theirs[-1]:,.0f} a second")
    ratio = median(ours) / median(theirs)
    return Result(NAMES[0], kind.name, many, median(ours), median(theirs), ratio, 8, "refreshes/s")


def _through_a_worker(kind: Kind, n: int, ask: Callable[[Context], object]) -> float:
    kind.prepare(n, Case(n).load)
    with redis.Redis.from_url(app.broker_url) as client:
        client.flushall()
    with kind.fresh(n) as url, worker(url):
        context = build(Settings(database_url=SecretStr(url)))
        _ask_one_each(context, 1)  # the worker is up when this has ended
        _wait(context, 1)
        began = time.perf_counter()
        ask(context)
        _wait(context, n + 1)
        took = time.perf_counter() - began
        context.database.close()
    return n / took


def _wait(context: Context, ended: int) -> None:
    if not wait_until(lambda: _count(context, RunState.DONE) == ended, _PATIENCE):
        raise AssertionError(f"{_count(context, RunState.DONE)} of {ended} refreshes ended well")


def _count(context: Context, state: RunState) -> int:
    with context.database.read() as connection:
        query = select(func.count()).where(RefreshRunRow.state == state.value)
        return connection.execute(query).scalar_one()


def _ask_one_each(context: Context, n: int) -> None:
    """All refreshes asked for at once, each with a message of its own."""
    ids, now = list(range(1, n + 1)), context.clock()
    with context.database.write() as connection:
        lock_tickets(connection, ids, ())
        wanted = request_runs(connection, [(one, _FAST) for one in ids], RequestedBy("benchmark"), now)
        messages = carry(connection, TASKS[_FAST], "run_ids", wanted[_FAST], now=now, lane=Lane.BULK, at_once=1)
    publish(context, messages)


def _embedded(kind: Kind, plan: Plan, told: Told) -> Result:
    """Full runs by the embedded engine in one process, which is one core."""
    engine = EmbeddedEngine()
    engine.preload()
    rates = []
    for _ in range(plan.dispatches):
        rates.append(_rate(kind, _READ, RefreshMode.FULL, lambda: engine))
        told(f"{kind.name}, {_READ:,} full refreshes, embedded: {rates[-1]:,.0f} a second")
    rate = median(rates)
    return Result(NAMES[1], kind.name, _READ, rate, 1, rate, 40, "refreshes/s, cores")


def _in_flight(kind: Kind, plan: Plan, told: Told) -> Result:
    """One process that asks a model, against what its calls in flight allow if it did nothing else."""
    rates = []
    with _slow_model() as url:
        settings = Settings(engine="llm", llm_model="m", llm_base_url=url)
        with closing(Engines(settings)) as engines:
            engines().preload()
            for _ in range(plan.dispatches):
                rates.append(_rate(kind, _ASKED, RefreshMode.SUMMARY_AND_TEXT, engines))
                told(f"{kind.name}, {_ASKED:,} refreshes by a slow model: {rates[-1]:,.1f} a second")
    rate, most = median(rates), settings.llm_calls_in_flight / _ANSWER
    return Result(NAMES[2], kind.name, _ASKED, rate, most, rate / most, 0.85, "refreshes/s")


def _child_memory(kind: Kind, plan: Plan, told: Told) -> Result:
    """What the children of a real worker share with nobody, at most, while they do full refreshes (Linux)."""
    kind.prepare(_READ, Case(_READ).load)
    with redis.Redis.from_url(app.broker_url) as client:
        client.flushall()
    most, rounds = 0.0, plan.dispatched // _READ
    with kind.fresh(_READ) as url, worker(url) as pid:
        context = build(Settings(database_url=SecretStr(url)))
        load(context, _DEFINITIONS)
        for done in range(1, rounds + 1):
            rerun(context, mode=RefreshMode.FULL.value, where={}, force=True)
            _wait(context, done * _READ)
            most = max(most, *map(own_memory, children(pid)))
        context.database.close()
    refreshed = rounds * _READ
    told(f"{kind.name}, {refreshed:,} full refreshes: {most:,.0f} MB of a child's own")
    return Result(NAMES[3], kind.name, refreshed, most, CHILD_LIMIT, CHILD_LIMIT / most, 1, "MB")


def _rate(kind: Kind, n: int, mode: RefreshMode, engine: Callable[[], Engine]) -> float:
    """Refreshes a second, message by message as a worker's process does them."""
    kind.prepare(n, Case(n).load)
    messages: list[Message] = []
    with kind.fresh(n) as url, opened(url) as ours:
        context = replace(ours.context, engine=engine, send=messages.extend)
        load(context, _DEFINITIONS)
        rerun(context, mode=mode.value, where={})
        began = time.perf_counter()
        for message in messages:
            refresh(context, message.arguments["run_ids"], message.id)
        took = time.perf_counter() - began
        ended = _count(context, RunState.DONE)
    if ended != n:
        raise AssertionError(f"{ended} of {n} refreshes ended well")
    return n / took


@contextmanager
def _slow_model() -> Iterator[str]:
    """URL of a model's server in a process of its own."""
    command = [sys.executable, "-m", llm_server.__name__, str(_ANSWER)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:  # noqa: S603 - our own
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


_MEASURES: dict[str, Measure] = dict(zip(NAMES, (_one_each, _embedded, _in_flight, _child_memory), strict=True))
