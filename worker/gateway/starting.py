"""Sends workers for accepted batches at once, beside the answers: nobody waits for the broker."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import timedelta
from queue import Empty, SimpleQueue
from threading import Thread

import structlog

log = structlog.get_logger(__name__)

MOST = 500
"""Batches that one statement takes."""

PATIENCE = timedelta(seconds=3)
"""How long the last ones may take when the gateway stops."""


class Starter:
    """One thread that publishes the messages of accepted batches, all that have gathered at a time.

    What it does not get sent, because the broker is away or the process ends, the sweep of the outbox sends.
    """

    def __init__(self, publish: Callable[[Collection[str]], object]) -> None:
        self._publish = publish
        self._batch_ids: SimpleQueue[str | None] = SimpleQueue()
        # A daemon: the wait for a broker that is away must not keep the process from ending.
        self._thread = Thread(target=self._run, name="starter", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def add(self, batch_id: str) -> None:
        """Have a worker sent for a batch; returns at once."""
        self._batch_ids.put(batch_id)

    def stop(self) -> None:
        """Send what has gathered, then end."""
        self._batch_ids.put(None)
        self._thread.join(PATIENCE.total_seconds())

    def _run(self) -> None:
        going_on = True
        while going_on:
            taken = self._gathered()
            going_on = None not in taken
            if batch_ids := [batch_id for batch_id in taken if batch_id is not None]:
                self._send(batch_ids)

    def _gathered(self) -> list[str | None]:
        taken = [self._batch_ids.get()]
        try:
            while len(taken) < MOST:
                taken.append(self._batch_ids.get_nowait())
        except Empty:
            pass
        return taken

    def _send(self, batch_ids: Collection[str]) -> None:
        try:
            self._publish(batch_ids)
        except Exception as error:  # noqa: BLE001 - the next batches need this thread, and the sweep has these
            log.warning("batches_not_started", batches=len(batch_ids), error=type(error).__name__)
