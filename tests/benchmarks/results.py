"""What a benchmark says: one line a name, database and size, with the goal it is held against."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Result:
    """One measured ratio; larger is better, and `goal` is the least that is good enough.

    `details` are lines that say more, such as a query's plan.
    """

    name: str
    database: str
    n: int
    ours: float
    baseline: float
    ratio: float
    goal: float
    unit: str
    details: str = ""

    @property
    def met(self) -> bool:
        """Whether the goal is reached."""
        return self.ratio >= self.goal


def number(value: float) -> str:
    """A figure with three digits that count."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def write_json(results: Sequence[Result], path: Path) -> None:
    """The list of the public interface."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps([asdict(result) for result in results], indent=2) + "\n")


def print_table(results: Sequence[Result], console: Console) -> None:
    """For people."""
    table = Table("name", "database")
    for name in ("n", "ours", "baseline"):
        table.add_column(name, justify="right")
    table.add_column("unit")
    for name in ("ratio", "goal", "met?"):
        table.add_column(name, justify="right")
    for one in results:
        figures = [number(figure) for figure in (one.n, one.ours, one.baseline)]
        ratios = (number(one.ratio), number(one.goal), "[green]yes[/]" if one.met else "[red]no[/]")
        table.add_row(one.name, one.database, *figures, one.unit, *ratios)
    console.print(table)
    for one in results:
        if one.details:
            console.print(f"\n{one.name}, {one.database}:\n{one.details}", markup=False, highlight=False)
