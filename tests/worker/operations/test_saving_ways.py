"""What `make bench` compares does the same: each way of saving leaves the same rows behind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from tests.benchmarks.data import CREATED, Case
from tests.benchmarks.databases import Kind, Postgres, Sqlite
from tests.benchmarks.saving import WAYS
from worker.storage.database import Database
from worker.storage.tables import Base

NOW = CREATED + timedelta(days=40)
CASE = Case(100, seed=1)

# What is drawn by lot or belongs to one batch alone.
DRAWN = {
    "ticket": (),
    "ticket_tag": (),
    "history": ("id", "batch_id", "run_id"),
    "worklog": ("id", "batch_id", "run_id"),
    "webhook_event": ("id", "batch_id"),
    "webhook_delivery": ("id", "sequence", "event_id", "batch_id"),
    "batch_item": ("batch_id",),
}
Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def _rows(url: str) -> dict[str, list[dict[str, Any]]]:
    database = Database(url)
    with database.read() as connection:
        found = {name: connection.execute(select(Base.metadata.tables[name])).mappings().all() for name in DRAWN}
    database.close()
    return {
        name: sorted(({key: _plain(row[key]) for key in row if key not in DRAWN[name]} for row in rows), key=repr)
        for name, rows in found.items()
    }


def _plain(value: Any) -> object:  # noqa: ANN401 - any stored value
    """Values as they compare: sets of names, events without their batch, errors without their words."""
    match value:
        case {"batchId": _, "changes": changes, "previous": previous}:
            return {**value, "batchId": None, "changes": _sorted(changes), "previous": _sorted(previous)}
        case dict():
            return _sorted(value)
        case [{"code": code, "field": at}]:
            return (code, at)
        case [str(), *_]:
            return sorted(value)
        case datetime():
            return value.isoformat()
    return value


def _sorted(value: Mapping[str, Any]) -> dict[str, object]:
    return dict(sorted(value.items()))


@pytest.fixture
def kind(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Kind:
    """A kind of database with the tickets of the case."""
    postgresql = database_kind == "postgresql"
    chosen: Kind = Postgres(request.getfixturevalue("postgres_server")) if postgresql else Sqlite(tmp_path)
    chosen.prepare(CASE.n, CASE.load)
    return chosen


def _left_by(way: str, kind: Kind) -> Rows:
    with kind.fresh(CASE.n) as url, WAYS[way](url) as saver:
        saver.save(CASE.saved() if way == "floor" else CASE.sent(), NOW)
        return _rows(url)


@pytest.mark.parametrize("other", ["orm", "floor"])
def test_every_way_that_is_measured_leaves_the_same_rows(kind: Kind, other: str) -> None:
    ours, theirs = _left_by("ours", kind), _left_by(other, kind)
    for table in DRAWN:
        assert theirs[table] == ours[table], table
    assert Counter(row["outcome"] for row in ours["batch_item"]).keys() == {"updated", "unchanged", "rejected"}
