"""What a queue may hold is declared, routed and, where beat sends it, scheduled: under one name each."""

from __future__ import annotations

import importlib

from config.routing import ROUTES, TaskName
from config.schedule import beat_schedule
from config.settings import Settings
from worker.app import INCLUDE, app


def test_every_named_task_is_declared_and_routed_and_no_other() -> None:
    for module in INCLUDE:
        importlib.import_module(module)

    assert app._declared == {*TaskName} == ROUTES.keys()


def test_beat_sends_named_tasks_alone() -> None:
    assert {entry["task"] for entry in beat_schedule(Settings()).values()} <= {*map(str, TaskName)}
