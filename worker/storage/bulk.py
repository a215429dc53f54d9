"""Writing and finding many rows with one statement, on both databases.

PostgreSQL takes the rows as one JSON document and spreads it with `jsonb_to_recordset`: one parameter, one plan, one
round trip. SQLite runs in this process, so its prepared statement over a list of rows is faster than unpacking JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Table,
    Text,
    bindparam,
    cast,
    column,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB

from worker.storage.tables import Base

Row = Mapping[str, Any]


def insert_rows(
    connection: Connection,
    model: type[Base],
    rows: Sequence[Row],
    *,
    skip_existing: bool = False,
    replace: Sequence[str] = (),
) -> None:
    """Insert rows that all have the same columns.

    `skip_existing` leaves rows alone whose key or unique index is taken; `replace` names the key columns by which an
    existing row is overwritten instead.
    """
    if not rows:
        return
    table = _table(model)
    names = list(rows[0])
    if connection.dialect.name == "postgresql":
        source = _recordset(table, names, rows)
        statement: Any = postgresql.insert(table).from_select(names, select(*(source.c[name] for name in names)))
        connection.execute(_on_conflict(statement, names, skip_existing=skip_existing, replace=replace))
        return
    statement = _on_conflict(sqlite.insert(table), names, skip_existing=skip_existing, replace=replace)
    connection.execute(statement, [dict(row) for row in rows])


def update_rows(
    connection: Connection,
    model: type[Base],
    rows: Sequence[Row],
    *,
    only_if: ColumnElement[bool] | None = None,
) -> None:
    """Set the given columns of the rows named by `id`; all rows have the same columns.

    `only_if` is a further condition on the stored row, part of the UPDATE's own WHERE.
    """
    if not rows:
        return
    table = _table(model)
    names = [name for name in rows[0] if name != "id"]
    guard = [] if only_if is None else [only_if]
    if connection.dialect.name == "postgresql":
        source = _recordset(table, ["id", *names], rows)
        statement = update(table).where(table.c.id == source.c.id, *guard)
        connection.execute(statement.values({name: source.c[name] for name in names}))
        return
    bound = update(table).where(table.c.id == bindparam("row_id"), *guard)
    connection.execute(
        bound.values({name: bindparam(f"new_{name}") for name in names}),
        [{"row_id": row["id"]} | {f"new_{name}": row[name] for name in names} for row in rows],
    )


def _on_conflict(statement: Any, names: Sequence[str], *, skip_existing: bool, replace: Sequence[str]) -> Any:  # noqa: ANN401 - both dialects' Insert
    if skip_existing:
        return statement.on_conflict_do_nothing()
    if replace:
        kept = {name: statement.excluded[name] for name in names if name not in replace}
        return statement.on_conflict_do_update(index_elements=list(replace), set_=kept)
    return statement


def _recordset(table: Table, names: Sequence[str], rows: Sequence[Row]) -> FromClause:
    """The rows as something to select from, typed as the table's columns."""
    document = json.dumps([{name: row[name] for name in names} for row in rows], default=_encode, ensure_ascii=False)
    columns = [column(name, table.c[name].type) for name in names]
    return (
        func.jsonb_to_recordset(cast(literal(document, Text()), JSONB))
        .table_valued(*columns)
        .render_derived(name="given", with_types=True)
    )


def _encode(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"cannot store a {type(value).__name__}")


def _table(model: type[Base]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)  # noqa: S101 - every model here is a plain table
    return table
