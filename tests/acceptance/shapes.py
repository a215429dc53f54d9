"""Entries that no worker may choke on, each with the queue it lies on and the reason why it is refused."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable
from typing import Any, NamedTuple

from worker.broker.refusal import Refusal

Entry = dict[str, Any]
Change = Callable[[Entry], object]


class Shape(NamedTuple):
    name: str
    queue: str
    entry: bytes
    reason: Refusal


def body(value: object) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


def message(task: str = "tasks.ingest.bulk_patch", *, task_id: str = "one", **arguments: object) -> Entry:
    """A good one, as kombu writes it."""
    return {
        "body": body([[], arguments, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"lang": "py", "task": task, "id": task_id, "timelimit": [None, None], "retries": 0},
        "properties": {
            "body_encoding": "base64",
            "correlation_id": task_id,
            "delivery_info": {"exchange": "", "routing_key": "ingest"},
            "delivery_tag": "tag",
            "priority": 0,
        },
    }


def _entry(change: Change) -> bytes:
    entry = copy.deepcopy(message(items=[]))
    change(entry)
    return json.dumps(entry).encode()


def _head(**headers: object) -> Change:
    return lambda entry: entry["headers"].update(headers)


def _property(**properties: object) -> Change:
    return lambda entry: entry["properties"].update(properties)


def _top(**parts: object) -> Change:
    return lambda entry: entry.update(parts)


def _body(value: object) -> Change:
    return _top(body=body(value))


def _without(*path: str) -> Change:
    def remove(entry: Entry) -> None:
        for step in path[:-1]:
            entry = entry[step]
        del entry[path[-1]]

    return remove


CHAIN = [{"task": "tasks.ingest.bulk_patch", "args": [], "kwargs": {}, "options": {}}]

_RAW = {
    "empty": (b"", Refusal.NOT_JSON),
    "text": (b"hello", Refusal.NOT_JSON),
    "half an object": (b'{"body": ', Refusal.NOT_JSON),
    "no text at all": (b"\xff\xfe\x00\x80", Refusal.NOT_JSON),
    "pickle": (b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00\x8c\x01a\x94.", Refusal.NOT_JSON),
    "nested without end": (b"[" * 100_000, Refusal.NOT_JSON),
    "a number with ten thousand digits": (b"1" * 10_000, Refusal.NOT_JSON),
    "null": (b"null", Refusal.NOT_AN_OBJECT),
    "a number": (b"7", Refusal.NOT_AN_OBJECT),
    "a list": (b"[1, 2]", Refusal.NOT_AN_OBJECT),
    "a string": (b'"body"', Refusal.NOT_AN_OBJECT),
    "an empty object": (b"{}", Refusal.INVALID_HEADERS),
}

_CHANGED = {
    "no headers": (_without("headers"), Refusal.INVALID_HEADERS),
    "headers a list": (_top(headers=[1]), Refusal.INVALID_HEADERS),
    "headers a string": (_top(headers="task"), Refusal.INVALID_HEADERS),
    "protocol 1": (_top(headers={}, body=body({"task": "tasks.ingest.bulk_patch", "id": "1"})), Refusal.NOT_PROTOCOL_2),
    "task a list": (_head(task=["tasks.ingest.bulk_patch"]), Refusal.NOT_PROTOCOL_2),
    "task an object": (_head(task={"name": "x"}), Refusal.NOT_PROTOCOL_2),
    "task null": (_head(task=None), Refusal.NOT_PROTOCOL_2),
    "an unknown task": (_head(task="tasks.ingest.bulk_patchh"), Refusal.UNKNOWN_TASK),
    "a built-in task": (_head(task="celery.chord_unlock"), Refusal.UNKNOWN_TASK),
    "a task of another queue": (_head(task="tasks.admin.rerun"), Refusal.WRONG_QUEUE),
    "no id": (_without("headers", "id"), Refusal.INVALID_ID),
    "id an object": (_head(id={"a": 1}), Refusal.INVALID_ID),
    "id a number": (_head(id=5), Refusal.INVALID_ID),
    "id empty": (_head(id=""), Refusal.INVALID_ID),
    "id too long": (_head(id="x" * 256), Refusal.INVALID_ID),
    "id half a character": (_head(id="\ud800"), Refusal.INVALID_ID),
    "root id a list": (_head(root_id=[1]), Refusal.INVALID_ID),
    "timelimit a number": (_head(timelimit=5), Refusal.INVALID_TIMELIMIT),
    "timelimit of three": (_head(timelimit=[1, 2, 3]), Refusal.INVALID_TIMELIMIT),
    "timelimit of strings": (_head(timelimit=["1", "2"]), Refusal.INVALID_TIMELIMIT),
    "timelimit not a number": (_head(timelimit=[float("nan"), None]), Refusal.INVALID_TIMELIMIT),
    "timelimit endless": (_head(timelimit=[float("inf"), None]), Refusal.INVALID_TIMELIMIT),
    "eta no time": (_head(eta="soon"), Refusal.INVALID_ETA),
    "eta a number": (_head(eta=12), Refusal.INVALID_ETA),
    "eta next century": (_head(eta="2126-01-01T00:00:00+00:00"), Refusal.ETA_TOO_FAR),
    "eta beyond all": (_head(eta="9999-12-31T23:59:59-12:00"), Refusal.INVALID_ETA),
    "expires an object": (_head(expires={}), Refusal.INVALID_ETA),
    "retries a string": (_head(retries="many"), Refusal.INVALID_HEADERS),
    "retries negative": (_head(retries=-1), Refusal.INVALID_HEADERS),
    "retries true": (_head(retries=True), Refusal.INVALID_HEADERS),
    "stamped headers a number": (_head(stamped_headers=5), Refusal.INVALID_HEADERS),
    "stamps a string": (_head(stamps="x"), Refusal.INVALID_HEADERS),
    "ignore_result a string": (_head(ignore_result="yes"), Refusal.INVALID_HEADERS),
    "compressed": (_head(compression="application/x-gzip"), Refusal.COMPRESSED),
    "a chain among the headers": (_head(chain=CHAIN), Refusal.EMBEDDED_CANVAS),
    "callbacks among the headers": (_head(callbacks=CHAIN), Refusal.EMBEDDED_CANVAS),
    "delivered for ever": (_head(**{"x-deliveries": 26}), Refusal.DELIVERED_TOO_OFTEN),
    "no properties": (_without("properties"), Refusal.INVALID_PROPERTIES),
    "properties a list": (_top(properties=[]), Refusal.INVALID_PROPERTIES),
    "delivery info a string": (_property(delivery_info="x"), Refusal.INVALID_PROPERTIES),
    "body encoding unknown": (_property(body_encoding="rot13"), Refusal.INVALID_PROPERTIES),
    "body encoding a list": (_property(body_encoding=["base64"]), Refusal.INVALID_PROPERTIES),
    "priority a string": (_property(priority="high"), Refusal.INVALID_PROPERTIES),
    "no body": (_without("body"), Refusal.INVALID_BODY),
    "body null": (_top(body=None), Refusal.INVALID_BODY),
    "body not base64": (_top(body="not base64 at äll"), Refusal.INVALID_BODY),
    "body no JSON": (_top(body=base64.b64encode(b"[[], {").decode()), Refusal.INVALID_BODY),
    "body nested without end": (_top(body=base64.b64encode(b"[" * 100_000).decode()), Refusal.INVALID_BODY),
    "body no triple": (_body([[], {}]), Refusal.INVALID_BODY),
    "body empty": (_body([]), Refusal.INVALID_BODY),
    "body a number": (_body(7), Refusal.INVALID_BODY),
    "body an object": (_body({"args": [], "kwargs": {}}), Refusal.INVALID_BODY),
    "args an object": (_body([{}, {}, {}]), Refusal.INVALID_BODY),
    "kwargs a list": (_body([[], [], {}]), Refusal.INVALID_BODY),
    "embed a list": (_body([[], {}, []]), Refusal.INVALID_BODY),
    "embed with a foreign key": (_body([[], {}, {"id": "other"}]), Refusal.INVALID_BODY),
    "an embedded chain": (_body([[], {}, {"chain": CHAIN}]), Refusal.EMBEDDED_CANVAS),
    "embedded callbacks": (_body([[], {}, {"callbacks": CHAIN}]), Refusal.EMBEDDED_CANVAS),
    "an embedded chord": (_body([[], {}, {"chord": CHAIN[0]}]), Refusal.EMBEDDED_CANVAS),
    "a value of an unknown type": (_body([[], {"a": {"__type__": "x", "__value__": 1}}, {}]), Refusal.INVALID_BODY),
    "a value that is none": (_body([[], {"a": {"__type__": "uuid", "__value__": 1}}, {}]), Refusal.INVALID_BODY),
    "a content encoding that is a list": (_top(**{"content-encoding": ["utf-8"]}), Refusal.UNKNOWN_CONTENT_TYPE),
    "pickle announced": (_top(**{"content-type": "application/x-python-serialize"}), Refusal.UNKNOWN_CONTENT_TYPE),
    "YAML announced": (_top(**{"content-type": "application/x-yaml"}), Refusal.UNKNOWN_CONTENT_TYPE),
    "no content type": (_without("content-type"), Refusal.UNKNOWN_CONTENT_TYPE),
    "binary": (_top(**{"content-encoding": "binary"}), Refusal.UNKNOWN_CONTENT_TYPE),
}

MALFORMED = [
    *(Shape(name, "ingest", entry, reason) for name, (entry, reason) in _RAW.items()),
    *(Shape(name, "ingest", _entry(change), reason) for name, (change, reason) in _CHANGED.items()),
]
