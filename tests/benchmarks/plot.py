"""The bars of `docs/benchmarks.svg`: tickets a second by database, size and way, readable on light and dark pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from tests.benchmarks.results import Result, number

WAYS = {"orm": "one ORM transaction a ticket", "ours": "this program", "floor": "bare SQL that checks nothing"}
"""What each way is called in the plot, from the top down."""

_TITLES = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}
_WIDTH, _LEFT, _RIGHT = 760, 150, 90
_BAR, _GAP, _GROUP, _TOP, _HEAD = 14, 3, 14, 64, 30

_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-size: 15px; font-weight: 600 }
.quiet { fill: #59636e }
.orm { fill: #8c959f } .ours { fill: #0969da } .floor { fill: #bf8700 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .quiet { fill: #9198a1 }
  .orm { fill: #6e7681 } .ours { fill: #4493f8 } .floor { fill: #d29922 }
}
"""

Rates = Mapping[str, Mapping[int, Mapping[str, float]]]
"""Tickets a second by database, size and way."""


def rates(results: Sequence[Result]) -> Rates:
    """What the results say of the three ways."""
    found: dict[str, dict[int, dict[str, float]]] = {}
    for result in results:
        if result.name.startswith("save_vs_"):
            ways = found.setdefault(result.database, {}).setdefault(result.n, {})
            ways |= {"ours": result.ours, result.name.removeprefix("save_vs_"): result.baseline}
    return found


def svg(found: Rates) -> str:
    """The plot; one scale for all bars."""
    greatest = max(rate for sizes in found.values() for ways in sizes.values() for rate in ways.values())
    scale = (_WIDTH - _LEFT - _RIGHT) / greatest
    parts = list(_legend())
    y = _TOP
    for database, sizes in found.items():
        parts.append(_text(0, y + 12, _TITLES[database], "title"))
        y += _HEAD
        for size, ways in sorted(sizes.items()):
            parts.append(_text(_LEFT - 12, y + _BAR * 2 + 1, f"{size:,} tickets", "quiet", "end"))
            for way in WAYS:
                parts += _bar(y, way, ways[way], scale)
                y += _BAR + _GAP
            y += _GROUP
        y += _GROUP
    box = f'viewBox="0 0 {_WIDTH} {y}" width="{_WIDTH}" height="{y}" role="img" aria-label="Tickets saved a second"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {box}>\n<style>{_STYLE}</style>\n' + "\n".join(
        [*parts, "</svg>\n"]
    )


def _legend() -> Iterator[str]:
    yield _text(0, 14, "Tickets saved a second, from the batch as JSON to its committed ledger", "title")
    x = 0
    for way, name in WAYS.items():
        yield f'<rect class="{way}" x="{x}" y="28" width="12" height="12" rx="2"/>'
        yield _text(x + 18, 39, name)
        x += 46 + 7 * len(name)


def _bar(y: int, way: str, rate: float, scale: float) -> Iterator[str]:
    width = max(rate * scale, 1)
    yield f'<rect class="{way}" x="{_LEFT}" y="{y}" width="{width:.1f}" height="{_BAR}" rx="2"/>'
    yield _text(_LEFT + width + 6, y + _BAR - 2, number(rate))


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y}" class="{kind}" text-anchor="{anchor}">{escape(text)}</text>'
