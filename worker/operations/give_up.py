"""Deliveries to endpoints that are switched off: ended, each with its dead letter, so that they can be tried again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial

from sqlalchemy import Connection, RowMapping

from worker.context import Context
from worker.storage.dead import Dead, bury
from worker.storage.deliveries import give_up_deliveries
from worker.webhooks.result import SendError

PART = 1_000
"""Deliveries of one transaction."""


def give_up_disabled(context: Context, *, ids: Collection[str] | None = None, endpoint_id: str | None = None) -> None:
    """End what waits, of these deliveries or of an endpoint, although its endpoint is switched off.

    Part by part; whoever dies in between leaves the rest to the messages that carry it.
    """

    def work(after: int, connection: Connection) -> Sequence[RowMapping]:
        now = context.clock()
        error = SendError.ENDPOINT_DISABLED.value
        rows = give_up_deliveries(connection, error, now=now, limit=PART, after=after, ids=ids, endpoint_id=endpoint_id)
        details = [{"ticketId": row["ticket_id"], "endpointId": row["endpoint_id"], "status": None} for row in rows]
        letters = [Dead("webhook", error, row["id"], detail) for row, detail in zip(rows, details, strict=True)]
        bury(connection, letters, now)
        return rows

    after = 0
    while rows := context.database.transact(partial(work, after)):
        after = rows[-1]["sequence"]
