"""The base of every task: retries what may pass by itself, and lets no personal data out with an error."""

from __future__ import annotations

import random
import traceback
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import celery
import structlog
from billiard.common import terminate_handler_fired
from celery.exceptions import Ignore, Reject, Retry

from config.celery import longest_wait
from worker.domain.failures import Permanent, Transient
from worker.retry import failure_of, retry_delay

if TYPE_CHECKING:
    from worker.app import Application

log = structlog.get_logger(__name__)

FRAMES = 8
"""Places in the code that a failure's log line names, innermost last."""


class Task(celery.Task):  # type: ignore[misc] # celery ships no types
    """A task whose function raises `Transient` for what may pass by itself and `Permanent` for what will not.

    `endless` tasks are retried for a passing reason as long as it takes: what they carry is in no database yet.
    A `sliced` one that gives no answer has been handed on to a message of the same id: nothing is stored as its result.
    """

    Request = "worker.request:Request"
    throws = (Permanent,)  # logged here in one line; Celery adds no traceback
    typing = False  # checked where it runs: Flower would answer a missing argument with a bare 500
    max_retries = None  # `retry_delay` decides
    endless = False
    sliced = False

    app: Application

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - a task's own arguments and result
        """Runs the function; whatever it raises becomes a failure with a static reason.

        Raised after the original error has been left, so that nothing of it is chained into stored tracebacks.
        """
        try:
            self._check_arguments(args, kwargs)
            return self._answered(self.run(*args, **kwargs))
        except (Ignore, Reject, Retry):
            raise
        except BaseException as error:
            if terminate_handler_fired():
                raise  # the process was told to end; its message goes back to the queue
            failure = failure_of(error)
            self._log_failure(failure, error)
        if isinstance(failure, Transient) and not self.request.called_directly:
            self._try_again(failure)
        raise failure

    def _answered(self, answer: object) -> object:
        if answer is None and self.sliced:
            raise Ignore
        return answer

    def _check_arguments(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        try:
            self.__header__(*args, **kwargs)
        except TypeError:
            raise Permanent("invalid_arguments") from None

    def _log_failure(self, failure: Transient | Permanent, error: BaseException) -> None:
        frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
        log.warning(
            "task_attempt_failed",
            reason=failure.reason,
            error=type(error).__name__,
            attempt=self.request.retries,
            where=[f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
        )

    def _try_again(self, failure: Transient) -> None:
        """Sends the message again with a countdown and ends this run, or returns when it was the last attempt."""
        settings = self.app.settings
        longest = longest_wait(settings)
        attempt, jitter = self.request.retries, random.random()  # noqa: S311 - spreads load, keeps no secret
        delay = retry_delay(attempt, settings.retry_delays, jitter, longest=longest, endless=self.endless)
        if delay is None:
            return
        wanted = max(delay, min(timedelta(seconds=failure.retry_after or 0), longest))
        try:
            raise self.retry(exc=failure, countdown=wanted.total_seconds(), throw=False)
        except Reject:
            # The broker is away too. Celery would drop the message; put back, it is delivered again.
            pass
        raise Reject(Transient("broker_unavailable"), requeue=True)
