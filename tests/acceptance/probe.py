"""A worker application whose tasks misbehave in the ways that tests need; they bear the names of real ones."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy.exc
from billiard.exceptions import SoftTimeLimitExceeded

from config.routing import TaskName
from worker.app import make_app
from worker.domain.failures import Permanent, Transient
from worker.signals import after_fork, before_fork
from worker.task import Task

app = make_app(include=())
JOURNAL = Path(os.environ.get("PROBE_JOURNAL", os.devnull))


def note(**facts: object) -> None:
    """Writes down that a task began, where every process of a test can read it."""
    with JOURNAL.open("a") as journal:
        journal.write(json.dumps(facts | {"pid": os.getpid(), "parent": os.getppid()}) + "\n")


def begun(task_id: str) -> int:
    """How often a task has begun."""
    return sum(json.loads(line)["id"] == task_id for line in JOURNAL.read_text().splitlines())


@before_fork
def _before() -> None:
    note(id="before fork")


@after_fork
def _after() -> None:
    note(id="after fork")


def out_of_memory(secret: str) -> None:
    raise MemoryError(secret)


def bug(secret: str) -> None:
    raise KeyError(secret)


def refuse(secret: str) -> None:
    raise Permanent("llm_refused") from ValueError(secret)


def busy(secret: str) -> None:
    raise Transient("engine_busy") from ValueError(secret)


def database_gone(secret: str) -> None:
    raise sqlalchemy.exc.OperationalError("UPDATE ticket SET body = ?", {"body": secret}, Exception(secret))


def killed(_: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def busy_after_a_while(secret: str) -> None:
    time.sleep(2)
    busy(secret)


def deaf(_: str) -> None:
    """Goes on when it is asked to stop."""
    for _second in range(600):
        with contextlib.suppress(SoftTimeLimitExceeded):
            time.sleep(1)


ALWAYS = 1000
MISDEEDS: dict[str, tuple[int, Callable[[str], None]]] = {  # in how many attempts, and what
    "": (0, busy),
    "memory": (ALWAYS, out_of_memory),
    "exit": (ALWAYS, sys.exit),
    "bug": (ALWAYS, bug),
    "lasting": (ALWAYS, refuse),
    "passing": (1, busy),
    "passing four times": (4, busy),
    "passing after a while": (1, busy_after_a_while),
    "database": (1, database_gone),
    "killed": (1, killed),
    "always killed": (ALWAYS, killed),
    "slow": (ALWAYS, lambda _: time.sleep(3)),
    "deaf": (1, deaf),
    "stuck": (1, lambda _: time.sleep(600)),
}


@app.declare(TaskName.BULK_PATCH, bind=True, endless=True)
def bulk_patch(self: Task, items: list[Any], how: str = "") -> dict[str, object]:
    task_id = self.request.id
    note(id=task_id)
    attempts, misdeed = MISDEEDS[how]
    if begun(task_id) <= attempts:
        misdeed(f"a customer's words: {items}")
    note(id=f"{task_id} done")
    return {"success": True, "count": len(items)}


@app.declare(TaskName.RERUN, bind=True)
def rerun(self: Task, mode: str) -> None:
    note(id=self.request.id)
    raise Transient(f"engine_{mode}")


@app.declare(TaskName.RELAY_OUTBOX, ignore_result=True)
def relay() -> None:
    note(id="relay")


@app.declare(TaskName.DELIVER_WEBHOOKS, bind=True, ignore_result=True)
def deliver(self: Task) -> None:
    note(id=self.request.id)
    time.sleep(3)
    note(id=f"{self.request.id} done")


@app.declare(TaskName.COLLECT_DEAD, ignore_result=True)
def collect_dead() -> None:
    note(id="collect_dead")
