"""Commands on one batch: `batch pause`, `resume`, `cancel`, `retry`, `explain`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.text import Text

from worker.cli.batch_view import STYLES
from worker.cli.explanation_view import explanation_view
from worker.cli.options import PROGRAM, Exit
from worker.cli.output import answer
from worker.cli.session import open_context
from worker.context import Context
from worker.domain.words import BatchState
from worker.operations import control
from worker.operations.explanation.explain import explain
from worker.operations.retry_failed import retry_failed

Document = dict[str, Any]

_NEXT: dict[BatchState, str] = {
    BatchState.ACCEPTED: "`{program} show batch {batch}` tells what becomes of it.",
    BatchState.RUNNING: "`{program} show batch {batch}` tells what becomes of it.",
    BatchState.PAUSED: "What is applied stays; `{program} batch resume {batch}` lets it go on.",
    BatchState.CANCELLED: "What is applied stays; `{program} batch retry {batch}` sends the rejected items again.",
}
"""What somebody may want to do next, by the state that a batch was brought to."""


def pause(batch_id: str, *, as_json: bool) -> int:
    """Hold a batch."""
    return _control(control.pause, batch_id, as_json=as_json)


def resume(batch_id: str, *, as_json: bool) -> int:
    """Let a batch go on."""
    return _control(control.resume, batch_id, as_json=as_json)


def cancel(batch_id: str, *, as_json: bool) -> int:
    """End a batch where it stands."""
    return _control(control.cancel, batch_id, as_json=as_json)


def _control(act: Callable[[Context, object], Document], batch_id: str, *, as_json: bool) -> int:
    done = act(open_context(), batch_id)
    answer(done, lambda: _controlled(done), as_json=as_json)
    return Exit.DONE


def _controlled(done: Document) -> list[Text]:
    state, received = BatchState(done["state"]), done["counts"]["received"]
    ended = sum(done["counts"].values()) - received
    applied = f", {ended} of {received} items ended"
    headline = Text.assemble((f"Batch {done['batchId']} ", "bold"), (state.value, STYLES.get(state, "")), applied)
    return [headline, Text(_NEXT[state].format(program=PROGRAM, batch=done["batchId"]), "dim")]


def retry(batch_id: str, *, as_json: bool) -> int:
    """Send what was rejected again, as a batch of its own."""
    done = retry_failed(open_context(), batch_id)
    answer(done, lambda: _retried(done), as_json=as_json)
    return Exit.DONE


def _retried(done: Document) -> list[Text]:
    if not done["retried"]:
        return [Text(f"No item of batch {done['parentId']} was rejected; there is nothing to retry.")]
    items = "1 item goes" if done["retried"] == 1 else f"{done['retried']} items go"
    after = f"`{PROGRAM} show batch {done['batchId']}` tells what becomes of it."
    return [Text.assemble(f"{items} again as batch ", (str(done["batchId"]), "bold")), Text(after, "dim")]


def print_explanation(batch_id: str, ticket_id: int, *, as_json: bool) -> int:
    """Why a ticket of a batch is as it is."""
    told = explain(open_context(), batch_id, ticket_id)
    answer(told, lambda: explanation_view(told), as_json=as_json)
    return Exit.DONE
