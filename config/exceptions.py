"""Exceptions as fields of a log line: types and places, no local variables, no data in messages."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import TracebackType

from config.redaction import MASK, redact_first_line, redact_text

OURS = ("config", "worker", "tasks")
"""Our packages: what they say holds no personal data, by rule and by test."""

_SPEAK_OF_CODE = (TypeError, AttributeError, ImportError, NameError, OSError, RuntimeError)
_SPEAK_OF_SCHEMA = ("sqlalchemy", "psycopg", "sqlite3")
_SPEAK_OF_SERVICES = ("amqp", "billiard", "celery", "httpcore", "httpx", "kombu", "redis")
"""Libraries whose messages help, and what they quote; those of all others may be what a customer wrote."""

_MOST_CAUSES = 8
_MOST_FRAMES = 30
_MOST_OF_GROUP = 5

Report = dict[str, object]


def describe(error: BaseException) -> list[Report]:
    """The exception and its causes, the outermost first: `type`, `message`, `frames`, and `exceptions` of a group.

    `frames` are the innermost 30, the raising one last, each with `file`, `line` and `function`.
    """
    return [_report(one) for one, _ in zip(_causes(error), range(_MOST_CAUSES), strict=False)]


def as_text(reports: list[Report]) -> str:
    """The same for a terminal, in the order of a Python traceback."""
    lines: list[str] = []
    for report in reversed(reports):
        frames = report["frames"]
        if isinstance(frames, list):
            lines += [f'  File "{frame["file"]}", line {frame["line"]}, in {frame["function"]}' for frame in frames]
        lines.append(f"{report['type']}: {report['message']}")
    return "\n".join(lines)


def current(exc_info: object) -> BaseException | None:
    """The exception that a log call means: given, in a triple, or, for True, the one being handled."""
    if isinstance(exc_info, tuple):
        exc_info = exc_info[1]
    if isinstance(exc_info, BaseException):
        return exc_info
    return sys.exc_info()[1] if exc_info else None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _report(error: BaseException) -> Report:
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    report: Report = {"type": name, "message": _message(error), "frames": _frames(error.__traceback__)}
    if isinstance(error, BaseExceptionGroup):
        report["exceptions"] = [describe(part) for part in error.exceptions[:_MOST_OF_GROUP]]
    return report


def _message(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - the log line matters more than a broken __str__
        return ""
    package = type(error).__module__.partition(".")[0]
    if package in OURS:
        return redact_text(text)
    if isinstance(error, _SPEAK_OF_CODE) or (package in _SPEAK_OF_SCHEMA and not _quotes_values(error)):
        return redact_first_line(text)
    if package in _SPEAK_OF_SCHEMA or package in _SPEAK_OF_SERVICES:
        return redact_first_line(text, quoted=True)
    return MASK


def _quotes_values(error: BaseException) -> bool:
    """Whether it is what PEP 249 calls a DataError, whose message names the value, not only the constraint."""
    return any(kind.__name__ == "DataError" for kind in type(error).__mro__)


def _frames(traceback: TracebackType | None) -> list[dict[str, object]]:
    frames = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        frames.append({"file": code.co_filename, "line": traceback.tb_lineno, "function": code.co_name})
        traceback = traceback.tb_next
    return frames[-_MOST_FRAMES:]
