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
    return worker_context(gateway)


def worker_context(gateway: Gateway) -> Context:
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
    described = Ledger.model_validate(ledger)
    assert described.model_dump(mode="json", by_alias=True, exclude_unset=True) == ledger
    assert timeless(ledger) == timeless(show_batch(context, batch_id(accepted)))
    assert ledger["state"] == "done"
    assert [item["outcome"] for item in ledger["items"]] == ["updated", "refresh_scheduled", "rejected", "rejected"]
    assert [run["mode"] for run in ledger["refreshes"]] == ["tags"]
    assert [webhook["ticketId"] for webhook in ledger["webhooks"]] == [101]


def timeless(ledger: dict[str, Any]) -> dict[str, Any]:
    """A ledger without what goes on from one look to the next: how long the phases last."""
    phases = [{name: phase[name] for name in ("phase", "done", "total", "running")} for phase in ledger["phases"]]
    return ledger | {"phases": phases}


def test_a_conflict_is_described_with_what_the_ticket_had(gateway: Gateway, context: Context) -> None:
    with gateway.database.write() as connection:
        insert_rows(connection, TicketRow, [ticket_row(111, modified_at=datetime.now(UTC))])
    accepted = gateway.patch([{"id": 111, "status": "closed", "ifModifiedAt": "2020-01-01 00:00:00"}])
    resume(context, batch_id(accepted), batch_id(accepted))
    ledger = gateway.client.get(accepted.headers["Location"]).json()
    described = Ledger.model_validate(ledger)
    assert described.counts.conflict == 1
    assert described.items[0].current == {"status": "open"}


@pytest.fixture(scope="module")
def address(gateway: Gateway) -> str:
    """A ledger of five items: the second and the fourth are unchanged, the others rejected."""
    with gateway.database.write() as connection:
        insert_rows(connection, TicketRow, [ticket_row(121)])
    accepted = gateway.patch([{"id": 122}, {"id": 121}, {"id": 123}, {"id": 121}, {"id": 124}])
    resume(worker_context(gateway), batch_id(accepted), batch_id(accepted))
    return str(accepted.headers["Location"])


@pytest.mark.parametrize(
    ("query", "indexes", "page"),
    [
        ("limit=2", [0, 1], {"after": 1, "more": True}),
        ("after=1&limit=2", [2, 3], {"after": 3, "more": True}),
        ("after=3&limit=2", [4], {"after": 4, "more": False}),
        ("after=4", [], {"after": None, "more": False}),
        ("outcome=rejected", [0, 2, 4], {"after": 4, "more": False}),
        ("outcome=rejected&outcome=unchanged&limit=4", [0, 1, 2, 3], {"after": 3, "more": True}),
        ("outcome=updated&limit=1", [], {"after": None, "more": False}),
    ],
)
def test_a_ledger_is_given_by_pages_and_outcomes(
    gateway: Gateway, address: str, query: str, indexes: list[int], page: dict[str, object]
) -> None:
    ledger = gateway.client.get(f"{address}?{query}").json()
    assert [item["index"] for item in ledger["items"]] == indexes
    assert ledger["page"] == page
    assert Ledger.model_validate(ledger).counts.received == 5


def test_a_whole_ledger_is_no_page(gateway: Gateway, address: str) -> None:
    ledger = gateway.client.get(address).json()
    assert len(ledger["items"]) == 5
    assert "page" not in ledger


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=many", "limit=2147483648", "after=-1", "after=1.5", "outcome=broken", "outcome=", "offset=3"],
)
def test_a_wrong_parameter_is_refused(gateway: Gateway, address: str, query: str) -> None:
    answer = gateway.client.get(f"{address}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter")


def test_an_unknown_batch_is_a_problem(gateway: Gateway) -> None:
    answer = gateway.client.get(f"/api/mind/batch/{UNKNOWN}")
    assert (answer.status_code, answer.json()["code"]) == (404, "batch_not_found")
    assert answer.headers["Content-Type"] == "application/problem+json"
