"""Commands `show batch` and `show ticket`."""

from __future__ import annotations

from collections.abc import Sequence

from worker.cli.batch_view import batch_view
from worker.cli.options import Exit
from worker.cli.output import answer
from worker.cli.session import open_context
from worker.cli.ticket_view import ticket_view
from worker.operations.inspection.batch import show_batch
from worker.operations.inspection.ticket import show_tickets


def print_batch(batch_id: str | None, key: str | None, *, as_json: bool) -> int:
    """A batch with all that it caused."""
    document = show_batch(open_context(), batch_id, key=key)
    answer(document, lambda: batch_view(document), as_json=as_json)
    return Exit.DONE


def print_tickets(ids: Sequence[int], *, history: bool, as_json: bool) -> int:
    """One ticket as an object, several as a list."""
    documents = show_tickets(open_context(), ids, history=history)
    whole = documents[0] if len(documents) == 1 else documents
    answer(whole, lambda: [part for document in documents for part in ticket_view(document)], as_json=as_json)
    return Exit.DONE
