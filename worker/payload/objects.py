"""Client-specific objects: any JSON, within bounds of depth and size."""

from __future__ import annotations

from math import isfinite

from worker.domain.words import ErrorCode
from worker.payload.nesting import Level, levels
from worker.payload.texts import is_storable
from worker.payload.wrong import Wrong

DEEPEST_OBJECT = 32
"""Levels of an object, itself included."""

LARGEST_OBJECT = 1_000_000
"""Characters of all texts and keys of an object, and its number of nodes, together."""


def read_object(value: object) -> dict[str, object]:
    """An object that every database can keep, as it was sent (not copied).

    Raises:
        Wrong: `invalid_type`, `too_long` (too deep, too), `invalid_value`.
    """
    if not isinstance(value, dict):
        raise Wrong(ErrorCode.INVALID_TYPE, "must be an object")
    size = 0
    for level in levels(value):
        size += _size(level)
        if level.depth > DEEPEST_OBJECT:
            raise Wrong(ErrorCode.TOO_LONG, f"must have at most {DEEPEST_OBJECT} levels")
        if size > LARGEST_OBJECT:
            raise Wrong(ErrorCode.TOO_LONG, f"must have at most {LARGEST_OBJECT} characters")
        if not all(map(_is_key, level.keys)) or not all(map(_is_node, level.nodes)):
            message = "must not hold NUL characters, lone surrogates or what JSON does not have"
            raise Wrong(ErrorCode.INVALID_VALUE, message)
    return value


def _size(level: Level) -> int:
    texts = (text for group in (level.nodes, level.keys) for text in group if isinstance(text, str))
    return sum(map(len, texts)) + len(level.nodes)


def _is_key(key: object) -> bool:
    return isinstance(key, str) and is_storable(key)


def _is_node(node: object) -> bool:
    if isinstance(node, str):
        return is_storable(node)
    if isinstance(node, float):
        return isfinite(node)
    return node is None or isinstance(node, (int, dict, list))
