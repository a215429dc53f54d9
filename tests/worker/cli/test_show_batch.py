"""`show batch`, as printed: everything for machines, an overview or a page for people, and watching until the end."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import update

from config.settings import Settings
from tests.services.waiting import wait_until
from tests.worker.cli.conftest import ROOT, Run
from tests.worker.operations.conftest import ticket_row
from worker.context import Context
from worker.domain.words import RefreshMode
from worker.operations.ingest.accept import Flags, batch_id_of
from worker.operations.ingest.bulk_patch import bulk_patch
from worker.storage.bulk import insert_rows
from worker.storage.database import Database
from worker.storage.inspection import progress_of
from worker.storage.tables import RefreshRunRow, TicketRow

KEY = "monday"
BATCH = batch_id_of(KEY)


def nothing() -> Any:  # noqa: ANN401 - never returns
    raise AssertionError("saving needs neither an engine nor a sender")


@pytest.fixture
def database(migrated_database_url: str) -> Iterator[Database]:
    """The database that commands look at."""
    database = Database(migrated_database_url)
    yield database
    database.close()


@pytest.fixture
def batch(database: Database) -> str:
    """Forty tickets saved, two items rejected, and one refresh that waits."""
    context = Context(
        settings=Settings(database_url=SecretStr(database.url.render_as_string(hide_password=False))),
        database=database,
        clock=lambda: datetime.now(UTC),
        jitter=lambda: 0.0,
        engine=nothing,
        sender=nothing,
        send=lambda _: None,
    )
    with database.write() as connection:
        insert_rows(connection, TicketRow, [ticket_row(one) for one in range(1, 41)])
    items = [{"id": one, "status": "closed"} for one in range(1, 41)] + [{"id": 98}, {"id": 99}]
    bulk_patch(context, [*items, {"id": 1, "refreshMode": RefreshMode.TAGS.value}], Flags(user_id=7), KEY)
    return BATCH


def end_the_refresh(database: Database) -> None:
    with database.write() as connection:
        values = {"state": "done", "finished_at": datetime.now(UTC)}
        connection.execute(update(RefreshRunRow).values(**values))


@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"])
def test_people_see_the_beginning_and_machines_see_everything(run: Run, batch: str) -> None:
    people, machines = run("show", "batch", batch), run("show", "batch", "--key", KEY, "--json")

    assert (people.code, machines.code) == (0, 0)
    assert people.out.splitlines()[0] == f"Batch {batch} done"
    assert "43 received, 40 updated, 1 refresh scheduled, 2 rejected" in people.out
    assert "Still open: 1 tags refresh waiting" in people.out
    assert "and 28 more; page by page, in their order:" in people.out
    assert len(machines.document["items"]) == 43
    assert "page" not in machines.document


@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"])
def test_pages_lead_from_one_to_the_next(run: Run, batch: str) -> None:
    first = run("show", "batch", batch, "--outcome", "updated", "--limit", 30)
    command = first.out.partition("The next page:\n")[2].replace("\\\n", " ").split()
    assert command[:3] == ["python", "-m", "worker"]

    second = run(*command[3:])

    numbers = [re.findall(r"^ *(\d+) +\d+  updated", done.out, re.MULTILINE) for done in (first, second)]
    assert numbers == [[*map(str, range(30))], [*map(str, range(30, 40))]]
    assert "next page" not in second.out


def test_machines_get_a_page_with_how_to_go_on(run: Run, batch: str) -> None:
    page = run(
        "show", "batch", batch, "--outcome", "rejected", "--outcome", "refresh_scheduled", "--limit", 2, "--json"
    )

    assert [item["index"] for item in page.document["items"]] == [40, 41]
    assert page.document["page"] == {"after": 41, "more": True}


def test_watching_ends_with_everything_and_prints_it_once(run: Run, database: Database, batch: str) -> None:
    with run.start("show", "batch", batch, "--watch", "--json") as command:
        with pytest.raises(subprocess.TimeoutExpired):
            command.wait(2)
        end_the_refresh(database)
        out, err = command.communicate(timeout=60)

    assert (command.returncode, err) == (1, "")  # two items were rejected
    assert json.loads(out)["refreshCounts"] == {"done": 1}


def test_who_stops_watching_leaves_the_batch_alone(run: Run, database: Database, batch: str) -> None:
    main, terminal = pty.openpty()
    environment = os.environ | run.settings | {"TERM": "xterm", "COLUMNS": "80", "PYTHONPATH": str(ROOT)}
    command = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "worker", "show", "batch", batch, "--watch"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=terminal,
    )
    os.close(terminal)
    seen = bytearray()

    def sees(words: bytes) -> bool:
        seen.extend(os.read(main, 4096))
        return words in seen

    assert wait_until(lambda: sees(b"0/1"))
    command.send_signal(signal.SIGINT)
    assert wait_until(lambda: sees(b"The batch goes on"))
    out, _ = command.communicate(timeout=60)
    os.close(main)

    assert (command.returncode, out) == (130, b"")
    assert b"43/43" in seen
    with database.read() as connection:
        progress = progress_of(connection, batch)
    assert progress is not None
    assert (progress.state.value, progress.refreshes_ended) == ("done", 0)


def test_an_unknown_batch_is_not_watched(run: Run) -> None:
    assert run("show", "batch", "7", "--watch").code == 2
