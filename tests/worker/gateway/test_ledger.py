"""GET /api/mind/batch/{batchId}: what became of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from config.settings import Settings
from tests.worker.gateway.conftest import Gateway, batch_id
from tests.worker.operations.conftest import ticket_row
from worker.context import Context
from worker.gateway.answers import Ledger
from worker.operations.ingest.bulk_patch import resume
from worker.operations.inspection.batch import show_batch
from worker.storage.bulk import insert_rows
from worker.storage.outbox import Message
from worker.storage.tables import EndpointRow, TicketRow
from worker.webhooks.sending import Sender

UNKNOWN = "00000000-0000-0000-0000-000000000000"


def no_engine() -> Any:  # noqa: ANN401 - never returns
    raise AssertionError("an accepted batch needs no engine")


def no_messages(messages: Sequence[Message]) -> None:
    """What a worker would go on with is not sent here."""


@pytest.fixture
def context(gateway: Gateway) -> Context:
    """A worker's context on the gateway's database."""
    url = SecretStr(gateway.database.url.render_as_string(hide_password=False))
    return Context(
        settings=Settings(database_url=url),
        database=gateway.database,
        clock=lambda: datetime.now(UTC),
        jitter=lambda: 0.0,
        engine=no_engine,
        sender=Sender,
        send=no_messages,
    )


def test_a_batch_that_was_just_accepted_has_no_items_yet(gateway: Gateway) -> None:
    answer = gateway.client.get(gateway.patch([{"id": 1}]).headers["Location"])
    assert answer.status_code == 200
    ledger = answer.json()
    assert (ledger["state"], ledger["counts"]["received"], ledger["items"]) == ("accepted", 1, [])


def test_the_ledger_is_what_show_batch_gives_and_the_document_describes(gateway: Gateway, context: Context) -> None:
    with gateway.database.write() as connection:
        insert_rows(connection, TicketRow, [ticket_row(101), ticket_row(102)])
        endpoint = {"id": "crm", "url": "https://crm.example.com/", "secret": "whsec_", "events": ["ticketUpdated"]}
        insert_rows(connection, EndpointRow, [endpoint | {"channels": [], "subchannels": [], "enabled": True}])
    accepted = gateway.patch(
        [{"id": 101, "status": "closed", "createdAt": 5}, {"id": 102, "refreshMode": "tags"}, {"id": 103, "to": 7}, 4]
    )
    resume(context, batch_id(accepted), batch_id(accepted))
    ledger = gateway.client.get(accepted.headers["Location"]).json()
    assert ledger == show_batch(context, batch_id(accepted))
    described = Ledger.model_validate(ledger)
    assert described.model_dump(mode="json", by_alias=True) == ledger
    assert ledger["state"] == "done"
    assert [item["outcome"] for item in ledger["items"]] == ["updated", "refresh_scheduled", "rejected", "rejected"]
    assert [run["mode"] for run in ledger["refreshes"]] == ["tags"]
    assert [webhook["ticketId"] for webhook in ledger["webhooks"]] == [101]


def test_an_unknown_batch_is_a_problem(gateway: Gateway) -> None:
    answer = gateway.client.get(f"/api/mind/batch/{UNKNOWN}")
    assert (answer.status_code, answer.json()["code"]) == (404, "batch_not_found")
    assert answer.headers["Content-Type"] == "application/problem+json"
