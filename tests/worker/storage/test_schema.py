"""The migrations make the schema that the models speak of, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from worker.storage.database import Database
from worker.storage.schema import migrate
from worker.storage.tables import Base


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.close()


def test_the_migrated_schema_is_that_of_the_models(database: Database) -> None:
    migrate(database)

    with database.read() as connection:
        migrated = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(migrated, Base.metadata) == []


def test_migrating_again_changes_nothing(database: Database) -> None:
    migrate(database)
    before = inspect(database.engine).get_table_names()

    migrate(database)

    assert inspect(database.engine).get_table_names() == before
    assert "ticket" in before


def test_two_who_migrate_at_once_end_with_one_schema(database: Database) -> None:
    with ThreadPoolExecutor(2) as pool:
        for ended in [pool.submit(migrate, database), pool.submit(migrate, database)]:
            ended.result()

    assert "ticket" in inspect(database.engine).get_table_names()
