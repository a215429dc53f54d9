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

_LOOK = ("What becomes of it:", "show batch")
_NEXT: dict[BatchState, tuple[str, str]] = {
    BatchState.ACCEPTED: _LOOK,
    BatchState.RUNNING: _LOOK,
    BatchState.PAUSED: ("What is applied stays. To let it go on:", "batch resume"),
    BatchState.CANCELLED: ("What is applied stays. To send the rejected items again:", "batch retry"),
}
"""What somebody may want to do next, and the command for it, by the state that a batch was brought to."""


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
    applied = f", {ended:,} of {received:,} items ended"
    headline = Text.assemble((f"Batch {done['batchId']} ", "bold"), (state.value, STYLES.get(state, "")), applied)
    return [headline, *_hint(*_NEXT[state], done["batchId"])]


def _hint(sentence: str, command: str, batch_id: str) -> list[Text]:
    """With the command on a line of its own, short enough not to be broken, so that it can be copied."""
    return [Text(sentence, "dim"), Text(f"  {PROGRAM} {command} {batch_id}")]


def retry(batch_id: str, *, as_json: bool) -> int:
    """Send what was rejected again, as a batch of its own."""
    done = retry_failed(open_context(), batch_id)
    answer(done, lambda: _retried(done), as_json=as_json)
    return Exit.DONE


def _retried(done: Document) -> list[Text]:
    if not done["retried"]:
        return [Text("No item of the batch was rejected, so there is nothing to retry.")]
    items = "1 item goes" if done["retried"] == 1 else f"{done['retried']:,} items go"
    return [Text.assemble(f"{items} again as batch ", (str(done["batchId"]), "bold")), *_hint(*_LOOK, done["batchId"])]


def print_explanation(batch_id: str, ticket_id: int, *, as_json: bool) -> int:
    """Why a ticket of a batch is as it is."""
    told = explain(open_context(), batch_id, ticket_id)
    answer(told, lambda: explanation_view(told), as_json=as_json)
    return Exit.DONE
