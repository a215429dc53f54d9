"""What happens around tasks and processes: logging, log context, and what a fork must not share."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import structlog
from celery import signals
from celery.exceptions import CPendingDeprecationWarning

from worker.collector import collect_between_tasks

if TYPE_CHECKING:
    from worker.app import Application

Hook = Callable[[], None]

_before_fork: list[Hook] = []
_after_fork: list[Hook] = []


def before_fork(hook: Hook) -> Hook:
    """Decorator: runs once in a worker's main process before it makes children.

    For models: loaded here, children share their memory and the first task does not wait.
    """
    _before_fork.append(hook)
    return hook


def after_fork(hook: Hook) -> Hook:
    """Decorator: runs in every child before its first task.

    For connections: used by two processes, each gets the other's answers.
    """
    _after_fork.append(hook)
    return hook


def connect(app: Application) -> None:
    """Joins Celery's signals to ours; the functions are kept alive by the signals."""

    def set_up_logging(**_: Any) -> None:  # noqa: ANN401 - what Celery sends along
        app.set_up_logging()

    signals.setup_logging.connect(set_up_logging, weak=False, dispatch_uid="tickets.logging")
    signals.celeryd_after_setup.connect(_hide_settled_advice, dispatch_uid="tickets.advice")
    signals.worker_init.connect(_run_before_fork, dispatch_uid="tickets.before_fork")
    signals.worker_process_init.connect(_run_after_fork, dispatch_uid="tickets.after_fork")
    signals.task_prerun.connect(_bind_task, dispatch_uid="tickets.bind")
    signals.task_postrun.connect(_clear_context, dispatch_uid="tickets.clear")
    signals.task_postrun.connect(_collect, dispatch_uid="tickets.collect")


def _hide_settled_advice(**_: object) -> None:
    """Each lost connection would bring a page about a setting that `config.celery` sets on purpose."""
    warnings.filterwarnings("ignore", category=CPendingDeprecationWarning)


def _run_before_fork(**_: object) -> None:
    for hook in _before_fork:
        hook()


def _run_after_fork(**_: object) -> None:
    for hook in _after_fork:
        hook()


def _bind_task(task_id: str, task: Any, **_: object) -> None:  # noqa: ANN401 - Celery's task
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(task_id=task_id, task=task.name)


def _clear_context(**_: object) -> None:
    structlog.contextvars.clear_contextvars()


def _collect(**_: object) -> None:
    collect_between_tasks()
