"""What the floor does differently on the two databases."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import orjson
import psycopg

Saved = Mapping[str, Any]
"""One item of `Case.saved`."""

Row = Sequence[str | None]

COLUMNS = {
    "status": ("status", "text"),
    "priority": ("priority", "text"),
    "agentId": ("agent_id", "bigint"),
    "subject": ("subject", "text"),
    "summary": ("summary", "text"),
    "dueBy": ("due_by", "timestamptz"),
    "customerId": ("customer_id", "text"),
    "contractId": ("contract_id", "text"),
    "spamStatus": ("spam_status", "text"),
    "additionalData": ("additional_data", "jsonb"),
    "isEscalated": ("is_escalated", "bool"),
}
"""Column of each field that the patches touch, and its type on PostgreSQL."""

_OLD = ", ".join(column for column, _ in COLUMNS.values())


class Store(Protocol):
    """What the two databases do differently. Every value of a row is text or `null`."""

    null: str | None

    def json(self, value: object) -> str:
        """A value of a JSON column."""

    def moment(self, at: datetime) -> str:
        """A time."""

    def begin(self) -> None:
        """Starts a transaction."""

    def commit(self) -> None:
        """Ends it."""

    def run(self, statement: str, values: Sequence[object] = ()) -> list[Any]:
        """Runs one statement with `?` for values; its rows."""

    def insert(self, table: str, columns: str, rows: Sequence[Row]) -> None:
        """Inserts rows."""

    def old(self, ids: Sequence[int]) -> list[Any]:
        """Locks tickets; id, version and `COLUMNS` of each."""

    def tags(self, ids: Sequence[int]) -> list[Any]:
        """Ticket and tag of every tag row of these tickets."""

    def update(self, changed: Sequence[Saved], at: datetime) -> None:
        """Sets what is given, leaves the rest."""

    def remove_tags(self, pairs: Sequence[tuple[int, int]]) -> None:
        """Deletes tag rows."""


_NAMED = ", ".join(f'"{name}" {kind}' for name, (_, kind) in COLUMNS.items())
_SET = ", ".join(f'{column} = coalesce(given."{name}", ticket.{column})' for name, (column, _) in COLUMNS.items())


@dataclass(slots=True)
class PostgresStore:
    """COPY in text form, and JSON recordsets."""

    connection: psycopg.Connection
    null: str | None = r"\N"

    def json(self, value: object) -> str:
        """See `Store`."""
        return orjson.dumps(value).decode().replace("\\", r"\\")

    def moment(self, at: datetime) -> str:
        """See `Store`."""
        return at.isoformat()

    def begin(self) -> None:
        """The driver begins by itself."""

    def commit(self) -> None:
        """See `Store`."""
        self.connection.commit()

    def run(self, statement: str, values: Sequence[object] = ()) -> list[Any]:
        """See `Store`."""
        cursor = self.connection.execute(statement.replace("?", "%s").encode(), values)
        return cursor.fetchall() if cursor.description else []

    def insert(self, table: str, columns: str, rows: Sequence[Row]) -> None:
        """See `Store`."""
        text = "".join(["\t".join(row) + "\n" for row in rows])  # type: ignore[arg-type] # null is text here
        with self.connection.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN".encode()) as copy:
            copy.write(text)

    def old(self, ids: Sequence[int]) -> list[Any]:
        """See `Store`."""
        return self.run(f"SELECT id, version, {_OLD} FROM ticket WHERE id = ANY(?) ORDER BY id FOR UPDATE", (ids,))  # noqa: S608 - our own columns

    def tags(self, ids: Sequence[int]) -> list[Any]:
        """See `Store`."""
        return self.run("SELECT ticket_id, tag_id FROM ticket_tag WHERE ticket_id = ANY(?)", (ids,))

    def update(self, changed: Sequence[Saved], at: datetime) -> None:
        """See `Store`."""
        given = orjson.dumps([{"id": item["id"], **item["set"]} for item in changed]).decode()
        self.run(
            f"UPDATE ticket SET {_SET}, version = ticket.version + 1, modified_at = ?,"  # noqa: S608 - our own columns
            ' due_by_manual = due_by_manual OR given."dueBy" IS NOT NULL,'
            " closed_at = CASE WHEN given.status IS NULL THEN closed_at WHEN given.status = 'closed' THEN ? END"
            f" FROM json_to_recordset(?) AS given (id bigint, {_NAMED}) WHERE ticket.id = given.id",
            (at, at, given),
        )

    def remove_tags(self, pairs: Sequence[tuple[int, int]]) -> None:
        """See `Store`."""
        self.run(
            "DELETE FROM ticket_tag USING unnest(?::bigint[], ?::bigint[]) AS gone (ticket, tag)"
            " WHERE ticket_id = gone.ticket AND tag_id = gone.tag",
            ([ticket_id for ticket_id, _ in pairs], [tag_id for _, tag_id in pairs]),
        )


@dataclass(slots=True)
class SqliteStore:
    """Prepared statements over lists of rows."""

    connection: sqlite3.Connection
    null: str | None = None

    def json(self, value: object) -> str:
        """See `Store`."""
        return orjson.dumps(value).decode()

    def moment(self, at: datetime) -> str:
        """See `Store`."""
        return at.strftime("%Y-%m-%d %H:%M:%S.%f")

    def begin(self) -> None:
        """See `Store`."""
        self.connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """See `Store`."""
        self.connection.execute("COMMIT")

    def run(self, statement: str, values: Sequence[object] = ()) -> list[Any]:
        """See `Store`."""
        return self.connection.execute(statement, values).fetchall()

    def insert(self, table: str, columns: str, rows: Sequence[Row]) -> None:
        """See `Store`."""
        places = ", ".join("?" * (columns.count(",") + 1))
        quoted = columns.replace(" index", ' "index"')
        self.connection.executemany(f"INSERT INTO {table} ({quoted}) VALUES ({places})", rows)  # noqa: S608 - our own

    def old(self, ids: Sequence[int]) -> list[Any]:
        """See `Store`."""
        chosen = "SELECT value FROM json_each(?)"
        return self.run(f"SELECT id, version, {_OLD} FROM ticket WHERE id IN ({chosen})", (self.json(ids),))  # noqa: S608 - our own columns

    def tags(self, ids: Sequence[int]) -> list[Any]:
        """See `Store`."""
        chosen = "SELECT value FROM json_each(?)"
        return self.run(f"SELECT ticket_id, tag_id FROM ticket_tag WHERE ticket_id IN ({chosen})", (self.json(ids),))  # noqa: S608 - our own

    def update(self, changed: Sequence[Saved], at: datetime) -> None:
        """See `Store`."""
        assignments = ", ".join(f"{column} = coalesce(?, {column})" for column, _ in COLUMNS.values())
        moment = self.moment(at)
        self.connection.executemany(
            f"UPDATE ticket SET {assignments}, version = version + 1, modified_at = ?,"  # noqa: S608 - our own columns
            " due_by_manual = due_by_manual OR ? IS NOT NULL,"
            " closed_at = CASE coalesce(?, '') WHEN '' THEN closed_at WHEN 'closed' THEN ? END WHERE id = ?",
            [self._update_row(item, moment) for item in changed],
        )

    def _update_row(self, item: Saved, moment: str) -> Sequence[object]:
        given = dict(item["set"])
        if "additionalData" in given:
            given["additionalData"] = self.json(given["additionalData"])
        if "dueBy" in given:
            given["dueBy"] = given["dueBy"].replace("T", " ").replace("Z", ".000000")
        values = [given.get(name) for name in COLUMNS]
        return (*values, moment, given.get("dueBy"), given.get("status"), moment, item["id"])

    def remove_tags(self, pairs: Sequence[tuple[int, int]]) -> None:
        """See `Store`."""
        self.connection.executemany("DELETE FROM ticket_tag WHERE ticket_id = ? AND tag_id = ?", pairs)
