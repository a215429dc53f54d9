"""A JSON value level by level: no recursion, so that no depth of nesting can exhaust the stack."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain


@dataclass(frozen=True, slots=True)
class Level:
    """All nodes at one depth below a value, the value itself being depth 1, and all keys of the objects there."""

    depth: int
    nodes: list[object]
    keys: list[object]


def levels(value: object) -> Iterator[Level]:
    """Every level of a value, outermost first. A caller that stops early has paid for what it saw only."""
    depth, nodes = 1, [value]
    while nodes:
        objects = [node for node in nodes if isinstance(node, dict)]
        arrays = [node for node in nodes if isinstance(node, list)]
        yield Level(depth, nodes, list(chain.from_iterable(objects)))
        depth += 1
        nodes = [*chain.from_iterable(map(dict.values, objects)), *chain.from_iterable(arrays)]
