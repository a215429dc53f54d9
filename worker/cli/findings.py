"""What probes look at, and what they find."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from config.settings import Settings
from worker.app import Application
from worker.context import Context


class State(StrEnum):
    """How a probe ended; `away` is a server that cannot be reached."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    AWAY = "away"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a probe found; `remedy` is what to do, empty when all is well."""

    name: str
    state: State
    detail: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What probes look at; the two are made when first asked for, and that may fail."""

    settings: Settings
    context: Callable[[], Context]
    app: Application
