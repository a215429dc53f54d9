"""What commands print: one JSON document for machines, or tables for people; sentences go to stderr."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

_KINDS = frozenset("#@")

CONTINUED = 200
"""Characters of a cell that is shown whole."""


def answer(document: object, render: Callable[[], Iterable[RenderableType]], *, as_json: bool) -> None:
    """Print a document as JSON, or what `render` makes of it."""
    emit(json.dumps(document, ensure_ascii=False) + "\n" if as_json else _drawn(render()))


def emit(text: str) -> None:
    """Write to stdout; when its reader has gone, nobody is left to be told."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # Python would try again, and complain, when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _drawn(parts: Iterable[RenderableType]) -> str:
    console = Console(highlight=False)
    with console.capture() as captured:
        for part in parts:
            console.print(part)
    return captured.get()


def tell(sentence: str) -> None:
    """Say something beside the answer."""
    sys.stderr.write(sentence + "\n")


def plain(value: object) -> str:
    """A value for people: nothing is a dash, objects are compact JSON, and what a terminal would obey is left out."""
    return "".join(sign if sign.isprintable() or sign == "\n" else " " for sign in _words(value))


def _words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or (isinstance(value, (str, list, dict)) and not value):
        return "–"
    if isinstance(value, list) and all(isinstance(one, (str, int, float)) for one in value):
        return ", ".join(map(str, value))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict)) else str(value)


def facts(values: Mapping[str, object]) -> str:
    """A small object within a sentence: what is known, each with its name; what is nothing is left out."""
    return ", ".join(f"{name} {plain(value)}" for name, value in values.items() if value not in (None, "", [], {}))


_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_ID = re.compile(r" id(s?)$")


def said(name: str) -> str:
    """A key of ours in words: `ticketId` is a ticket, `removedTagIds` are removed tags."""
    return _ID.sub(r"\1", _CAPITAL.sub(" ", name).lower())


def cell(value: object, style: str = "") -> Text:
    """A value in a table: never read as markup, and cut when it is very long."""
    text = plain(value)
    return Text(text if len(text) <= CONTINUED else f"{text[: CONTINUED - 1]}…", style=style)


def table(title: str | None, *columns: str) -> Table:
    """An empty table; columns whose names begin with `#` hold numbers, with `@` times and words, never broken."""
    made = Table(title=title, title_justify="left", title_style="bold", header_style="dim", box=None, pad_edge=False)
    for column in columns:
        kind, name = (column[0], column[1:]) if column[:1] in _KINDS else ("", column)
        made.add_column(name, justify="right" if kind == "#" else "left", no_wrap=bool(kind), overflow="fold")
    return made
