"""`python -m tests.faults`: what must outlive killed processes and servers that go away, at full size."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.benchmarks.databases import Kind, Postgres, kinds
from tests.benchmarks.results import Result, print_table, write_json
from tests.faults.databases import faulty
from tests.faults.plan import FULL, QUICK, Plan
from tests.faults.run import strike
from tests.faults.scenarios import SCENARIOS
from tests.faults.verdict import Verdict

OUTPUT = Path("build/faults.json")
_WIDTH = 120
_SHOWN = 10
_SETTINGS = ("TICKETS_", "DATABASE_URL", "REDIS_URL", "BROKER_URL", "LOG_FORMAT")


def main() -> None:
    """Reads the arguments, strikes, and reports; exit code 1 when anything was lost or done twice."""
    arguments = _arguments()
    for name in [name for name in os.environ if name.startswith(_SETTINGS)]:
        del os.environ[name]  # nothing of the developer's settings, services or data
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH)  # a file or a pipe takes whole lines
    with kinds() as databases:
        verdicts = _strike(databases, QUICK if arguments.quick else FULL, arguments.only, console)
    results = [result for name, kind, verdict in verdicts for result in _results(name, kind, verdict)]
    print_table(results, console)
    write_json(results, OUTPUT)
    for name, kind, verdict in verdicts:
        for complaint in verdict.complaints[:_SHOWN]:
            console.print(f"[red]{name}, {kind}:[/] {complaint}", highlight=False)
    if any(verdict.complaints for _, _, verdict in verdicts):
        sys.exit(1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller sizes, shorter outages: to try it")
    parser.add_argument("--only", metavar="NAME,NAME", type=_names, default=[*SCENARIOS], help=", ".join(SCENARIOS))
    return parser.parse_args()


def _names(text: str) -> Sequence[str]:
    names = text.split(",")
    if unknown := set(names) - SCENARIOS.keys():
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(SCENARIOS)}")
    return names


def _strike(
    databases: Sequence[Kind], plan: Plan, names: Sequence[str], console: Console
) -> list[tuple[str, str, Verdict]]:
    """Everything wanted, on both databases."""
    columns = (TextColumn("{task.description:40}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    verdicts: list[tuple[str, str, Verdict]] = []
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("", total=len(names) * len(databases))
        for kind in databases:
            kind.prepare(0, lambda _: None)
            for name in names:
                progress.update(bar, description=f"{kind.name}, {name}")
                verdicts.append((name, kind.name, _one(kind, name, plan)))
                progress.advance(bar)
    return verdicts


def _one(kind: Kind, name: str, plan: Plan) -> Verdict:
    server = kind.server if isinstance(kind, Postgres) else None
    with kind.fresh(0) as url, tempfile.TemporaryDirectory(prefix="faults-") as folder:
        return strike(SCENARIOS[name], faulty(url, server), plan, Path(folder))


def _results(name: str, kind: str, verdict: Verdict) -> Iterator[Result]:
    right, tickets = verdict.tickets - len(verdict.wrong_tickets), verdict.tickets
    came, caused = verdict.follow_ups - verdict.lost_follow_ups, verdict.follow_ups
    yield Result(f"{name}_applied_once", kind, tickets, right, tickets, right / tickets, 1, "tickets")
    yield Result(f"{name}_followed_up", kind, tickets, came, caused, came / caused if caused else 0, 1, "follow-ups")


if __name__ == "__main__":
    main()
