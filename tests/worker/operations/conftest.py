"""A context on a real database, with a clock that stands still and a broker that only writes down what it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from config.settings import Settings
from worker.context import Context
from worker.storage.bulk import insert_rows
from worker.storage.database import Database
from worker.storage.outbox import Message
from worker.storage.tables import TagRow, TicketRow, TicketTagRow
from worker.webhooks.sending import Sender

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


@pytest.fixture
def world(migrated_database_url: str) -> Iterator[World]:
    database = Database(migrated_database_url)
    settings = Settings(database_url=SecretStr(migrated_database_url), redis_url=SecretStr("redis://127.0.0.1:1/0"))
    holder: list[World] = []

    def engine() -> Any:  # noqa: ANN401 - never called unless a test hands one in
        raise AssertionError("this test hands in no engine")

    context = Context(
        settings=settings,
        database=database,
        clock=lambda: holder[0].now,
        jitter=lambda: 0.0,
        engine=engine,
        sender=lambda: Sender(allowed=["127.0.0.1"]),
        send=lambda messages: holder[0].sent.extend(messages),
    )
    holder.append(World(context))
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
    """Adds tags by id; keyword arguments are their definitions: `add_tags(1, 2)`, `add_tags(t3={"properties": [...]})`."""

    def add(*ids: int, **definitions: dict[str, Any]) -> None:
        named = {tag_id: {} for tag_id in ids} | {int(key[1:]): value for key, value in definitions.items()}
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
