"""At which schema a database is, and which one this program needs."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

_MIGRATIONS = Path(__file__).parent / "migrations"


def current_revision(connection: Connection) -> str | None:
    """The schema that the database has; None when it has none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return revision


def newest_revision() -> str:
    """The schema that this program needs."""
    # Alembic costs a second of import and is needed by two commands alone.
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    (head,) = ScriptDirectory(str(_MIGRATIONS)).get_heads()
    return head


def server_version(connection: Connection) -> str:
    """Kind and version of the database server, as its driver learnt them when it connected."""
    numbers = getattr(connection.dialect, "server_version_info", None) or ()
    return f"{connection.dialect.name} {'.'.join(map(str, numbers))}"
