"""A batch as tables: the counts, how items ended, refreshes and webhooks; long lists are cut, trouble comes first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from worker.cli.options import PROGRAM
from worker.cli.output import cell, table
from worker.domain.words import BatchState, DeliveryState, Outcome, RunState

MOST_ROWS = 25
"""Rows of one table; --json has all."""

STYLES: dict[str, str] = {
    BatchState.DONE: "green",
    BatchState.CANCELLED: "red",
    BatchState.PAUSED: "yellow",
    Outcome.UPDATED: "green",
    Outcome.REFRESH_SCHEDULED: "green",
    Outcome.REFRESH_SKIPPED: "yellow",
    Outcome.REJECTED: "red",
    RunState.SKIPPED: "yellow",
    RunState.FAILED: "red",
    DeliveryState.DELIVERED: "green",
    DeliveryState.DEAD: "red",
}
"""Colours of the words of batches, items, runs and deliveries."""

_TROUBLE = frozenset({Outcome.REJECTED.value, RunState.FAILED.value, DeliveryState.DEAD.value})

Document = Mapping[str, Any]


def batch_view(document: Document) -> Iterator[RenderableType]:
    """What `show batch` and `enqueue --wait` print for people."""
    yield _headline(document)
    yield _counts(document["counts"])
    sections: tuple[tuple[str, str, Callable[[Sequence[Document]], Table]], ...] = (
        ("items", "outcome", _items),
        ("refreshes", "state", _refreshes),
        ("webhooks", "state", _webhooks),
    )
    for name, state, make in sections:
        rows = sorted(document[name], key=lambda row: row[state] not in _TROUBLE)
        if rows:
            yield Text()
            yield make(rows[:MOST_ROWS])
        if len(rows) > MOST_ROWS:
            yield Text(f"and {len(rows) - MOST_ROWS} more: {_tally(rows[MOST_ROWS:], state)}; --json has all", "dim")


def accepted_view(document: Document) -> list[RenderableType]:
    """What `enqueue` prints when nobody waits."""
    after = f"`{PROGRAM} show batch {document['batchId']}` tells what becomes of it."
    return [_headline(document), Text(after, "dim")]


def _headline(document: Document) -> Text:
    state = str(document["state"])
    name = f"Batch {document['batchId']} " if document["batchId"] else "Dry run "
    return Text.assemble((name, "bold"), (state, STYLES.get(state, "")))


def _counts(counts: Mapping[str, int]) -> Text:
    words = {"refreshScheduled": "refresh scheduled", "refreshSkipped": "refresh skipped"}
    told = [(words.get(name, name), count) for name, count in counts.items() if count or name == "received"]
    return Text(", ".join(f"{count} {word}" for word, count in told))


def _tally(rows: Sequence[Document], state: str) -> str:
    return ", ".join(f"{count} {word}" for word, count in Counter(row[state] for row in rows).items())


def _items(items: Sequence[Document]) -> Table:
    made = table("Items", "##", "#Ticket", "Outcome", "What")
    for item in items:
        made.add_row(cell(item["index"]), cell(item["id"]), _word(item["outcome"]), cell(_what(item)))
    return made


def _what(item: Document) -> str:
    """Errors, else the reason, else what changed; and what was left aside for another reason than being computed."""
    if item["errors"]:
        return "; ".join(f"{error['field']} {error['message']} ({error['code']})".strip() for error in item["errors"])
    kept = [f"{one['field']}: {one['reason']}" for one in item["ignoredFields"] if one["reason"] != "computed"]
    told = [item["reason"]] if item["reason"] else list(item["changedFields"])
    shown = [*told, *kept[:3], *([f"{len(kept) - 3} more ignored"] if len(kept) > 3 else [])]  # noqa: PLR2004 - a glance
    return ", ".join(shown)


def _refreshes(runs: Sequence[Document]) -> Table:
    made = table("Refreshes", "#Ticket", "Mode", "State", "Reason", "Stages")
    for run in runs:
        stages = ", ".join(f"{one['stage']} {one['reason'] or one['state']}" for one in run["stages"])
        made.add_row(cell(run["ticketId"]), cell(run["mode"]), _word(run["state"]), cell(run["reason"]), cell(stages))
    return made


def _webhooks(deliveries: Sequence[Document]) -> Table:
    made = table("Webhooks", "#Ticket", "Endpoint", "State", "#Attempts", "#Status", "Error")
    for one in deliveries:
        state = _word(one["state"])
        before = (cell(one["ticketId"]), cell(one["endpointId"]), state)
        made.add_row(*before, *(cell(one[name]) for name in ("attempts", "status", "error")))
    return made


def _word(word: str) -> Text:
    return cell(word, STYLES.get(word, ""))
