from __future__ import annotations

import base64
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.acceptance.shapes import MALFORMED, Shape, body, message
from worker.broker.envelope import Envelope, admit
from worker.broker.headers import CANVAS_HEADERS, CHECKS, HIDDEN, TRACE_HEADERS
from worker.broker.refusal import Refusal, Refused

LATEST = datetime.now(UTC) + timedelta(hours=1)


def admitted(entry: Envelope, queue: str = "ingest") -> Envelope:
    return admit(json.dumps(entry).encode(), queue, latest=LATEST, largest=10_000)


@pytest.mark.parametrize("shape", MALFORMED, ids=lambda shape: shape.name)
def test_a_malformed_entry_is_refused_with_its_reason(shape: Shape) -> None:
    with pytest.raises(Refused) as refused:
        admit(shape.entry, shape.queue, latest=LATEST, largest=2**20)
    assert refused.value.reason == shape.reason


def test_every_reason_has_a_shape_that_meets_it() -> None:
    assert {shape.reason for shape in MALFORMED} | {Refusal.TOO_LARGE} == set(Refusal)


PLACES = [
    *((name,) for name in ("body", "content-type", "content-encoding", "headers", "properties")),
    *(("headers", name) for name in (*CHECKS, *CANVAS_HEADERS, *TRACE_HEADERS, "compression", "lang", "redelivered")),
    *(("properties", name) for name in ("body_encoding", "delivery_info", "delivery_tag", "priority", "reply_to")),
    ("properties", "delivery_info", "redelivered"),
]
VALUES: list[Any] = [None, True, 0, -1, 10**30, 1.5, "", "x\0", [], [[]], [1, 2], {}, {"a": [1]}]


@pytest.mark.parametrize("place", PLACES, ids=".".join)
def test_no_value_anywhere_in_an_entry_is_more_than_refused(place: tuple[str, ...]) -> None:
    for value in VALUES:
        entry = message(items=[])
        *path, last = place
        part: Any = entry
        for name in path:
            part = part.setdefault(name, {})
        part[last] = value

        with suppress(Refused):
            assert admitted(entry)["headers"]["task"] == "tasks.ingest.bulk_patch"


def test_an_entry_above_the_limit_is_refused() -> None:
    entry = json.dumps(message(items=["x"])).encode()
    assert admit(entry, "ingest", latest=LATEST, largest=len(entry))
    with pytest.raises(Refused, match="too_large"):
        admit(entry, "ingest", latest=LATEST, largest=len(entry) - 1)


def test_a_good_entry_keeps_its_body_and_identity() -> None:
    entry = message(task_id="abc", items=[{"id": 1}])
    found = admitted(entry)
    assert found["body"] == entry["body"]
    assert (found["headers"]["id"], found["headers"]["task"]) == ("abc", "tasks.ingest.bulk_patch")


def test_an_admitted_entry_is_admitted_again_when_it_comes_back() -> None:
    once = admitted(message(items=[]))
    once["headers"]["redelivered"] = True
    once["properties"]["delivery_info"]["redelivered"] = True
    again = admitted(once)
    assert again["headers"]["id"] == once["headers"]["id"]
    assert again["properties"]["delivery_info"]["redelivered"] is True


def test_a_body_in_plain_text_is_as_good_as_base64() -> None:
    entry = message()
    entry["body"] = base64.b64decode(entry["body"]).decode()
    entry["properties"]["body_encoding"] = "utf-8"
    assert admitted(entry)["body"] == entry["body"]


def test_a_sender_may_leave_out_the_embedded_part_and_the_delivery_info() -> None:
    entry = message()
    entry["body"] = body([[], {"items": []}, None])
    del entry["properties"]["delivery_info"], entry["properties"]["delivery_tag"]
    assert admitted(entry)["properties"]["delivery_info"]["routing_key"] == "ingest"


def test_the_senders_exchange_is_replaced_so_that_a_message_never_vanishes_when_it_is_put_back() -> None:
    entry = message()
    entry["properties"]["delivery_info"] = {"exchange": "nowhere", "routing_key": "nobody"}
    info = admitted(entry)["properties"]["delivery_info"]
    assert (info["exchange"], info["routing_key"]) == ("", "ingest")


def test_two_messages_with_one_delivery_tag_get_tags_of_their_own() -> None:
    tags = {admitted(message())["properties"]["delivery_tag"] for _ in range(2)}
    assert len(tags) == 2


def test_what_a_sender_claims_the_arguments_look_like_is_not_passed_on() -> None:
    entry = message()
    entry["headers"] |= {
        "argsrepr": "secret",
        "kwargsrepr": "secret",
        "shadow": "secret",
        "origin": "secret",
        "x": "secret",
    }
    headers = admitted(entry)["headers"]
    assert "secret" not in json.dumps(headers)
    assert headers["argsrepr"] == headers["kwargsrepr"] == HIDDEN


def test_a_senders_time_limit_does_not_count() -> None:
    entry = message()
    entry["headers"]["timelimit"] = [10_000_000, 1]
    assert admitted(entry)["headers"]["timelimit"] == [None, None]


def test_the_headers_of_a_trace_are_passed_on() -> None:
    entry = message()
    entry["headers"]["traceparent"] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    assert admitted(entry)["headers"]["traceparent"] == entry["headers"]["traceparent"]


def test_a_message_may_wait_as_long_as_the_visibility_timeout_and_no_longer() -> None:
    entry = message()
    entry["headers"]["eta"] = LATEST.isoformat()
    assert admitted(entry)["headers"]["eta"] == LATEST.isoformat()
    entry["headers"]["eta"] = (LATEST + timedelta(seconds=1)).isoformat()
    with pytest.raises(Refused, match="eta_too_far"):
        admitted(entry)


def test_a_time_without_a_zone_is_read_as_utc() -> None:
    entry = message()
    entry["headers"]["eta"] = (LATEST + timedelta(minutes=1)).replace(tzinfo=None).isoformat()
    with pytest.raises(Refused, match="eta_too_far"):
        admitted(entry)
