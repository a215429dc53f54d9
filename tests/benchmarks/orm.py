"""The usual way: one ORM transaction a ticket, written as carefully as a good engineer would."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel
from sqlalchemy import Engine, create_engine, select, update
from sqlalchemy.orm import Session

from config.routing import ROUTES, TaskName
from tests.benchmarks.data import USER
from worker.storage.database import Database
from worker.storage.tables import (
    BatchItemRow,
    BatchRow,
    DeliveryRow,
    EndpointRow,
    EventRow,
    HistoryRow,
    OutboxRow,
    TagRow,
    TicketRow,
    TicketTagRow,
    WorklogRow,
)

_ACTIONS = {"closed": "closed", "pending": "pending", "open": "reopened"}


class Patch(BaseModel):
    """One item of a batch."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid")

    id: int
    status: Literal["open", "pending", "closed"] = "open"
    priority: Literal["low", "medium", "high", "urgent"] = "low"
    agent_id: int | None = None
    subject: str = Field("", max_length=1_000)
    summary: str = Field("", max_length=10_000)
    due_by: datetime | None = None
    customer_id: str | None = None
    contract_id: str | None = None
    spam_status: Literal["auto_spam", "auto_clean", "auto_programmatic", "manual_spam", "manual_clean"] | None = None
    additional_data: dict[str, Any] | None = None
    is_escalated: bool = False
    add_tag_ids: list[int] = []
    remove_tag_ids: list[int] = []


class Rejected(Exception):  # noqa: N818 - what happens to an item
    """The item cannot be saved."""

    def __init__(self, code: str, at: str) -> None:
        self.error = {"code": code, "field": at, "message": ""}


@dataclass
class Orm:
    """Saves item by item: a session, the ticket, its changes as objects, a commit."""

    engine: Engine
    _endpoints: list[EndpointRow] = field(default_factory=list)
    _deliveries: list[str] = field(default_factory=list)

    def save(self, raw: bytes, now: datetime) -> None:
        """Applies a batch; head and messages are written in one transaction each, since they are not a ticket's."""
        items = json.loads(raw)
        batch_id = str(uuid.uuid4())
        with Session(self.engine, expire_on_commit=False) as session:
            self._endpoints = list(session.scalars(select(EndpointRow).where(EndpointRow.enabled)))
            session.add(_head(batch_id, len(items), now))
            session.commit()
        outcomes: Counter[str] = Counter()
        for index, item in enumerate(items):
            with Session(self.engine) as session:
                entry = self._item(session, index, item, batch_id, now)
                session.add(entry)
                outcomes[entry.outcome] += 1
                session.commit()
        with Session(self.engine) as session:
            session.add_all(self._messages(batch_id, now))
            done = {"state": "done", "next_chunk": len(items), "finished_at": now, **outcomes}
            session.execute(update(BatchRow).where(BatchRow.id == batch_id).values(**done))
            session.commit()

    def _item(self, session: Session, index: int, item: dict[str, Any], batch_id: str, now: datetime) -> BatchItemRow:
        changed: list[str] = []
        error = None
        try:
            changed = self._patch(session, item, batch_id, now)
        except Rejected as rejected:
            error = rejected.error
        return BatchItemRow(
            batch_id=batch_id,
            index=index,
            ticket_id=item["id"],
            outcome="rejected" if error else "updated" if changed else "unchanged",
            changed_fields=changed,
            ignored_fields=[],
            deprecations=[],
            errors=[error] if error else [],
        )

    def _patch(self, session: Session, item: dict[str, Any], batch_id: str, now: datetime) -> list[str]:
        patch = _validated(item)
        ticket = session.get(TicketRow, patch.id, with_for_update=True)
        if ticket is None:
            raise Rejected("ticket_not_found", "id")
        told = [*_set_tags(session, patch), *_set_attributes(ticket, patch)]  # what may be refused goes first
        if not told:
            return []
        ticket.version += 1
        ticket.modified_at = now
        names = {name for name, _, _ in told}
        if "status" in names:
            ticket.closed_at = now if ticket.status == "closed" else None
        if "dueBy" in names:
            ticket.due_by_manual = ticket.due_by is not None
        self._tell(session, ticket, told, batch_id, now)
        return [name for name in item if name in names or (name in {"addTagIds", "removeTagIds"} and item[name])]

    def _tell(
        self, session: Session, ticket: TicketRow, told: list[tuple[str, Any, Any]], batch_id: str, now: datetime
    ) -> None:
        """History, worklog, event and its deliveries."""
        common: dict[str, Any] = {"ticket_id": ticket.id, "batch_id": batch_id, "at": now}
        who: dict[str, Any] = {"actor_type": "user", "actor_id": USER, "version": ticket.version}
        session.add_all(HistoryRow(field=name, old=old, new=new, **who, **common) for name, old, new in told)
        names = {name for name, _, _ in told}
        action = _ACTIONS[ticket.status] if "status" in names else "assigned" if "agentId" in names else "written"
        session.add(WorklogRow(action=action, user_id=USER, automatic=False, **common))
        body = {
            "type": "ticketUpdated",
            "ticketId": ticket.id,
            "userId": USER,
            "batchId": batch_id,
            "changes": {name: new for name, _, new in told},
            "previous": {name: old for name, old, _ in told},
            "occurredAt": _wire(now),
        }
        about: dict[str, Any] = {"ticket_id": ticket.id, "batch_id": batch_id}
        event = EventRow(id=str(uuid.uuid4()), type="ticketUpdated", body=body, created_at=now, **about)
        session.add(event)
        session.flush()  # deliveries refer to it; no statement more, only earlier
        for endpoint in self._endpoints:
            if "ticketUpdated" in endpoint.events and (not endpoint.channels or ticket.channel in endpoint.channels):
                delivery = DeliveryRow(id=str(uuid.uuid4()), event_id=event.id, endpoint_id=endpoint.id, **about)
                delivery.state, delivery.attempts, delivery.next_attempt_at = "waiting", 0, now
                session.add(delivery)
                self._deliveries.append(delivery.id)

    def _messages(self, batch_id: str, now: datetime) -> Iterator[OutboxRow]:
        size = ROUTES[TaskName.DELIVER_WEBHOOKS].chunk
        for first in range(0, len(self._deliveries), size):
            arguments = {"delivery_ids": self._deliveries[first : first + size]}
            row = OutboxRow(id=str(uuid.uuid4()), task=str(TaskName.DELIVER_WEBHOOKS), arguments=arguments)
            row.batch_id, row.due_at, row.created_at, row.sent = batch_id, now, now, 0
            yield row


