"""The floor: the same writes by set-based SQL of a database's own, without validation and without comparison.

It is told what to write (`Case.saved`), trusts it, and knows nothing but this one batch. So no program that has to
check what it is sent can be as fast; how near it comes is what is measured.

PostgreSQL: rows go in by COPY, in its text form, and tickets by one UPDATE from a JSON recordset. Slower were COPY row
by row through the driver, UPDATE from `unnest`, and UPDATE … RETURNING old. SQLite: prepared statements over lists.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from config.routing import ROUTES, TaskName
from config.settings import Settings
from tests.benchmarks.data import USER
from tests.benchmarks.stores import COLUMNS, PostgresStore, Row, Saved, SqliteStore, Store
from worker.storage.database import Database

_POSITIONS = {name: at for at, name in enumerate(COLUMNS, start=2)}
_ACTIONS = {"closed": "closed", "pending": "pending", "open": "reopened"}
_TABLES = {
    "ticket_tag": "ticket_id, tag_id, source",
    "history": "ticket_id, version, field, old, new, actor_type, actor_id, batch_id, at",
    "worklog": "ticket_id, action, user_id, batch_id, automatic, at",
    "webhook_event": "id, type, ticket_id, batch_id, body, created_at",
    "webhook_delivery": "id, event_id, endpoint_id, ticket_id, batch_id, state, attempts, next_attempt_at",
    "outbox": "id, task, arguments, batch_id, lane, state, due_at, sent, created_at",
    "batch_item": "batch_id, index, ticket_id, outcome, changed_fields, ignored_fields, deprecations, errors",
}


@dataclass(frozen=True, slots=True)
class _Batch:
    """What all rows of a batch share; `at` is `now` as the database writes it."""

    id: str
    endpoint: str
    now: datetime
    at: str


@dataclass(frozen=True, slots=True)
class Floor:
    """Saves through one connection, in chunks of `size` items, each one transaction."""

    store: Store
    size: int

    def save(self, raw: bytes, now: datetime) -> None:
        """Writes all that `Case.saved` says."""
        items = orjson.loads(raw)
        self.store.begin()
        ((endpoint,),) = self.store.run("SELECT id FROM webhook_endpoint WHERE enabled")
        batch = _Batch(str(uuid.uuid4()), endpoint, now, self.store.moment(now))
        self._head(batch, len(items))
        self.store.commit()
        for first in range(0, len(items), self.size):
            self.store.begin()
            self._chunk(batch, items[first : first + self.size])
            self.store.commit()
        self.store.begin()
        self.store.run("UPDATE batch SET state = 'done', finished_at = ? WHERE id = ?", (batch.at, batch.id))
        self.store.commit()

    def _head(self, batch: _Batch, received: int) -> None:
        self.store.run(
            "INSERT INTO batch (id, key, digest, state, user_id, lane, include_in_worklog, atomic, received, chunks,"
            " next_chunk, updated, unchanged, refresh_scheduled, refresh_skipped, rejected, created_at)"
            " VALUES (?, ?, '', 'running', ?, 'bulk', true, false, ?, ?, 0, 0, 0, 0, 0, 0, ?)",
            (batch.id, batch.id, USER, received, -(-received // self.size), batch.at),
        )

    def _chunk(self, batch: _Batch, items: Sequence[Saved]) -> None:
        changed = [item for item in items if item["outcome"] == "updated"]
        old = {row[0]: row for row in self.store.old([item["id"] for item in changed])}
        self.store.update(changed, batch.now)
        tagged = [item for item in changed if "added" in item]
        tags: dict[int, list[int]] = {item["id"]: [] for item in tagged}
        for ticket_id, tag_id in self.store.tags(list(tags)):
            tags[ticket_id].append(tag_id)
        self.store.remove_tags([(item["id"], tag_id) for item in tagged for tag_id in item["removed"]])
        rows = _Rows(self.store, batch)
        for item in changed:
            rows.add_ticket(item, old[item["id"]], tags.get(item["id"], []))
        rows.add_messages()
        rows.add_ledger(items)
        for table, columns in _TABLES.items():
            self.store.insert(table, columns, rows.by_table[table])
        counts = Counter(item["outcome"] for item in items)
        self.store.run(
            "UPDATE batch SET next_chunk = next_chunk + 1, updated = updated + ?, unchanged = unchanged + ?,"
            " rejected = rejected + ? WHERE id = ?",
            (counts["updated"], counts["unchanged"], counts["rejected"], batch.id),
        )


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of one chunk."""

    store: Store
    batch: _Batch
    by_table: dict[str, list[Row]] = field(default_factory=lambda: {table: [] for table in _TABLES})

    def add_ticket(self, item: Saved, old: Sequence[Any], tags: Sequence[int]) -> None:
        """Everything about one changed ticket."""
        changes = item["set"]
        previous = {name: _wire(name, old[_POSITIONS[name]]) for name in changes}
        if "added" in item:
            before = sorted(tags)
            after = sorted({*before, *item["added"]}.difference(item["removed"]))
            changes, previous["tagIds"] = {**changes, "tagIds": after}, before
            self.by_table["ticket_tag"] += [(str(item["id"]), str(tag_id), "manual") for tag_id in item["added"]]
        self._add_history(str(item["id"]), str(old[1] + 1), changes, previous)
        self._add_event(item["id"], changes, previous)

    def _add_history(self, ticket_id: str, version: str, new: Mapping[str, Any], old: Mapping[str, Any]) -> None:
        null, json, batch, rows = self.store.null, self.store.json, self.batch, self.by_table["history"]
        user_id = str(USER)
        for name, value in new.items():
            was = null if old[name] is None else json(old[name])
            rows.append((ticket_id, version, name, was, json(value), "user", user_id, batch.id, batch.at))
        action = _ACTIONS.get(new.get("status", "")) or ("assigned" if "agentId" in new else "written")
        self.by_table["worklog"].append((ticket_id, action, user_id, batch.id, "0", batch.at))

    def _add_event(self, ticket_id: int, new: Mapping[str, Any], old: Mapping[str, Any]) -> None:
        batch, event_id = self.batch, str(uuid.uuid4())
        body = {
            "type": "ticketUpdated",
            "ticketId": ticket_id,
            "userId": USER,
            "batchId": batch.id,
            "changes": new,
            "previous": old,
            "occurredAt": _iso(batch.now),
        }
        event = (event_id, "ticketUpdated", str(ticket_id), batch.id, self.store.json(body), batch.at)
        self.by_table["webhook_event"].append(event)
        delivery = (str(uuid.uuid4()), event_id, batch.endpoint, str(ticket_id), batch.id, "waiting", "0", batch.at)
        self.by_table["webhook_delivery"].append(delivery)

    def add_messages(self) -> None:
        """Messages that carry the deliveries."""
        task = TaskName.DELIVER_WEBHOOKS
        size, at = ROUTES[task].chunk, self.batch.at
        deliveries = [row[0] for row in self.by_table["webhook_delivery"]]
        for first in range(0, len(deliveries), size):
            arguments = self.store.json({"delivery_ids": deliveries[first : first + size]})
            row = (str(uuid.uuid4()), str(task), arguments, self.batch.id, "bulk", "ready", at, "0", at)
            self.by_table["outbox"].append(row)

    def add_ledger(self, items: Iterable[Saved]) -> None:
        """How each item ended."""
        json, batch_id = self.store.json, self.batch.id
        self.by_table["batch_item"] += [
            (
                batch_id,
                str(item["index"]),
                str(item["id"]),
                item["outcome"],
                json(item["changed"]),
                "[]",
                "[]",
                json(item["errors"]),
            )
            for item in items
        ]


def _wire(name: str, value: Any) -> Any:  # noqa: ANN401 - a stored value
    if isinstance(value, datetime):
        return _iso(value)
    if isinstance(value, str) and name == "additionalData":
        return orjson.loads(value)  # SQLite keeps JSON as text
    return bool(value) if name == "isEscalated" else value


def _iso(moment: datetime) -> str:
    return moment.replace(microsecond=0).isoformat().replace("+00:00", "Z")


@contextmanager
def opened(url: str) -> Iterator[Floor]:
    """On the bare connection of a database, SQLite with the program's own pragmas; chunks as large as the program's."""
    database = Database(url)
    connection = database.engine.raw_connection()
    driver: Any = connection.driver_connection
    store: Store = SqliteStore(driver) if database.is_sqlite else PostgresStore(driver)
    yield Floor(store, Settings().chunk_size)
    connection.close()
    database.close()
