"""After each fault every accepted batch is applied exactly once, and every follow-up has come."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.databases import Faulty, faulty
from tests.faults.plan import LARGE, SUITE, Plan
from tests.faults.run import strike
from tests.faults.scenarios import SCENARIOS

pytestmark = [pytest.mark.workers, pytest.mark.timeout(400)]


@pytest.fixture
def database(database_kind: str, migrated_database_url: str, request: pytest.FixtureRequest) -> Faulty:
    server = request.getfixturevalue("postgres_server") if database_kind == "postgresql" else None
    return faulty(migrated_database_url, server)


def endure(name: str, database: Faulty, plan: Plan, folder: Path) -> None:
    verdict = strike(SCENARIOS[name], database, plan, folder)
    assert verdict.complaints[:10] == []
    assert verdict.tickets
    assert verdict.follow_ups


def test_ten_thousand_changes_outlive_killed_workers(database: Faulty, tmp_path: Path) -> None:
    endure("workers_killed", database, LARGE, tmp_path)


def test_nothing_is_lost_while_the_database_is_away(database: Faulty, tmp_path: Path) -> None:
    endure("database_away", database, SUITE, tmp_path)


@pytest.mark.parametrize("database_kind", ["sqlite"])  # what the broker forgets does not depend on the database
def test_nothing_is_lost_when_the_broker_is_emptied(database: Faulty, tmp_path: Path) -> None:
    endure("broker_emptied", database, SUITE, tmp_path)


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_nothing_is_lost_when_the_broker_comes_back_empty(database: Faulty, tmp_path: Path) -> None:
    endure("broker_lost", database, SUITE, tmp_path)


def test_two_batches_on_the_same_tickets_at_once_lose_nothing(database: Faulty, tmp_path: Path) -> None:
    endure("two_batches", database, SUITE, tmp_path)
