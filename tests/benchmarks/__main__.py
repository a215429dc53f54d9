"""`python -m tests.benchmarks`: saving and dispatch, measured against what else one could write."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.benchmarks import saving
from tests.benchmarks.databases import kinds
from tests.benchmarks.plan import FULL, QUICK, Plan
from tests.benchmarks.results import Result, print_table, write_json

OUTPUT = Path("build/bench.json")


def main() -> None:
    """Reads the arguments, measures, and reports."""
    arguments = _arguments()
    plan = QUICK if arguments.quick else FULL
    console = Console()
    results = measure(plan, arguments.only, console)
    print_table(results, console)
    write_json(results, OUTPUT)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller sizes, fewer repeats: to try it")
    names = [*saving.NAMES]
    parser.add_argument(
        "--only", metavar="NAME,NAME", type=lambda text: text.split(","), default=names, help=", ".join(names)
    )
    return parser.parse_args()


def measure(plan: Plan, names: Sequence[str], console: Console) -> list[Result]:
    """Everything wanted, on both databases."""
    results: list[Result] = []
    columns = (TextColumn("{task.description:60}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with kinds() as databases, Progress(*columns, console=console) as progress:
        savings = [saving.Saving(kind, plan, set(names) & set(saving.NAMES)) for kind in databases]
        bar = progress.add_task("preparing", total=sum(one.runs for one in savings))
        for one in savings:
            if one.names:
                one.measure(lambda what: progress.update(bar, advance=1, description=what))
                results += one.results()
    return results


if __name__ == "__main__":
    main()
