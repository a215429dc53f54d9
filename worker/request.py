"""A request in the worker's main process: shows no arguments, and no task's memory error ends the worker."""

from __future__ import annotations

from typing import Any

import celery.worker.request
from billiard.einfo import ExceptionInfo, ExceptionWithTraceback
from celery.exceptions import InvalidTaskError

from config.routing import TaskName
from worker.broker.headers import HIDDEN
from worker.domain.failures import Permanent

KNOWN_TASKS = frozenset(map(str, TaskName))


class Request(celery.worker.request.Request):  # type: ignore[misc] # celery ships no types
    """Hides arguments from events, logs and remote inspection, whatever the sender claims they look like."""

    def __init__(self, message: Any, **options: Any) -> None:  # noqa: ANN401 - Celery's own arguments
        super().__init__(message, **options)
        self._refuse_foreign_work()
        self._argsrepr = self._kwargsrepr = HIDDEN
        self._request_dict.update(argsrepr=HIDDEN, kwargsrepr=HIDDEN)

    def _refuse_foreign_work(self) -> None:
        """The door of the Redis transport lets none of it in; on AMQP this is the only door."""
        *_, embedded = self._payload
        if self._type not in KNOWN_TASKS or any((embedded or {}).values()):
            raise InvalidTaskError("refused")

    def info(self, safe: bool = False) -> dict[str, Any]:  # noqa: ARG002, FBT001, FBT002 - Celery's signature
        """What `inspect active` and its like show."""
        return super().info(safe=True)  # type: ignore[no-any-return]

    def on_failure(self, exc_info: ExceptionInfo, *args: Any, **options: Any) -> Any:  # noqa: ANN401
        """Celery raises a memory error again in the main process, which would end, and then end the next worker."""
        error = exc_info.exception
        if isinstance(error, ExceptionWithTraceback):
            error = error.exc
        if isinstance(error, MemoryError):
            exc_info = _out_of_memory()
        return super().on_failure(exc_info, *args, **options)


def _out_of_memory() -> ExceptionInfo:
    try:
        raise Permanent("out_of_memory")  # noqa: TRY301 - the only way to a traceback, which the class asks for
    except Permanent:
        return ExceptionInfo()
