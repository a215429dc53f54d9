"""Writing and finding many rows with one statement, on both databases.

PostgreSQL takes new rows by COPY (see `postgres_rows`), and rows that must meet stored ones as one JSON document that
`json_to_recordset` spreads: one plan, one round trip. SQLite runs in this process, so its prepared statement over a
list of rows is faster than unpacking JSON; the rows go to the driver itself, since SQLAlchemy would bind each value
anew.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    FromClause,
    Insert,
    Table,
    Text,
    Update,
    any_,
    bindparam,
    column,
    func,
    literal,
    select,
    update,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from worker.storage import postgres_rows
from worker.storage.encoding import encode
from worker.storage.postgres_rows import Convert, Row, column_of
from worker.storage.tables import Base
from worker.storage.tables.base import UtcTime

Given = Mapping[str, tuple[str, Column[Any]]]


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
    if connection.dialect.name != "postgresql":
        statement = _sqlite_insert(
            connection.dialect, table, tuple(names), skip_existing=skip_existing, replace=tuple(replace)
        )
        _execute_many(connection, statement, {name: (name, table.c[name]) for name in names}, rows)
    elif skip_existing or replace:
        source = _recordset(table, names)
        into = postgresql.insert(table).from_select(names, select(*(source.c[name] for name in names)))
        statement = _on_conflict(into, names, skip_existing=skip_existing, replace=replace)
        connection.execute(statement, {_ROWS: _document(names, rows)})
    else:
        postgres_rows.insert(connection, table, names, rows)


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
    if connection.dialect.name == "postgresql":
        connection.execute(_postgres_update(table, tuple(names), only_if), {_ROWS: _document(["id", *names], rows)})
        return
    given = {"row_id": ("id", table.c.id)} | {f"new_{name}": (name, table.c[name]) for name in names}
    _execute_many(connection, _sqlite_update(connection.dialect, table, tuple(names), only_if), given, rows)


def among(
    connection: Connection, attribute: InstrumentedAttribute[Any], values: Collection[Any]
) -> ColumnElement[bool]:
    """Whether a column is one of the values, however many: they travel as one parameter."""
    dialect = connection.dialect.name
    return _is_among(dialect, attribute, literal(as_parameter(connection, values), _parameter_type(dialect, attribute)))


def among_given(dialect: str, attribute: InstrumentedAttribute[Any], name: str) -> ColumnElement[bool]:
    """The same in a statement that is made once: `as_parameter` gives the values of the parameter `name`."""
    return _is_among(dialect, attribute, bindparam(name, type_=_parameter_type(dialect, attribute)))


def as_parameter(connection: Connection, values: Collection[Any]) -> list[Any] | str:
    """Values as the one parameter that they travel as."""
    return list(values) if connection.dialect.name == "postgresql" else encode(list(values))


def _is_among(dialect: str, attribute: InstrumentedAttribute[Any], given: ColumnElement[Any]) -> ColumnElement[bool]:
    if dialect == "postgresql":
        return attribute == any_(given)
    return attribute.in_(select(func.json_each(given).table_valued("value").c.value))


def _parameter_type(dialect: str, attribute: InstrumentedAttribute[Any]) -> TypeEngine[Any]:
    return postgresql.ARRAY(attribute.type) if dialect == "postgresql" else Text()


def _execute_many(
    connection: Connection,
    compiled: SQLCompiler,
    given: Mapping[str, tuple[str, Column[Any]]],
    rows: Sequence[Row],
) -> None:
    """Run a statement once for each row; `given` tells for its parameters the row's entry and the column."""
    fixed = compiled.params
    columns = []
    for parameter in compiled.positiontup or ():
        if parameter not in given:  # of the condition on the stored row
            columns.append([fixed[parameter]] * len(rows))
            continue
        name, stored_in = given[parameter]
        columns.append(column_of(rows, name, _to_sqlite(stored_in.type)))
    connection.exec_driver_sql(str(compiled), list(zip(*columns, strict=True)))


@lru_cache(maxsize=256)  # to compile one takes longer than to run it with a row or two
def _sqlite_insert(
    dialect: Dialect, table: Table, names: tuple[str, ...], *, skip_existing: bool, replace: tuple[str, ...]
) -> SQLCompiler:
    statement = sqlite.insert(table).values({name: bindparam(name) for name in names})
    return _compiled(_on_conflict(statement, names, skip_existing=skip_existing, replace=replace), dialect)


@lru_cache(maxsize=256)
def _sqlite_update(
    dialect: Dialect, table: Table, names: tuple[str, ...], only_if: ColumnElement[bool] | None
) -> SQLCompiler:
    statement = update(table).where(table.c.id == bindparam("row_id"), *([] if only_if is None else [only_if]))
    return _compiled(statement.values({name: bindparam(f"new_{name}") for name in names}), dialect)


def _compiled(statement: Insert | Update, dialect: Dialect) -> SQLCompiler:
    compiled = statement.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)  # noqa: S101 - what these statements compile to
    return compiled


def _to_sqlite(kind: object) -> Convert | None:
    if isinstance(kind, JSON):
        return encode
    return _sqlite_time if isinstance(kind, UtcTime) else None


@lru_cache(maxsize=1024)  # most rows of a write bear the same moment
def _sqlite_time(value: datetime) -> str:
    """The text that SQLAlchemy's own type writes and reads."""
    if value.tzinfo is None:
        raise ValueError("a stored time must be aware")
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _on_conflict(statement: Any, names: Sequence[str], *, skip_existing: bool, replace: Sequence[str]) -> Any:  # noqa: ANN401 - both dialects' Insert
    if skip_existing:
        return statement.on_conflict_do_nothing()
    if replace:
        kept = {name: statement.excluded[name] for name in names if name not in replace}
        return statement.on_conflict_do_update(index_elements=list(replace), set_=kept)
    return statement


@lru_cache(maxsize=256)
def _postgres_update(table: Table, names: tuple[str, ...], only_if: ColumnElement[bool] | None) -> Update:
    source = _recordset(table, ["id", *names])
    statement = update(table).where(table.c.id == source.c.id, *([] if only_if is None else [only_if]))
    return statement.values({name: source.c[name] for name in names})


_ROWS = "given_rows"
"""The parameter that carries all rows of a statement."""


def _document(names: Sequence[str], rows: Sequence[Row]) -> str:
    return encode([{name: row[name] for name in names} for row in rows])


def _recordset(table: Table, names: Sequence[str]) -> FromClause:
    """The rows as something to select from, typed as the table's columns."""
    columns = [column(name, table.c[name].type) for name in names]
    return (
        func.json_to_recordset(sql_cast(bindparam(_ROWS, type_=Text()), postgresql.JSON))
        .table_valued(*columns)
        .render_derived(name="given", with_types=True)
    )


def _table(model: type[Base]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)  # noqa: S101 - every model here is a plain table
    return table
