"""Sends a batch as another service would, and looks after what becomes of it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from config.routing import TaskName
from config.settings import Settings
from worker.app import Application
from worker.cli.options import Exit
from worker.cli.problems import CommandFailed, Problem
from worker.context import Context
from worker.domain.words import ErrorCode
from worker.operations.ingest.accept import Flags, batch_id_of, digest_of
from worker.operations.inspection.batch import batch_progress
from worker.payload.refusal import Refused
from worker.storage.inspection import Progress

Answer = dict[str, Any]
"""What the task answers with (interface: `tasks.ingest.bulk_patch`)."""

_ENCODED = 4 / 3
"""How much longer a message's body is in the queue than as JSON: Base64."""

_OPTIONS = {
    # A person waits for the answer; that a server is away is told soon.
    "task_publish_retry_policy": {"max_retries": 3, "interval_start": 0, "interval_step": 0.2, "interval_max": 1},
    "result_backend_always_retry": False,
}


@dataclass(slots=True)
class Courier:
    """One batch on its way. `accepted` once the database holds it, or the task has answered that it does."""

    context: Context
    app: Application
    items: Sequence[object]
    flags: Flags
    task_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    accepted: bool = False

    @property
    def batch_id(self) -> str:
        """The id that the batch has or will have."""
        return batch_id_of(str(self.flags.idempotency_key))

    def send(self) -> None:
        """Put the message on the queue.

        Raises:
            Refused: it is too large for the queue.
            kombu.exceptions.OperationalError, EmbeddedServerError: the broker is away.
        """
        arguments = {"items": self.items, **asdict(self.flags)}
        _check_size(arguments, self.context.settings)
        self.app.conf.update(_OPTIONS)
        self.app.send(TaskName.BULK_PATCH, arguments, task_id=self.task_id)

    def look(self) -> Progress | None:
        """How far the batch has come; None while no worker has accepted it.

        Raises:
            Refused: the task refused it whole.
            CommandFailed: the task failed.
            redis.exceptions.RedisError, sqlalchemy.exc.DBAPIError: a server is away.
        """
        progress = batch_progress(self.context, self.batch_id)
        if not self.accepted:
            self.accepted = self._is_ours(progress) or self.answer() is not None
        return progress if self.accepted else None

    def answer(self) -> Answer | None:
        """The task's answer; None while it has none. Raises like `look`."""
        meta = self.app.backend.get_task_meta(self.task_id)
        if meta["status"] == "FAILURE":
            message = f"The task failed: {meta['result']}."
            raise CommandFailed(Problem("task_failed", message, Exit.SOME_FAILED))
        if meta["status"] != "SUCCESS":
            return None
        answer: Answer = meta["result"]
        if not answer["success"]:
            raise Refused(ErrorCode(answer["error"]["code"]), str(answer["error"]["message"]))
        return answer

    def _is_ours(self, progress: Progress | None) -> bool:
        """Whether the batch of this key is this very one; of another body under the key the task's answer tells."""
        return progress is not None and progress.digest == digest_of(self.items, self.flags)


def _check_size(arguments: Answer, settings: Settings) -> None:
    size = round(len(json.dumps(arguments)) * _ENCODED)
    if size > settings.max_message_bytes:
        message = (
            f"the batch takes {size} bytes in the queue, the limit is {settings.max_message_bytes}; send it in parts"
        )
        raise Refused(ErrorCode.BATCH_TOO_LARGE, message)
