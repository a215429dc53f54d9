"""What other distributions plug in: entry points of a group, by name, loaded when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import entry_points


@cache
def plug_ins(group: str) -> Mapping[str, Callable[[], object]]:
    """What loads each plug-in of a group; it raises whatever the plug-in's module raises. Looked up once a process."""
    return {point.name: point.load for point in entry_points(group=group)}
