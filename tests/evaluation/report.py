"""What an evaluation leaves behind: a table, `build/eval.json`, `docs/evaluation.md`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.evaluation.checks import Check
from tests.evaluation.figures import GOALS, Figure
from tests.evaluation.labelled import Labelled, Part

_ROOT = Path(__file__).parents[2]
OUTPUT = _ROOT / "build" / "eval.json"
PAGE = _ROOT / "docs" / "evaluation.md"
_TEMPLATE = Path(__file__).with_name("page.md")


def print_table(figures: Sequence[Figure], console: Console) -> None:
    """For people."""
    table = Table("engine", "figure", "part")
    for name in ("right", "of", "share", "95 %", "goal"):
        table.add_column(name, justify="right")
    table.add_column("met?")
    for one in figures:
        counts = (str(one.right), str(one.n), f"{one.share:.3f}", _interval(one), f"{GOALS[one.name]:.2f}")
        table.add_row(one.engine, one.name, one.part, *counts, "[green]yes[/]" if one.met else "[red]no[/]")
    console.print(table)


def print_misses(checked: Iterable[Check], console: Console) -> None:
    """What went wrong in the part for tuning: ids and labels. Nobody looks at the other part's."""
    table = Table("message", "figure", "label")
    for check in checked:
        if not check.right and check.message.part is Part.TUNE:
            table.add_row(check.message.id, check.figure, check.what)
    console.print(table)


def write_json(figures: Sequence[Figure]) -> None:
    """The list of the public interface."""
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps([_row(one) for one in figures], indent=2) + "\n", encoding="utf-8")


def _row(one: Figure) -> dict[str, object]:
    return {
        "name": f"{one.engine}.{one.name}.{one.part}",
        "database": None,
        "n": one.n,
        "ours": one.share,
        "baseline": None,
        "ratio": one.share,
        "goal": GOALS[one.name],
        "unit": "share right",
    }


def write_page(figures: Sequence[Figure], labelled: Sequence[Labelled]) -> None:
    """`docs/evaluation.md` anew."""
    engines = list(dict.fromkeys(one.engine for one in figures))
    sizes = {part: sum(message.part is part for message in labelled) for part in Part}
    tables = "\n\n".join("\n".join(_markdown(engine, figures)) for engine in engines)
    page = _TEMPLATE.read_text(encoding="utf-8")
    filled = page.format(n=len(labelled), **{part.value: size for part, size in sizes.items()}, tables=tables)
    PAGE.write_text(filled, encoding="utf-8")


def _markdown(engine: str, figures: Sequence[Figure]) -> list[str]:
    rows = [
        f"### {engine}",
        "",
        "| figure | measure | 95 % | goal | met? | fresh | 95 % | tune | 95 % |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    by_part = {(one.name, one.part): one for one in figures if one.engine == engine}
    for name, goal in GOALS.items():
        measured, fresh, tuned = (by_part[name, part] for part in (Part.MEASURE, Part.FRESH, Part.TUNE))
        met = "yes" if measured.met else "**no**"
        rows.append(
            f"| {name} | {_share(measured)} | {_interval(measured)} | {goal:.2f} | {met} "
            f"| {_share(fresh)} | {_interval(fresh)} | {_share(tuned)} | {_interval(tuned)} |"
        )
    return rows


def _share(one: Figure) -> str:
    return f"{one.share:.3f} ({one.right}/{one.n})" if one.n else "–"


def _interval(one: Figure) -> str:
    if not one.n:
        return "–"
    low, high = one.interval
    return f"{low:.2f}–{high:.2f}"
