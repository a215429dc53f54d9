"""The worker's consumer: a message that it cannot use is dropped without a word of what it holds.

On Redis such messages do not come this far (`worker.broker`). On AMQP they do: there a rejected message goes where the
queue's dead-letter exchange sends it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import celery.worker.consumer
import structlog
from celery.utils.log import get_logger
from celery.worker import state

from worker.broker.transport import Channel

log = structlog.get_logger(__name__)


class Consumer(celery.worker.consumer.Consumer):  # type: ignore[misc] # celery ships no types
    """Celery's own writes the whole message into the log, and ends when a message has an unforeseen shape."""

    def create_task_handler(self, *args: Any) -> Callable[[Any], None]:  # noqa: ANN401 - Celery's own arguments
        """Celery's handler of messages, for which no shape is fatal."""
        self._keep_processes_free()
        handle = super().create_task_handler(*args)
        server_away = self.connection_errors + self.channel_errors

        def on_message(message: Any) -> None:  # noqa: ANN401 - kombu's message
            try:
                handle(message)
            except server_away:
                raise
            except Exception:  # noqa: BLE001 - whatever Celery stumbles on in a shape it did not foresee
                self._drop("unforeseen_shape", message)

        return on_message

    def _keep_processes_free(self) -> None:
        """Tells the Redis transport how many processes there are: some are kept for what somebody waits for."""
        channel = getattr(self.task_consumer, "channel", None)
        if isinstance(channel, Channel):
            channel.processes = self.pool.num_processes

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Tells the Redis transport what had not begun, before Celery forgets it."""
        channel = getattr(self.task_consumer, "channel", None)
        if isinstance(channel, Channel):
            unstarted = {*state.reserved_requests, *state.scheduled_requests} - set(state.active_requests)
            channel.qos.on_connection_lost(request.message.delivery_tag for request in unstarted)
        super().on_connection_error_after_connected(exc)

    def on_unknown_message(self, body: object, message: Any) -> None:  # noqa: ANN401, ARG002, D102
        self._drop("unknown_message", message)

    def on_unknown_task(self, body: object, message: Any, exc: Exception) -> None:  # noqa: ANN401, ARG002, D102
        self._drop("unknown_task", message)

    def on_invalid_task(self, body: object, message: Any, exc: Exception) -> None:  # noqa: ANN401, ARG002, D102
        self._drop("invalid_task", message)

    def on_decode_error(self, message: Any, exc: Exception) -> None:  # noqa: ANN401, ARG002, D102
        self._drop("undecodable", message)

    def _drop(self, reason: str, message: Any) -> None:  # noqa: ANN401
        log.error("message_dropped", reason=reason)
        if not message.acknowledged:
            message.reject_log_error(get_logger(__name__), self.connection_errors)
