"""A batch as it arrives: bytes or decoded values in, a list of items out, or refused whole (contract section 2)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from math import isfinite
from typing import NoReturn, cast

from worker.domain.words import ErrorCode
from worker.payload.ids import read_id
from worker.payload.nesting import Level, levels
from worker.payload.refusal import Refused
from worker.payload.wrong import Wrong

MAX_DEPTH = 500
"""Levels of nesting in a batch: far above any real one, and safely below what JSON encoders on the way can take."""

_AT_ONCE = 1_000
"""Items that are written out at once for the digest."""

_JSON_TYPES = frozenset({dict, list, str, int, float, bool, type(None)})


def read_batch(raw: bytes | str) -> list[object]:
    """The items of a JSON text in UTF-8; one bare object is a batch of one; of double keys the last counts.

    Size and depth are `check_batch`'s business. A lone surrogate written as an escape is JSON, and is left for the
    item that holds it to be rejected for.

    Raises:
        Refused: `invalid_json` (NaN and Infinity, too, and numbers that overflow to it), `not_a_list`.
    """
    try:
        encoded = raw.encode() if isinstance(raw, str) else raw
        payload = json.loads(encoded.decode("utf-8-sig"), parse_constant=_refuse_constant, parse_float=_finite)
    except UnicodeError:
        raise _invalid_json("the text is not valid UTF-8") from None
    except json.JSONDecodeError as error:
        raise _invalid_json(f"the text is broken at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise _invalid_json("the text is nested too deeply") from None
    except ValueError:  # Python's bound on the digits of an integer
        raise _invalid_json("the text holds a number of too many digits") from None
    return _as_items(payload)


def check_batch(payload: object, limit: int) -> list[object]:
    """The items of an already decoded batch of at most `limit` items, made of nothing but JSON values.

    Raises:
        Refused: `not_a_list`; `batch_too_large`, naming size and limit; `invalid_json` for what only a decoder more
            generous than JSON lets through: NaN, Infinity, values of other types, and for nesting beyond `MAX_DEPTH`.
    """
    items = _as_items(payload)
    if len(items) > limit:
        raise Refused(ErrorCode.BATCH_TOO_LARGE, f"the batch has {len(items)} items, the limit is {limit}")
    for level in levels(items):
        _check_level(level)
    return items


def batch_digest(items: Sequence[object], flags: Mapping[str, object]) -> str:
    """SHA-256 in hex of a checked batch and its flags: equal for equal JSON values, whatever their order of keys.

    Numbers are equal by value (1 and 1.0), but `true` is not 1. Written out part by part: all of a large batch at once
    would take as much memory as the batch itself.
    """
    digest = sha256(b"[[")
    for start in range(0, len(items), _AT_ONCE):
        part = _canonical(list(items[start : start + _AT_ONCE]))[1:-1]
        digest.update(b"," + part if start else part)
    digest.update(b"]," + _canonical(dict(flags)) + b"]")
    return digest.hexdigest()


def _canonical(value: object) -> bytes:
    text = json.dumps(_with_plain_integers(value), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode()


def ticket_id_of(raw: object) -> int | None:
    """The ticket an item is for, if it says so validly; all that is needed to group items before they are parsed."""
    if not isinstance(raw, dict):
        return None
    try:
        return read_id(raw.get("id"))
    except Wrong:
        return None


def _as_items(payload: object) -> list[object]:
    if isinstance(payload, list):
        return payload
    if isinstance(payload, dict):
        return [payload]
    raise Refused(ErrorCode.NOT_A_LIST, "a batch is an array of objects, or one object")


def _check_level(level: Level) -> None:
    if level.depth > MAX_DEPTH:
        raise _invalid_json(f"the batch is nested deeper than {MAX_DEPTH} levels")
    types = set(map(type, level.nodes))
    if not types <= _JSON_TYPES or not set(map(type, level.keys)) <= {str}:
        raise _invalid_json("the batch holds a value that JSON does not have")
    if float in types and not all(isfinite(node) for node in level.nodes if isinstance(node, float)):
        raise _invalid_json("the batch holds NaN or Infinity")


def _with_plain_integers(value: object) -> object:
    """A copy in which floats without a fraction are integers, since JSON knows only numbers."""
    root = [value]
    open_containers: list[object] = [root]
    while open_containers:
        container = open_containers.pop()
        entries = container.items() if isinstance(container, dict) else enumerate(cast("list[object]", container))
        target = cast("dict[object, object]", container)
        for key, node in list(entries):
            if type(node) is float and node.is_integer():
                target[key] = int(node)
            elif isinstance(node, (dict, list)):
                target[key] = node.copy()
                open_containers.append(target[key])
    return root[0]


def _refuse_constant(_: str) -> NoReturn:
    raise _invalid_json("the text holds NaN or Infinity")


def _finite(literal: str) -> float:
    number = float(literal)
    if not isfinite(number):
        raise _invalid_json("the text holds a number that is too large")
    return number


def _invalid_json(message: str) -> Refused:
    return Refused(ErrorCode.INVALID_JSON, message)
