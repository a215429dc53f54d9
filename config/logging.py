"""One pipeline for every log line, ours and the libraries': to stderr, for machines or for people, without secrets."""

from __future__ import annotations

import json
import logging
import sys
import threading
from types import TracebackType
from typing import TextIO

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor

from config.exceptions import OURS, as_text, current, describe
from config.redaction import redact_first_line, redact_value
from config.schedule import TICKS
from config.settings import LogFormat, LogLevel

_TALKATIVE = frozenset(
    "asyncio celery.beat celery.worker.strategy httpcore httpx httpx2 sqlalchemy tornado.access urllib3".split()
)
"""Loggers whose INFO lines hold URLs or statements, or are one a request or a tick."""

_EXACT = frozenset({"timestamp", "level", "logger", "exception"})
"""What this pipeline sets itself, already clean."""

_BEFORE: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def configure(log_format: LogFormat, level: LogLevel) -> None:
    """Sends every line of this process through the pipeline: structlog's, logging's, warnings, uncaught exceptions.

    Our own lines begin at `level`, those of libraries at INFO or, when that is more, at `level`. May be called again.
    """
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *_BEFORE, ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = _Handler(sys.stderr)
    handler.setFormatter(ProcessorFormatter(foreign_pre_chain=_BEFORE, processors=_rendering(log_format)))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(logging.INFO, logging.getLevelName(level)))
    for name in OURS:
        logging.getLogger(name).setLevel(level)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
    logging.getLogger("celery.app.trace").addFilter(_is_no_quiet_tick)
    logging.captureWarnings(capture=True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread


def _is_no_quiet_tick(record: logging.LogRecord) -> bool:
    """What beat sends every few seconds is worth a line when it fails or when it has done something, which it tells."""
    data = getattr(record, "data", None)
    return record.levelno > logging.INFO or not isinstance(data, dict) or data.get("name") not in TICKS


def _rendering(log_format: LogFormat) -> list[Processor]:
    cleaned: list[Processor] = [_foreign, _exceptions, ProcessorFormatter.remove_processors_meta, _redact]
    if log_format == "json":
        return [*cleaned, structlog.processors.JSONRenderer(ensure_ascii=False)]
    return [*cleaned, _readable_exceptions, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]


def _foreign(_logger: object, _method: str, event: EventDict) -> EventDict:
    """A library's line: only the first, because bodies and parameters stand below it."""
    if event["_from_structlog"]:
        return event
    record: logging.LogRecord = event["_record"]
    text = str(event["event"])
    data = getattr(record, "data", None)
    if record.name == "celery.app.trace" and isinstance(data, dict) and isinstance(record.msg, str):
        # What a task returned or raised is told elsewhere: in its result, and in the field `exception`.
        kind = str(data.get("exc", "")).partition("(")[0]
        text = record.msg % {**data, "exc": kind, "return_value": "", "traceback": ""}
    event["event"] = redact_first_line(text).rstrip(": ")
    return event


def _exceptions(_logger: object, _method: str, event: EventDict) -> EventDict:
    error = current(event.pop("exc_info", None))
    event.pop("stack_info", None)
    if error is not None:
        event["exception"] = describe(error)
    return event


def _readable_exceptions(_logger: object, _method: str, event: EventDict) -> EventDict:
    if "exception" in event:
        event["exception"] = as_text(event["exception"])
    return event


def _redact(_logger: object, _method: str, event: EventDict) -> EventDict:
    return {key: value if key in _EXACT else redact_value(key, value) for key, value in event.items()}


class _Handler(logging.StreamHandler[TextIO]):
    """Never shows the arguments of a line that it could not format, as logging itself does."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        error = sys.exc_info()[1]
        if not isinstance(error, BrokenPipeError):
            place = {"logger": record.name, "file": record.pathname, "line": record.lineno}
            sys.stderr.write(json.dumps({"event": "log_line_failed", "level": "error", **place}) + "\n")


def _uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
        return
    structlog.stdlib.get_logger("worker").critical("uncaught_exception", exc_info=error)


def _uncaught_in_thread(failure: threading.ExceptHookArgs) -> None:
    if failure.exc_value is not None and not issubclass(failure.exc_type, SystemExit):
        name = failure.thread.name if failure.thread else None
        structlog.stdlib.get_logger("worker").critical(
            "uncaught_exception", thread_name=name, exc_info=failure.exc_value
        )
