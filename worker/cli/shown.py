"""Commands `show batch` and `show ticket`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from worker.cli.batch_view import MOST_OPEN, MOST_ROWS, batch_view, page_view
from worker.cli.live_view import live_view
from worker.cli.options import PROGRAM, Exit
from worker.cli.output import answer, tell
from worker.cli.session import open_context
from worker.cli.ticket_view import ticket_view
from worker.cli.waiting import wait_until
from worker.context import Context
from worker.domain.words import BatchState, DeliveryState, Outcome, RunState
from worker.operations.inspection.batch import batch_overview, batch_progress, find_batch_id, show_batch
from worker.operations.inspection.ticket import show_tickets
from worker.storage.batches import LedgerPage
from worker.storage.inspection import Progress

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Look:
    """What somebody wants to see of a batch; without outcomes, `after` and `limit` that is no page but all of it."""

    outcomes: Sequence[Outcome] = ()
    after: int | None = None
    limit: int | None = None
    watch: bool = False

    def page(self, limit: int | None) -> LedgerPage | None:
        """The page that was asked for, with a limit where none was given."""
        if not self.outcomes and self.after is None and self.limit is None:
            return None
        return LedgerPage(self.outcomes, self.after, limit if self.limit is None else self.limit)


def print_batch(batch_id: str | None, key: str | None, look: Look, *, as_json: bool) -> int:
    """A batch with all that it caused, or a page of its items; when it is watched, as soon as everything has ended."""
    context = open_context()
    found = find_batch_id(context, batch_id, key=key)
    if look.watch:
        _watch(context, found, as_json=as_json)
    page = look.page(None if as_json else MOST_ROWS)
    if page is None:
        document = batch_document(context, found, as_json=as_json)
        answer(document, lambda: batch_view(document), as_json=as_json)
    else:
        document = show_batch(context, found, page=page)
        answer(document, lambda: page_view(document, page), as_json=as_json)
    return exit_code(document) if look.watch else Exit.DONE


def batch_document(context: Context, batch_id: str, *, as_json: bool) -> Document:
    """All of a batch for machines; for people the beginning of each list, however long it is."""
    return show_batch(context, batch_id) if as_json else batch_overview(context, batch_id, MOST_ROWS, MOST_OPEN)


def _watch(context: Context, batch_id: str, *, as_json: bool) -> None:
    """Wait, however long it takes, for the end of a batch and of everything that it causes."""
    try:
        with live_view(batch_id, quiet=as_json) as view:
            wait_until(lambda: batch_progress(context, batch_id), is_settled, math.inf, view.see, view.miss)
    except KeyboardInterrupt:
        tell(f"The batch goes on; `{PROGRAM} show batch {batch_id} --watch` goes on watching it.")
        raise


def is_settled(progress: Progress | None) -> bool:
    """Whether a batch and everything that it caused have ended."""
    return progress is not None and progress.settled


def exit_code(document: Document) -> Exit:
    """1 when something of a batch did not succeed: an item, a refresh, a webhook, or its end in time."""
    counts = document["counts"]
    failed = (
        document.get("timedOut", False)
        or document["state"] == BatchState.CANCELLED
        or counts["rejected"]
        or counts.get("conflict", 0)
        or RunState.FAILED in document.get("refreshCounts", {})
        or DeliveryState.DEAD in document.get("webhookCounts", {})
    )
    return Exit.SOME_FAILED if failed else Exit.DONE


def print_tickets(ids: Sequence[int], *, history: bool, as_json: bool) -> int:
    """One ticket as an object, several as a list."""
    documents = show_tickets(open_context(), ids, history=history)
    whole = documents[0] if len(documents) == 1 else documents
    answer(whole, lambda: [part for document in documents for part in ticket_view(document)], as_json=as_json)
    return Exit.DONE
