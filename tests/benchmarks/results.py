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
    """One measured ratio; larger is better, and `goal` is the least that is good enough."""

    name: str
    database: str
    n: int
    ours: float
    baseline: float
    ratio: float
    goal: float
    unit: str

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
    table = Table("name", "database", title="make bench")
    for column in ("n", "ours", "baseline"):
        table.add_column(column, justify="right")
    table.add_column("unit")
    for column in ("ratio", "goal"):
        table.add_column(column, justify="right")
    table.add_column("met?")
    for result in results:
        figures = map(number, (result.n, result.ours, result.baseline))
        met = "[green]yes[/]" if result.met else "[red]no[/]"
        table.add_row(
            result.name, result.database, *figures, result.unit, number(result.ratio), number(result.goal), met
        )
    console.print(table)
