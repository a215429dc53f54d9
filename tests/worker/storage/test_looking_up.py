"""What is looked up of a batch or in the outbox reads no table as a whole, however full they are."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Connection

from tests.services.plans import plans_of
from tests.worker.storage.ended_rows import NOW, fill
from worker.storage.batches import LedgerPage, ledger_items
from worker.storage.caused import count_deliveries, count_runs, open_deliveries, open_runs
from worker.storage.database import Database
from worker.storage.dead import dead_letters
from worker.storage.executions import take_lost
from worker.storage.explanation import deliveries_of_ticket, first_in_line, items_of_ticket
from worker.storage.far_times import bring_back
from worker.storage.inspection import (
    deliveries_of_batch,
    progress_of,
    runs_of_batch,
)
from worker.storage.outbox import claim_messages
from worker.storage.tables import Base

BATCH = "0007"
QUERIES: dict[str, Callable[[Connection], object]] = {
    "items of a batch": lambda one: ledger_items(one, BATCH, LedgerPage(limit=10)),
    "refreshes of a batch": lambda one: runs_of_batch(one, BATCH),
    "webhooks of a batch": lambda one: deliveries_of_batch(one, BATCH),
    "how far a batch is": lambda one: progress_of(one, BATCH),
    "refreshes of a batch, counted": lambda one: count_runs(one, BATCH),
    "webhooks of a batch, counted": lambda one: count_deliveries(one, BATCH),
    "open refreshes of a batch": lambda one: open_runs(one, BATCH, 3),
    "open webhooks of a batch": lambda one: open_deliveries(one, BATCH, 3),
    "items of a ticket": lambda one: items_of_ticket(one, BATCH, 7),
    "webhooks of a ticket": lambda one: deliveries_of_ticket(one, BATCH, 7),
    "what is ahead of a webhook": lambda one: first_in_line(one, 7, ["a"]),
    "the newest dead letters": lambda one: dead_letters(one, 50),
    "lost actions": lambda one: take_lost(one, NOW, NOW + timedelta(minutes=5)),
    "messages that are due": lambda one: claim_messages(one, now=NOW, again_at=NOW, limit=10),
    "times that are too far ahead": lambda one: bring_back(one, NOW, NOW + timedelta(days=2)),
}
_WHOLE = re.compile(r"(?:SCAN|Seq Scan on) (\w+)\b(?! USING)")
_LARGE = Base.metadata.tables.keys() - {"webhook_endpoint", "dead_letter"}
"""All but those with few rows, and the letters, which SQLite reads from the newest on."""


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_no_table_is_read_as_a_whole(database: Database, query: Callable[[Connection], object]) -> None:
    with database.write() as connection:
        fill(connection)

    plans = plans_of(database, query, as_if_large=True)

    whole = {name for plan in plans for name in _WHOLE.findall(plan)}
    assert plans
    assert not whole & _LARGE, "\n".join(plans)
