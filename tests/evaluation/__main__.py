"""`python -m tests.evaluation`: every engine over the labelled corpus, through the refresh operations themselves."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.evaluation import report
from tests.evaluation.answers import MakeEngine, answers
from tests.evaluation.checks import Check, checks
from tests.evaluation.figures import figures
from tests.evaluation.labelled import Labelled, directory, messages
from tests.evaluation.perfect import NAME, perfect_engines
from worker.ai.embedded.engine import EmbeddedEngine
from worker.app import app
from worker.runtime import engine as configured_engine

_WIDTH = 120


def main() -> None:
    """Reads the arguments, evaluates, and reports."""
    arguments = _arguments()
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH)  # a file or a pipe takes whole lines
    app.set_up_logging()
    labelled = messages()
    with perfect_engines(labelled) as perfect:
        makers = {**engines(), NAME: perfect}
        checked = {name: evaluate(make, labelled, console, name) for name, make in makers.items()}
    found = [figure for name, listed in checked.items() for figure in figures(name, listed)]
    report.print_table(found, console)
    if arguments.show_misses:
        for listed in checked.values():
            report.print_misses(listed, console)
    report.write_json(found)
    if arguments.write_docs:
        report.write_page(found, labelled)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.evaluation", description=__doc__)
    parser.add_argument("--write-docs", action="store_true", help="write docs/evaluation.md anew")
    parser.add_argument("--show-misses", action="store_true", help="list what is wrong in the part for tuning")
    return parser.parse_args()


def engines() -> dict[str, MakeEngine]:
    """What makes the embedded engine, and the one that the settings choose if it is another, by their names."""
    embedded, configured = EmbeddedEngine(), configured_engine()
    made: dict[str, MakeEngine] = {embedded.name: lambda: embedded}
    return made if configured.name == embedded.name else made | {configured.name: configured_engine}


def evaluate(
    make: MakeEngine, labelled: Sequence[Labelled], console: Console | None = None, name: str = ""
) -> list[Check]:
    """Everything that the labels say of an engine's answers; with a console, a bar shows how far it is."""
    kinds = {(agent["code"], one["name"]): one["type"] for agent in directory()["aiAgents"] for one in agent["fields"]}
    columns = (TextColumn("{task.description:20}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with (
        Progress(*columns, console=console, disable=console is None) as progress,
        tempfile.TemporaryDirectory(prefix="tickets-") as folder,
    ):
        bar = progress.add_task(name, total=len(labelled))
        make().preload()
        found = answers(make, labelled, Path(folder), lambda done: progress.advance(bar, done))
    return [check for message in labelled for check in checks(message, found[message.id], kinds)]


if __name__ == "__main__":
    main()
