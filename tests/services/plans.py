"""How the database goes about the statements of some work: their plans."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, event

from worker.storage.database import Database

Statement = tuple[str, Any]


def plans_of(database: Database, work: Callable[[Connection], object], *, as_if_large: bool = False) -> list[str]:
    """Does the work; one plan a statement, as text.

    With `as_if_large`, PostgreSQL reads a table as a whole only where no index would do.
    """
    with database.write() as connection, _written_down(connection) as statements:
        work(connection)
    explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
    with database.write() as connection:
        if as_if_large and not database.is_sqlite:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        return [
            "\n".join(str(row[-1]) for row in connection.exec_driver_sql(f"{explain} {statement}", parameters))
            for statement, parameters in statements
        ]


@contextmanager
def _written_down(connection: Connection) -> Iterator[list[Statement]]:
    seen: list[Statement] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:  # noqa: ANN401
        if statement.startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
            seen.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(connection, "before_cursor_execute", note)
