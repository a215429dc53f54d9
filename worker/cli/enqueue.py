"""The command `enqueue`: check what can be checked here, send, and wait as long as somebody asked for."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rich.console import RenderableType

from worker.app import app
from worker.cli.batch_view import accepted_view, batch_view
from worker.cli.courier import Courier
from worker.cli.files import read_bytes
from worker.cli.live_view import live_view
from worker.cli.options import PROGRAM, Exit
from worker.cli.output import answer, tell
from worker.cli.session import open_context
from worker.cli.shown import batch_document, exit_code, is_settled
from worker.cli.waiting import wait_until
from worker.operations.ingest.accept import Flags, check
from worker.operations.inspection.batch import batch_progress
from worker.payload.batch import read_batch
from worker.storage.inspection import Progress

SOURCE = "command line"

PATIENCE = 5.0
"""Seconds in which a worker should have accepted a batch that nobody waits for."""

QUEUED = "queued"
"""The state of a batch that is sent and that no worker has accepted yet; the queue holds it, no table does."""

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody asked for; `timeout` in seconds."""

    include_in_worklog: bool
    atomic: bool
    dry_run: bool
    key: str | None
    user_id: int | None
    wait: bool
    timeout: float

    def flags(self) -> Flags:
        """The flags of a batch; without a key it gets one that nobody has."""
        return Flags(
            include_in_worklog=self.include_in_worklog,
            idempotency_key=str(uuid.uuid4()) if self.key is None else self.key,
            atomic=self.atomic,
            dry_run=self.dry_run,
            user_id=self.user_id,
            source=SOURCE,
        )


def enqueue_file(name: str, order: Order, *, as_json: bool) -> int:
    """Send the batch in a file."""
    items = read_batch(read_bytes(name))
    context, flags = open_context(), order.flags()
    courier = Courier(context, app, check(context, items, flags), flags)
    batch_progress(context, courier.batch_id)  # a database that is away or empty is told of before anything is sent
    courier.send()
    if order.dry_run:
        return _dry_run(courier, order, as_json=as_json)
    return _wait(courier, order, as_json=as_json) if order.wait else _hand_over(courier, as_json=as_json)


def _hand_over(courier: Courier, *, as_json: bool) -> int:
    """Wait for the acceptance alone."""
    progress = wait_until(courier.look, lambda seen: seen is not None, PATIENCE)
    document = {"batchId": courier.batch_id, "state": progress.state.value if progress else QUEUED}
    answer(document, lambda: accepted_view(document), as_json=as_json)
    if progress is None:
        tell(f"No worker has accepted the batch yet; `{PROGRAM} check` tells whether one runs.")
    return Exit.DONE


def _wait(courier: Courier, order: Order, *, as_json: bool) -> int:
    """Wait for the end of everything that the batch causes."""
    try:
        with live_view(courier.batch_id, quiet=as_json) as view:
            progress = wait_until(courier.look, is_settled, order.timeout, view.see, view.miss)
    except KeyboardInterrupt:
        tell(f"The batch goes on; `{PROGRAM} show batch {courier.batch_id}` tells what becomes of it.")
        raise
    if progress is None:
        document: Document = {"batchId": courier.batch_id, "state": QUEUED, "timedOut": True}
        answer(document, lambda: accepted_view(document), as_json=as_json)
        tell(f"No worker has accepted the batch within {order.timeout:g} s; `{PROGRAM} check` tells whether one runs.")
        return Exit.SOME_FAILED
    document = batch_document(courier.context, courier.batch_id, as_json=as_json)
    if not progress.settled:
        document["timedOut"] = True
    answer(document, lambda: batch_view(document), as_json=as_json)
    if not progress.settled:
        tell(
            f"{_still_open(progress)} after {order.timeout:g} s; `{PROGRAM} show batch {courier.batch_id}` tells more."
        )
    return exit_code(document)


def _still_open(progress: Progress) -> str:
    refreshes, webhooks = progress.refreshes - progress.refreshes_ended, progress.webhooks - progress.webhooks_ended
    counts = {"items": progress.received - progress.applied, "refreshes": refreshes, "webhooks": webhooks}
    told = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    return f"The batch is {progress.state.value}, with {told or 'nothing'} still open"


def _dry_run(courier: Courier, order: Order, *, as_json: bool) -> int:
    """A dry run keeps no ledger: all there is of it is the task's answer, and that is worth waiting for."""
    told = wait_until(courier.answer, lambda seen: seen is not None, order.timeout)
    if told is None:
        document: Document = {"batchId": None, "state": QUEUED, "timedOut": True}
        answer(document, lambda: ["The dry run waits in the queue."], as_json=as_json)
        tell(f"No worker has answered within {order.timeout:g} s; `{PROGRAM} check` tells whether one runs.")
        return Exit.SOME_FAILED
    document = {name: told[name] for name in ("dryRun", "batchId", "state", "counts", "items")}
    document |= {"refreshes": [], "webhooks": []}
    answer(document, lambda: _told(document), as_json=as_json)
    return exit_code(document)


def _told(document: Document) -> Iterable[RenderableType]:
    yield from batch_view(document)
    yield "Nothing was written."
