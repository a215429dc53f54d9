"""How the database finds what is to be removed: by an index, whatever stays behind it."""

from __future__ import annotations

import re

import pytest

from tests.services.plans import plans_of
from tests.worker.storage.ended_rows import CUTOFFS, OLD, fill
from worker.storage.database import Database
from worker.storage.retention import KINDS, Kind


@pytest.fixture
def filled(database: Database) -> Database:
    """Rows of every kind, a few of which are old."""
    with database.write() as connection:
        fill(connection)
    return database


_WHOLE = {"sqlite": re.compile(r"SCAN (?!anon)(\w+)(?! USING)"), "postgresql": re.compile(r"Seq Scan on (\w+)")}
_NUMBERED = {"history", "worklog", "dead_letter"}
"""Read from the first number on; on SQLite that is the table itself."""


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.remove.__qualname__)
def test_no_table_is_read_as_a_whole_to_remove_a_few_rows(filled: Database, kind: Kind) -> None:
    plans = plans_of(filled, lambda connection: kind.remove(connection, CUTOFFS, 10), as_if_large=True)

    whole = {name for plan in plans for name in _WHOLE[filled.engine.dialect.name].findall(plan)}
    assert whole <= (_NUMBERED if filled.is_sqlite else set()), "\n".join(plans)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.remove.__qualname__)
def test_the_oldest_are_found_without_sorting_the_others(filled: Database, kind: Kind) -> None:
    oldest = plans_of(filled, lambda connection: kind.remove(connection, CUTOFFS, 10), as_if_large=True)[0]

    assert "Sort" not in oldest
    assert "TEMP B-TREE" not in oldest


def test_a_step_takes_the_oldest_rows_alone(filled: Database) -> None:
    with filled.write() as connection:
        taken = [kind.remove(connection, CUTOFFS, 15) for kind in KINDS for _ in range(3)]

    totals: dict[str, list[int]] = {}
    for rows in taken:
        for name, number in rows.items():
            totals.setdefault(name, []).append(number)
    assert all(numbers == [15, OLD - 15, 0] for numbers in totals.values())
    assert len(totals) == 10
