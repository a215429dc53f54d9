"""The command `clean-up`: what is over is removed, or counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from worker.cli.options import Exit
from worker.cli.output import answer, cell, table
from worker.cli.session import open_context
from worker.operations.clean_up import clean_up, count_old

_NAMES = {
    "webhookAttempts": "attempts at webhooks",
    "webhooks": "webhooks",
    "webhookEvents": "events of webhooks",
    "refreshes": "refreshes",
    "batchItems": "items of batches",
    "batches": "batches",
    "executions": "actions put off that nobody tries again",
    "history": "changes in histories",
    "worklog": "entries in worklogs",
    "deadLetters": "dead letters",
}


def clean_up_all(*, dry_run: bool, as_json: bool) -> int:
    """Remove all that is over, however long it takes; a dry run only counts it."""
    context = open_context()
    found = count_old(context)
    if not dry_run:
        with _bar(sum(one["rows"] for one in found["rows"]), quiet=as_json) as told:
            found = clean_up(context, told=told)
    answer(found | {"dryRun": dry_run}, lambda: [_rows(found["rows"], dry_run=dry_run)], as_json=as_json)
    return Exit.DONE


def _rows(rows: Sequence[dict[str, Any]], *, dry_run: bool) -> Table:
    made = table("Would be removed" if dry_run else "Removed", "What", "@Ended before", "#Rows")
    for one in rows:
        made.add_row(cell(_NAMES[one["what"]]), cell(one["endedBefore"]), cell(f"{one['rows']:,}"))
    return made


@contextmanager
def _bar(total: int, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A bar on stderr while it lasts, when that is a terminal."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("removing"), BarColumn(24), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as bars:
        task = bars.add_task("rows", total=total)
        yield lambda rows: bars.advance(task, rows)
