"""A context on a real database, with a clock that stands still and a broker that only writes down what it is given."""

from __future__ import annotations

import ssl
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from pytest_httpserver import HTTPServer
from sqlalchemy import Table, select

from config.settings import Settings
from tests.services.llm_server import LlmServer, llm_server
from tests.worker.operations.plants import AGENT, Plant
from tests.worker.operations.receivers import DELAYS, Receiver
from worker.ai.protocol import Engine
from worker.context import Context
from worker.domain.entities import Ticket
from worker.domain.words import RefreshMode
from worker.operations.ingest.accept import Flags
from worker.operations.ingest.bulk_patch import bulk_patch, resume
from worker.operations.load import load
from worker.operations.refresh.run import refresh
from worker.operations.refresh_requests import request
from worker.operations.spending import BatchPurse
from worker.storage.bulk import insert_rows
from worker.storage.database import Database
from worker.storage.outbox import Message
from worker.storage.runs import RequestedBy
from worker.storage.tables import Base, OutboxRow, RefreshRunRow, TagRow, TicketRow, TicketTagRow
from worker.storage.tickets import lock_tickets, read_tickets
from worker.webhooks.sending import Limits, Sender

START = datetime(2026, 11, 23, 12, tzinfo=UTC)


@dataclass
class World:
    """What a test holds: the context, its clock, and the messages that left."""

    context: Context
    now: datetime = START
    sent: list[Message] = field(default_factory=list)

    def pass_time(self, **span: float) -> None:
        self.now += timedelta(**span)

    def with_settings(self, **changes: Any) -> Context:  # noqa: ANN401 - a setting's own type
        self.context = replace(self.context, settings=self.context.settings.model_copy(update=changes))
        return self.context

    def with_engine(self, engine: Engine) -> None:
        self.context = replace(self.context, engine=lambda: engine)

    def request(
        self, mode: RefreshMode, *ticket_ids: int, batch_id: str | None = None, force: bool = False
    ) -> list[Message]:
        """Asks for refreshes; the messages that carry the new runs, none when what waits covers them."""
        by = RequestedBy("batch", batch_id, force)
        with self.context.database.write() as connection:
            lock_tickets(connection, ticket_ids, ())
            ids = request(connection, [(ticket_id, mode) for ticket_id in ticket_ids], by, self.now)
            rows = connection.execute(select(OutboxRow.id, OutboxRow.task, OutboxRow.arguments))
            return [Message(*row) for row in rows if row.id in ids]

    def run(self, message: Message) -> dict[str, int]:
        """What the refresh task does with a message."""
        return refresh(self.context, message.arguments["run_ids"], message.id)

    def refresh(self, mode: RefreshMode, *ticket_ids: int, force: bool = False) -> dict[str, Any]:
        """Asks for refreshes of one mode and runs them; how the first run ended."""
        (message,) = self.request(mode, *ticket_ids, batch_id="batch-1", force=force)
        self.run(message)
        return next(run for run in self.rows(RefreshRunRow) if run["id"] == message.arguments["run_ids"][0])

    def patch(self, *items: object, task_id: str | None = None, **flags: Any) -> dict[str, Any]:  # noqa: ANN401
        """Sends a batch and gives its final answer, however many slices that takes."""
        task_id = task_id or str(uuid.uuid4())
        answer = bulk_patch(self.context, list(items), Flags(**flags), task_id)
        while answer is None:
            answer = self.go_on(task_id)
        return answer

    def go_on(self, task_id: str) -> dict[str, Any] | None:
        """What the task does with the message that the last slice of a batch left; it is off the queue then."""
        at = next(at for at, one in enumerate(self.sent) if one.id == task_id)
        message = self.sent.pop(at)
        return resume(self.context, message.arguments["batch_id"], message.id, message.arguments.get("turn", 0))

    def rows(self, model: type[Base]) -> list[dict[str, Any]]:
        """Everything in a table, in the order of its key."""
        table = model.__table__
        assert isinstance(table, Table)
        with self.context.database.read() as connection:
            rows = connection.execute(select(table).order_by(*table.primary_key))
            return [dict(row) for row in rows.mappings()]

    def ticket(self, ticket_id: int) -> Ticket:
        with self.context.database.read() as connection:
            return read_tickets(connection, [ticket_id])[ticket_id]


@pytest.fixture
def world(migrated_database_url: str) -> Iterator[World]:
    database = Database(migrated_database_url)
    settings = Settings(
        database_url=SecretStr(migrated_database_url),
        redis_url=SecretStr("redis://127.0.0.1:1/0"),
        webhook_patience=timedelta(seconds=30),  # nothing of an operation goes on after it
    )
    holder: list[World] = []
    sent: list[Message] = []

    def engine() -> Any:  # noqa: ANN401 - never called unless a test hands one in
        raise AssertionError("this test hands in no engine")

    context = Context(
        settings=settings,
        database=database,
        clock=lambda: holder[0].now,
        jitter=lambda: 0.0,
        engine=engine,
        sender=lambda: Sender(allowed=["127.0.0.1"]),
        send=sent.extend,
    )
    holder.append(World(context, sent=sent))
    yield holder[0]
    database.close()


