"""New rows as PostgreSQL takes them: as the text of COPY, or as the values of an INSERT if they are few."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache, partial
from typing import Any, cast

from psycopg import Error as PsycopgError
from psycopg import sql
from sqlalchemy import JSON, Connection, String, Table
from sqlalchemy.exc import DBAPIError

from worker.storage.encoding import encode
from worker.storage.tables.base import UtcTime

Row = Mapping[str, Any]
Convert = Callable[[Any], Any]

_FEW = 4
"""Rows up to which an INSERT, which is one round trip, is quicker than COPY, which is two."""


def insert(connection: Connection, table: Table, names: Sequence[str], rows: Sequence[Row]) -> None:
    """Write rows with these columns. Errors are those of SQLAlchemy, which is passed by."""
    if len(rows) <= _FEW:
        _insert_few(connection, table, names, rows)
    else:
        _copy(connection, table, names, rows)


def column_of(rows: Sequence[Row], name: str, convert: Convert | None) -> list[Any]:
    """One value of each row, converted unless it is missing."""
    if convert is None:
        return [row[name] for row in rows]
    return [None if (value := row[name]) is None else convert(value) for row in rows]


def _insert_few(connection: Connection, table: Table, names: Sequence[str], rows: Sequence[Row]) -> None:
    """Send rows as the values of one INSERT, each in the form in which PostgreSQL reads its type."""
    kinds = [_to_postgres(table.c[name].type) for name in names]
    values = [value for row in zip(*map(partial(column_of, rows), names, kinds), strict=True) for value in row]
    try:
        with cast("Any", connection.connection).cursor() as cursor:
            cursor.execute(_insert_statement(table, tuple(names), len(rows)), values)
    except PsycopgError as error:
        raise _translated(connection, error) from None


@lru_cache(maxsize=256)
def _insert_statement(table: Table, names: tuple[str, ...], rows: int) -> bytes:
    fields = sql.SQL(", ").join(map(sql.Identifier, names))
    row = sql.SQL("({})").format(sql.SQL(", ").join([sql.Placeholder()] * len(names)))
    values = sql.SQL(", ").join([row] * rows)
    return sql.SQL("INSERT INTO {} ({}) VALUES {}").format(sql.Identifier(table.name), fields, values).as_bytes()


def _to_postgres(kind: object) -> Convert | None:
    if isinstance(kind, JSON):
        return encode
    return _time_copied if isinstance(kind, UtcTime) else None


def _copy(connection: Connection, table: Table, names: Sequence[str], rows: Sequence[Row]) -> None:
    """Send all rows as one text: the driver would look at each value's type anew."""
    columns = [_texts(rows, name, _to_copy(table.c[name].type)) for name in names]
    fields = sql.SQL(", ").join(map(sql.Identifier, names))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), fields)
    try:
        with cast("Any", connection.connection).cursor() as cursor, cursor.copy(statement) as copy:
            copy.write("".join(["\t".join(row) + "\n" for row in zip(*columns, strict=True)]))
    except PsycopgError as error:
        raise _translated(connection, error) from None


def _texts(rows: Sequence[Row], name: str, convert: Callable[[Any], str]) -> list[str]:
    return [r"\N" if (value := row[name]) is None else convert(value) for row in rows]


def _to_copy(kind: object) -> Callable[[Any], str]:
    """How COPY reads values of a column in its text form (PostgreSQL: COPY, file formats)."""
    if isinstance(kind, JSON):
        return _json_copied
    if isinstance(kind, UtcTime):
        return _time_copied
    return _text_copied if isinstance(kind, String) else str


def _json_copied(value: object) -> str:
    return encode(value).replace("\\", r"\\")  # JSON writes control characters as escapes of its own


def _text_copied(value: str) -> str:
    return value.replace("\\", r"\\").replace("\t", r"\t").replace("\n", r"\n").replace("\r", r"\r")


@lru_cache(maxsize=1024)
def _time_copied(value: datetime) -> str:
    return value.isoformat()


def _translated(connection: Connection, error: PsycopgError) -> BaseException:
    """The error as SQLAlchemy raises it, so that races are retried and a lost connection leaves the pool."""
    dialect: Any = connection.dialect
    lost = dialect.is_disconnect(error, connection.connection.dbapi_connection, None)
    if lost:
        connection.invalidate(error)
    return DBAPIError.instance(
        "INSERT", None, error, PsycopgError, hide_parameters=True, connection_invalidated=lost, dialect=dialect
    )