def _validated(item: dict[str, Any]) -> Patch:
    try:
        return Patch.model_validate(item)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        code = "unknown_field" if first["type"] == "extra_forbidden" else "invalid_value"
        raise Rejected(code, ".".join(map(str, first["loc"]))) from None


def _set_attributes(ticket: TicketRow, patch: Patch) -> Iterator[tuple[str, Any, Any]]:
    """Sets what is different; name, old and new value of each."""
    for name in patch.model_fields_set - {"id", "add_tag_ids", "remove_tag_ids"}:
        old, new = getattr(ticket, name), getattr(patch, name)
        if isinstance(new, datetime) and new.tzinfo is None:
            new = new.replace(tzinfo=UTC)
        if old != new:
            setattr(ticket, name, new)
            yield to_camel(name), _wire(old), _wire(new)


def _set_tags(session: Session, patch: Patch) -> Iterator[tuple[str, Any, Any]]:
    if not patch.add_tag_ids and not patch.remove_tag_ids:
        return
    known = set(session.scalars(select(TagRow.id).where(TagRow.id.in_([*patch.add_tag_ids, *patch.remove_tag_ids]))))
    for name, ids in (("addTagIds", patch.add_tag_ids), ("removeTagIds", patch.remove_tag_ids)):
        for position, tag_id in enumerate(ids):
            if tag_id not in known:
                raise Rejected("unknown_tag", f"{name}[{position}]")
    present = {row.tag_id: row for row in session.scalars(select(TicketTagRow).filter_by(ticket_id=patch.id))}
    after = (set(present) | set(patch.add_tag_ids)) - set(patch.remove_tag_ids)
    for tag_id in sorted(after - set(present)):
        session.add(TicketTagRow(ticket_id=patch.id, tag_id=tag_id, source="manual"))
    for tag_id in set(present) - after:
        session.delete(present[tag_id])
    if after != set(present):
        yield "tagIds", sorted(present), sorted(after)


def _wire(value: Any) -> Any:  # noqa: ANN401 - any stored value
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value


def _head(batch_id: str, received: int, now: datetime) -> BatchRow:
    return BatchRow(
        id=batch_id,
        key=batch_id,
        digest=batch_id,
        state="running",
        user_id=USER,
        lane="bulk",
        include_in_worklog=True,
        atomic=False,
        received=received,
        chunks=received,
        next_chunk=0,
        updated=0,
        unchanged=0,
        refresh_scheduled=0,
        refresh_skipped=0,
        rejected=0,
        conflict=0,
        created_at=now,
    )


@contextmanager
def opened(url: str) -> Iterator[Orm]:
    """On a database; SQLite with the program's own pragmas, and the writer's lock from the beginning."""
    database = Database(url)
    sqlite = database.engine.execution_options(sqlite_begin="IMMEDIATE")
    # The engine as it comes: the program's own asks before each use whether the connection still answers.
    engine = sqlite if database.is_sqlite else create_engine(url)
    with engine.connect():
        pass
    yield Orm(engine)
    engine.dispose()
    database.close()