def ticket_row(ticket_id: int, **values: Any) -> dict[str, Any]:  # noqa: ANN401 - a column's own type
    """A ticket as stored; columns by their own names."""
    row: dict[str, Any] = {
        "id": ticket_id,
        "version": 0,
        "external_ticket_id": None,
        "direction": "in",
        "channel": "email",
        "channel_id": None,
        "subchannel_id": None,
        "interface": "internal",
        "status": "open",
        "priority": "medium",
        "spam_status": None,
        "sender": "kunde@example.com",
        "from_name": None,
        "recipients": ["service@example.com"],
        "reply_cc": [],
        "reply_bcc": [],
        "subject": "Anliegen",
        "summary": "",
        "body": "Guten Tag, bitte melden Sie sich.",
        "body_plain": None,
        "body_clean": None,
        "ai_support_level": "unprocessed",
        "is_escalated": False,
        "is_customer_active": False,
        "created_at": START - timedelta(days=1),
        "modified_at": None,
        "closed_at": None,
        "due_by": None,
        "first_response_due_by_manual": False,
        "due_by_manual": False,
        "customer_id": None,
        "contract_id": None,
        "customer_legitimation": 0,
        "customer_legitimation_message": None,
        "assigned_agent_ids": [],
        "raw_data": None,
    }
    return row | values


Add = Callable[..., None]


@pytest.fixture
def add_tickets(world: World) -> Add:
    """Adds tickets with the same columns changed: `add_tickets(1, 2, status="closed")`."""

    def add(*ids: int, tags: dict[int, str] | None = None, **values: Any) -> None:  # noqa: ANN401
        with world.context.database.write() as connection:
            insert_rows(connection, TicketRow, [ticket_row(ticket_id, **values) for ticket_id in ids])
            rows = [
                {"ticket_id": ticket_id, "tag_id": tag, "source": source}
                for ticket_id in ids
                for tag, source in (tags or {}).items()
            ]
            insert_rows(connection, TicketTagRow, rows)

    return add


@pytest.fixture
def add_tags(world: World) -> Callable[..., None]:
    """Adds tags by id; keyword arguments are their definitions: `add_tags(1, 2)`, `add_tags(t3={"sla": 8})`."""

    def add(*ids: int, **definitions: dict[str, Any]) -> None:
        named: dict[int, dict[str, Any]] = {tag_id: {} for tag_id in ids}
        named |= {int(key[1:]): value for key, value in definitions.items()}
        rows: Sequence[dict[str, Any]] = [
            {
                "id": tag_id,
                "name": f"Tag {tag_id}",
                "parent": None,
                "visibility": definition.get("visibility", "public"),
                "definition": {"id": tag_id, "name": f"Tag {tag_id}"} | definition,
            }
            for tag_id, definition in named.items()
        ]
        with world.context.database.write() as connection:
            insert_rows(connection, TagRow, rows)

    return add


@pytest.fixture(scope="module")
def receiving_server() -> Iterator[HTTPServer]:
    with HTTPServer(host="127.0.0.1", threaded=True) as server:
        yield server


@pytest.fixture
def receiver(world: World, receiving_server: HTTPServer) -> Iterator[Receiver]:
    """A server that endpoints `a` and `b` are at, and a sender that may reach it and waits a second."""
    receiving_server.clear()
    receiver = Receiver(receiving_server)
    for path in ("/a", "/b"):
        receiving_server.expect_request(path).respond_with_handler(receiver.answer)
    world.with_settings(webhook_retry_delays=DELAYS)
    limits = Limits(read=timedelta(seconds=1), total=timedelta(seconds=1))
    tls = ssl.create_default_context()  # made beforehand: it takes a good part of that second
    with closing(Sender(allowed=["127.0.0.1"], limits=limits, tls=tls)) as sender:
        world.context = replace(world.context, sender=lambda: sender)
        yield receiver


@pytest.fixture
def server() -> Iterator[LlmServer]:
    """A model's server, scripted."""
    with llm_server() as running:
        yield running


@pytest.fixture
def ask_model(world: World, server: LlmServer) -> Iterator[Callable[..., None]]:
    """Has the world ask the server's model, as a process begun anew would; keyword arguments are settings."""
    from worker.ai.llm.engine import Engines  # noqa: PLC0415 - two seconds that few tests need

    made: list[Engines] = []

    def use(**settings: Any) -> None:  # noqa: ANN401 - each setting's own
        key = SecretStr("sk-very-secret")
        context = world.with_settings(engine="llm", llm_model="m", llm_base_url=server.url, llm_api_key=key, **settings)
        made.append(Engines(context.settings, BatchPurse(context.database, context.settings)))
        world.context = replace(context, engine=made[-1])

    yield use
    for engines in made:
        engines.close()


@pytest.fixture
def plant(world: World) -> Plant:
    """The agent `meter`, and its action."""
    plant = Plant()
    load(world.context, {"aiAgents": [AGENT]})
    world.context = replace(world.context, action=lambda code: plant if code == "meter" else None)
    return plant
