"""Makes an engine of one thread safe for many: they wait for each other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar, cast

from worker.ai.protocol import Engine

P = ParamSpec("P")
T = TypeVar("T")


class _OneAtATime:
    """Everything of the engine inside, its methods under one lock."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> object:
        found = getattr(self._engine, name)
        return self._locked(found) if callable(found) else found

    def _locked(self, method: Callable[P, T]) -> Callable[P, T]:
        @wraps(method)
        def one_at_a_time(*args: P.args, **kwargs: P.kwargs) -> T:
            with self._lock:
                return method(*args, **kwargs)

        return one_at_a_time


def one_at_a_time(engine: Engine) -> Engine:
    """The same engine, for callers in any thread."""
    return cast("Engine", _OneAtATime(engine))
