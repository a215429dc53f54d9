"""`clean-up`, as printed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.worker.cli.conftest import Run
from worker.storage.database import Database
from worker.storage.dead import Dead, bury


@pytest.fixture
def aged(run: Run, migrated_database_url: str) -> Run:
    """A dead letter of long ago."""
    database = Database(migrated_database_url)
    with database.write() as connection:
        bury(connection, [Dead("message", "malformed", None, {})], datetime.now(UTC) - timedelta(days=91))
    database.close()
    return run


def went(out: str) -> dict[str, int]:
    return {one["what"]: one["rows"] for one in json.loads(out)["rows"] if one["rows"]}


def test_cleaning_up_counts_first_and_tells_what_went(aged: Run) -> None:
    counted, cleaned, again = (aged("clean-up", *dry, "--json") for dry in (["--dry-run"], [], []))

    assert [done.code for done in (counted, cleaned, again)] == [0, 0, 0]
    assert [went(done.out) for done in (counted, cleaned, again)] == [{"deadLetters": 1}, {"deadLetters": 1}, {}]
    assert (counted.document["dryRun"], cleaned.document["dryRun"]) == (True, False)
    assert (len(counted.document["rows"]), cleaned.document["finished"]) == (10, True)


def test_people_see_what_went_and_nothing_of_a_bar_in_a_file(aged: Run) -> None:
    counted, cleaned = aged("clean-up", "--dry-run"), aged("clean-up")

    assert "Would be removed" in counted.out
    assert any(line.split()[:2] == ["dead", "letters"] and line.split()[-1] == "1" for line in cleaned.out.splitlines())
    assert (counted.err, cleaned.err) == ("", "")
