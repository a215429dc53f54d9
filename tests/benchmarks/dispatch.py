"""Dispatch: so many refreshes asked for, written down and sent, against as many calls of `apply_async`."""

from __future__ import annotations

import time
import uuid
from collections.abc import Collection, Iterator
from statistics import median

import redis
from pydantic import SecretStr

from config.settings import Settings
from tests.benchmarks.data import Case
from tests.benchmarks.databases import Kind
from tests.benchmarks.plan import Plan
from tests.benchmarks.results import Result
from tests.benchmarks.saving import Told
from worker.app import app
from worker.domain.words import RefreshMode
from worker.operations.refresh_requests import TASKS
from worker.operations.rerun import rerun
from worker.runtime import build

NAMES = ("dispatch",)
MODES = (RefreshMode.TAGS_RULE_BASED, RefreshMode.FULL)
"""The mode with the longest messages and the one with the shortest."""

_GOAL = 10


def runs(plan: Plan, _names: Collection[str]) -> int:
    """How many runs `measure` makes."""
    return plan.dispatches * len(MODES)


def measure(kind: Kind, plan: Plan, _names: Collection[str], told: Told) -> Iterator[Result]:
    """Both ways in turn, for each of the modes."""
    case = Case(plan.dispatched)
    kind.prepare(case.n, case.load)
    app.loader.import_default_modules()
    _ours(kind, case, MODES[0])  # once in vain: statements are compiled and connections made
    for mode in MODES:
        ours, theirs = [], []
        for _ in range(plan.dispatches):
            ours.append(_ours(kind, case, mode))
            theirs.append(_apply_async(case, mode))
            told(f"{kind.name}, {case.n:,} refreshes, {mode.value}: {ours[-1]:,.0f} against {theirs[-1]:,.0f} a second")
        ratio = median(ours) / median(theirs)
        yield Result(
            f"dispatch {mode.value}", kind.name, case.n, median(ours), median(theirs), ratio, _GOAL, "refreshes/s"
        )


def _ours(kind: Kind, case: Case, mode: RefreshMode) -> float:
    """Runs and outbox written, messages sent and noted as sent."""
    _empty_broker()
    with kind.fresh(case.n) as url:
        context = build(Settings(database_url=SecretStr(url)))
        with context.database.read():
            pass
        began = time.perf_counter()
        answer = rerun(context, mode=mode.value, where={})
        took = time.perf_counter() - began
        context.database.close()
    if answer["scheduled"] != case.n:
        raise AssertionError(f"{answer['scheduled']} of {case.n} refreshes were scheduled")
    return case.n / took


def _apply_async(case: Case, mode: RefreshMode) -> float:
    """One message a refresh, written down nowhere."""
    _empty_broker()
    task = app.tasks[str(TASKS[mode])]
    ids = [str(uuid.uuid4()) for _ in range(case.n)]
    began = time.perf_counter()
    for run_id in ids:
        task.apply_async(kwargs={"run_ids": [run_id]})
    return case.n / (time.perf_counter() - began)


def _empty_broker() -> None:
    with redis.Redis.from_url(app.broker_url) as client:
        client.flushall()
