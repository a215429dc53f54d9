from __future__ import annotations

import json
from typing import Any

import pytest

from tests.acceptance.shapes import message
from worker.broker.broadcast import is_broadcast, reply
from worker.broker.refusal import Refused


def test_what_kombu_sends_can_be_read() -> None:
    assert is_broadcast(message())
    assert reply(json.dumps(message()).encode()) == message()


@pytest.mark.parametrize(
    "broken",
    [
        None,
        [],
        {},
        message() | {"properties": []},
        message() | {"properties": {}},
        message() | {"headers": "x"},
        message() | {"headers": {"compression": "zlib"}},
        message() | {"body": 5},
        message() | {"body": "ä"},
        message() | {"properties": message()["properties"] | {"body_encoding": "rot13"}},
        message() | {"properties": message()["properties"] | {"delivery_info": None}},
        message() | {"properties": message()["properties"] | {"delivery_tag": {}}},
    ],
)
def test_what_kombu_would_stumble_on_is_not_a_broadcast(broken: Any) -> None:  # noqa: ANN401
    assert not is_broadcast(broken)
    with pytest.raises(Refused):
        reply(json.dumps(broken).encode())


def test_a_reply_that_is_no_json_is_refused() -> None:
    with pytest.raises(Refused):
        reply(b"{")
