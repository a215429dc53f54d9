"""Commands around the database's contents: `migrate`, `load`, `schema`."""

from __future__ import annotations

import json

from worker.cli.files import read_document
from worker.cli.options import Exit
from worker.cli.output import answer, cell, emit, table
from worker.cli.session import open_context
from worker.operations.load import load
from worker.payload.schema import batch_schema
from worker.storage.revision import current_revision
from worker.storage.schema import migrate


def migrate_database(*, as_json: bool) -> int:
    """Bring the database to the current schema."""
    context = open_context()
    migrate(context.database)
    with context.database.read() as connection:
        revision = current_revision(connection)
    answer({"schema": revision}, lambda: [f"The database has the current schema, {revision}."], as_json=as_json)
    return Exit.DONE


def load_file(name: str, *, as_json: bool) -> int:
    """Upsert what a file holds and say how many entries of each list it had."""
    document = read_document(name)
    counts = load(open_context(), document)
    loaded = table("Loaded", "List", "#Entries")
    for kind, count in counts.items():
        if count:
            loaded.add_row(cell(kind), cell(count))
    answer(counts, lambda: [loaded], as_json=as_json)
    return Exit.DONE


def print_schema() -> int:
    """The JSON Schema, readable."""
    emit(json.dumps(batch_schema(), indent=2, ensure_ascii=False) + "\n")
    return Exit.DONE
