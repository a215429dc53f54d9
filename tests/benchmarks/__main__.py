"""`python -m tests.benchmarks`: saving and dispatch, measured against what else one could write."""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from tests.benchmarks import delivering, dispatch, live, refreshing, saving, sweeping
from tests.benchmarks.databases import Kind, kinds
from tests.benchmarks.machine import machine
from tests.benchmarks.plan import FULL, QUICK, Plan
from tests.benchmarks.processes import broker
from tests.benchmarks.profiling import profile
from tests.benchmarks.report import write_docs
from tests.benchmarks.results import Result, print_table, write_json
from worker.app import app
from worker.collector import collect_rarely

OUTPUT = Path("build/bench.json")
_WIDTH = 120
_SETTINGS = ("TICKETS_", "DATABASE_URL", "REDIS_URL", "BROKER_URL", "LOG_FORMAT")


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the names, measured together."""

    names: Sequence[str]
    runs: Callable[[Plan, Collection[str]], int]
    measure: Callable[[Kind, Plan, Collection[str], saving.Told], Iterator[Result]]


PARTS = (
    Part(saving.NAMES, saving.runs, saving.measure),
    Part(dispatch.NAMES, dispatch.runs, dispatch.measure),
    Part(delivering.NAMES, delivering.runs, delivering.measure),
    Part(refreshing.NAMES, refreshing.runs, refreshing.measure),
    Part(sweeping.NAMES, sweeping.runs, sweeping.measure),
    Part(live.NAMES, live.runs, live.measure),
)
NAMES = [name for part in PARTS for name in part.names]


def main() -> None:
    """Reads the arguments, measures, and reports."""
    arguments = _arguments()
    plan = QUICK if arguments.quick else FULL
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH)  # a file or a pipe takes whole lines
    with _own_environment(), kinds() as databases:
        if arguments.profile:
            for kind in databases:
                profile(kind, console)
            return
        results = measure(databases, plan, arguments.only, console)
        about = machine(databases)
    print_table(results, console)
    write_json(results, OUTPUT)
    if arguments.write_docs:
        write_docs(results, about, plan)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller sizes, fewer repeats: to try it")
    parser.add_argument("--only", metavar="NAME,NAME", type=_names, default=NAMES, help=", ".join(NAMES))
    parser.add_argument("--write-docs", action="store_true", help="write docs/benchmarks.md and its plot anew")
    parser.add_argument("--profile", action="store_true", help="show where the time goes instead")
    arguments = parser.parse_args()
    if arguments.write_docs and (arguments.quick or arguments.only != NAMES):
        parser.error("--write-docs takes the whole of it: without --quick and --only")
    return arguments


def _names(text: str) -> Sequence[str]:
    names = text.split(",")
    if unknown := set(names) - set(NAMES):
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(NAMES)}")
    return names


@contextmanager
def _own_environment() -> Iterator[None]:
    """A broker and a data folder of our own; nothing of the developer's settings, services or data."""
    for name in [name for name in os.environ if name.startswith(_SETTINGS)]:
        del os.environ[name]
    with broker() as url, tempfile.TemporaryDirectory(prefix="tickets-") as folder:
        os.environ |= {
            "REDIS_URL": url,
            "TICKETS_DATA_DIR": folder,
            "LOG_FORMAT": "json",
            "TICKETS_LOG_LEVEL": "WARNING",
        }
        app.set_up_logging()
        yield


def measure(databases: Sequence[Kind], plan: Plan, names: Sequence[str], console: Console) -> list[Result]:
    """Everything wanted, on both databases."""
    collect_rarely()  # all ways as in a worker's process
    columns = (TextColumn("{task.description:60}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    results: list[Result] = []
    chosen = [(part, [name for name in part.names if name in names]) for part in PARTS]
    runs = sum(part.runs(plan, wanted) for part, wanted in chosen if wanted)
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("preparing", total=runs * len(databases))
        for kind in databases:
            for part, wanted in chosen:
                if wanted:
                    told = partial(_show, progress, bar)
                    results += part.measure(kind, plan, wanted, told)
    return results


def _show(progress: Progress, bar: TaskID, what: str) -> None:
    progress.update(bar, advance=1, description=what)


if __name__ == "__main__":
    main()
