"""What the last result of each stage of a ticket rests on: one word, made by whoever wrote the result."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, select

from worker.domain.words import Stage
from worker.storage.bulk import insert_rows
from worker.storage.tables import StageResultRow


def read_stage_results(connection: Connection, ticket_ids: Collection[int]) -> dict[int, dict[Stage, str]]:
    """The words by ticket and stage."""
    query = select(StageResultRow.ticket_id, StageResultRow.stage, StageResultRow.digest)
    found: dict[int, dict[Stage, str]] = {}
    for ticket_id, stage, digest in connection.execute(query.where(StageResultRow.ticket_id.in_(ticket_ids))):
        found.setdefault(ticket_id, {})[Stage(stage)] = digest
    return found


def save_stage_results(connection: Connection, results: Mapping[int, Mapping[Stage, str]]) -> None:
    """Write new words by ticket and stage, over the old ones. The caller holds the tickets' locks."""
    rows = [
        {"ticket_id": ticket_id, "stage": stage.value, "digest": digest}
        for ticket_id, of_ticket in sorted(results.items())
        for stage, digest in of_ticket.items()
    ]
    insert_rows(connection, StageResultRow, rows, replace=("ticket_id", "stage"))
