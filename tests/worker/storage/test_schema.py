"""The migrations make the tables that the program speaks of, however often and from wherever they are applied."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, select
from sqlalchemy.engine.interfaces import ReflectedIndex

from worker.storage.database import Database
from worker.storage.revision import current_revision, newest_revision
from worker.storage.schema import migrate
from worker.storage.tables import Base

ROOT = Path(__file__).parents[3]
_MIGRATE = (
    "import sys; from worker.storage.database import Database as D; from worker.storage.schema import migrate as m"
)


def described(connection: Connection) -> dict[str, Any]:
    """Columns, keys and indexes of every table but Alembic's own, as the database tells them."""
    inspector = inspect(connection)
    return {
        table: {
            "columns": {
                column["name"]: column | {"type": str(column["type"])} for column in inspector.get_columns(table)
            },
            "primary key": inspector.get_pk_constraint(table),
            "foreign keys": sorted(inspector.get_foreign_keys(table), key=str),
            "unique": sorted(inspector.get_unique_constraints(table), key=str),
            "indexes": sorted((_index(index) for index in inspector.get_indexes(table)), key=str),
        }
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }


def _index(index: ReflectedIndex) -> dict[str, str]:
    """With its condition, which alone makes some of them mean what they mean."""
    options = {name: str(value) for name, value in index.get("dialect_options", {}).items()}
    return {name: str(value) for name, value in index.items()} | {"dialect_options": str(options)}


def test_the_migrated_schema_is_the_models(database: Database) -> None:
    with database.read() as connection:
        assert (
            compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), Base.metadata) == []
        )
        assert current_revision(connection) == newest_revision()


def test_the_database_tells_of_the_migrated_schema_what_it_tells_of_the_models(
    database: Database, database_url: str
) -> None:
    from_models = Database(database_url.replace("tickets.db", "models.db"))  # SQLite's is the migrated file's folder
    with from_models.write() as connection:
        Base.metadata.create_all(connection)
    with from_models.read() as models, database.read() as migrated:
        assert described(migrated) == described(models)
    from_models.close()


def test_migrating_twice_changes_nothing(database: Database) -> None:
    with database.read() as connection:
        before = described(connection)

    migrate(database)

    with database.read() as connection:
        assert described(connection) == before


def test_several_processes_may_migrate_at_once(database_url: str) -> None:
    script = f"{_MIGRATE}; d = D(sys.argv[1]); m(d); d.close()"
    started = [
        subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-c", script, database_url], cwd=ROOT, stderr=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    ends = [(process.communicate()[1], process.returncode) for process in started]

    assert ends == [("", 0)] * 3
    database = Database(database_url)
    with database.read() as connection:
        assert current_revision(connection) == newest_revision()
        assert connection.execute(select(Base.metadata.tables["ticket"])).all() == []
    database.close()
