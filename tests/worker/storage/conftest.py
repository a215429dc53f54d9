"""A migrated database of each kind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from worker.storage.database import Database


@pytest.fixture
def database(migrated_database_url: str) -> Iterator[Database]:
    database = Database(migrated_database_url)
    yield database
    database.close()
