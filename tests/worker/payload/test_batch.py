from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.domain.words import ErrorCode
from worker.payload.batch import MAX_DEPTH, batch_digest, check_batch, read_batch, ticket_id_of
from worker.payload.refusal import Refused

EXAMPLE = Path(__file__).parents[2] / "data" / "patch-ticket-example.json"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def nested(depth: int) -> object:
    value: object = None
    for _ in range(depth):
        value = [value]
    return value


def refused(raw: bytes | str) -> Refused:
    with pytest.raises(Refused) as caught:
        read_batch(raw)
    return caught.value


def test_an_array_is_a_batch() -> None:
    assert read_batch(b'[{"id": 1}, 2, null]') == [{"id": 1}, 2, None]


def test_one_bare_object_is_a_batch_of_one() -> None:
    assert read_batch('{"id": 1}') == [{"id": 1}]
    assert check_batch({"id": 1}, 10) == [{"id": 1}]


def test_an_empty_array_is_a_batch_of_nothing() -> None:
    assert read_batch("[]") == []
    assert check_batch([], 10) == []


def test_the_example_of_the_page_is_a_batch_of_one() -> None:
    items = read_batch(EXAMPLE.read_bytes())
    assert [ticket_id_of(item) for item in check_batch(items, 10_000)] == [376189]


def test_of_double_keys_the_last_counts() -> None:
    assert read_batch('[{"id": 1, "id": 2}]') == [{"id": 2}]


def test_a_byte_order_mark_is_passed_over() -> None:
    assert read_batch(b"\xef\xbb\xbf[]") == []


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[",
        b"[{'id': 1}]",
        b"[1,]",
        b"[] []",
        b'[{"id": NaN}]',
        b"[Infinity]",
        b"[-Infinity]",
        b"[1e400]",
        b"[-1e400]",
        b'["\xff"]',
        b'["\xed\xa0\x80"]',
        '["\ud800"]',
        '["a\nb"]',
        "[]".encode("utf-16"),
        b"[" + b"9" * 5000 + b"]",
        b"[" * 200_000,
        b"[" * 200_000 + b"]" * 200_000,
        b'{"a":' * 200_000,
    ],
)
def test_what_is_no_json_is_refused_whole(raw: bytes | str) -> None:
    assert refused(raw).code is ErrorCode.INVALID_JSON


def test_a_lone_surrogate_written_as_an_escape_is_left_to_its_item() -> None:
    assert read_batch(b'[{"subject": "\\ud800"}]') == [{"subject": "\ud800"}]


@pytest.mark.parametrize("raw", [b"1", b'"text"', b"null", b"true"])
def test_what_is_neither_array_nor_object_is_refused(raw: bytes) -> None:
    assert refused(raw).code is ErrorCode.NOT_A_LIST
    with pytest.raises(Refused) as caught:
        check_batch(json.loads(raw), 10)
    assert caught.value.code is ErrorCode.NOT_A_LIST


def test_a_refusal_of_broken_text_names_the_place_and_not_the_text() -> None:
    refusal = refused(b'[\n{"iban": "DE89370400440532013000" oops}]')
    assert "line 2, column 35" in refusal.message
    assert "DE89" not in str(refusal)
    assert "oops" not in str(refusal)
    assert refusal.__cause__ is None
    assert refusal.__suppress_context__


def test_a_batch_of_the_limit_is_taken_and_one_item_more_is_refused_by_size_and_limit() -> None:
    assert len(check_batch([{}] * 10_000, 10_000)) == 10_000
    with pytest.raises(Refused, match=r"10001 items.* 10000") as caught:
        check_batch([{}] * 10_001, 10_000)
    assert caught.value.code is ErrorCode.BATCH_TOO_LARGE


@pytest.mark.parametrize(
    "item",
    [
        float("nan"),
        {"a": [{"b": float("inf")}]},
        [[float("-inf")]],
        {"id": Decimal(1)},
        {"dueBy": datetime(2022, 1, 1, tzinfo=UTC)},
        {"body": b"bytes"},
        {1: "key"},
        {"tagIds": (1, 2)},
    ],
)
def test_what_json_does_not_have_is_refused_after_decoding_too(item: object) -> None:
    with pytest.raises(Refused) as caught:
        check_batch([{"id": 1}, item], 10)
    assert caught.value.code is ErrorCode.INVALID_JSON


def test_nesting_is_bounded_and_costs_no_stack() -> None:
    deepest = [nested(MAX_DEPTH - 2)]
    assert check_batch(deepest, 10) == deepest
    assert len(batch_digest(deepest, {})) == 64
    for depth in (MAX_DEPTH - 1, 100_000):
        with pytest.raises(Refused, match="nested") as caught:
            check_batch([nested(depth)], 10)
        assert caught.value.code is ErrorCode.INVALID_JSON


def test_the_digest_knows_no_order_of_keys() -> None:
    assert batch_digest([{"a": 1, "b": {"c": 2, "d": 3}}], {"x": 1, "y": 2}) == batch_digest(
        [{"b": {"d": 3, "c": 2}, "a": 1}], {"y": 2, "x": 1}
    )


def test_the_digest_takes_numbers_by_value() -> None:
    assert batch_digest([{"a": [1, 0, 1e3]}], {}) == batch_digest([{"a": [1.0, -0.0, 1000]}], {})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([1], [True]),
        ([0], [False]),
        ([1], ["1"]),
        ([1], [1.5]),
        ([None], [[]]),
        ([[]], [{}]),
        ([1, 2], [2, 1]),
        ([{}], []),
        ([{"a": 1}], [{"a": 1, "b": None}]),
        ([2**53 + 1], [float(2**53 + 1)]),
        (["\ud800"], ["\ud801"]),
    ],
)
def test_the_digest_tells_different_values_apart(one: list[object], other: list[object]) -> None:
    assert batch_digest(one, {}) != batch_digest(other, {})


def test_the_digest_tells_different_flags_apart() -> None:
    assert batch_digest([], {"atomic": True}) != batch_digest([], {"atomic": False})
    assert batch_digest([], {}) != batch_digest([], {"atomic": False})


def test_the_digest_leaves_the_batch_as_it_is() -> None:
    items: list[object] = [{"a": 1.0, "b": [2.0]}]
    batch_digest(items, {})
    assert repr(items) == "[{'a': 1.0, 'b': [2.0]}]"


@given(st.lists(JSON, max_size=4))
def test_every_json_array_survives_its_journey(items: list[object]) -> None:
    arrived = read_batch(json.dumps(items).encode())
    assert check_batch(arrived, 10) == items
    assert batch_digest(arrived, {}) == batch_digest(items, {})


@given(st.binary() | st.text())
def test_any_text_is_a_batch_or_refused(raw: bytes | str) -> None:
    try:
        code = None if isinstance(read_batch(raw), list) else "no list"
    except Refused as refusal:
        code = refusal.code
    assert code in {None, ErrorCode.INVALID_JSON, ErrorCode.NOT_A_LIST}


@pytest.mark.parametrize(
    ("raw", "ticket_id"),
    [
        ({"id": 5}, 5),
        ({"id": "5"}, 5),
        ({"id": "005"}, 5),
        ({"id": 2**63 - 1}, 2**63 - 1),
        ({"id": 2**63}, None),
        ({"id": 0}, None),
        ({"id": -5}, None),
        ({"id": True}, None),
        ({"id": 5.0}, None),
        ({"id": "5.0"}, None),
        ({"id": "٥"}, None),
        ({"id": None}, None),
        ({}, None),
        ([5], None),
        (5, None),
        (None, None),
    ],
)
def test_an_items_ticket_is_known_by_a_valid_id_alone(raw: object, ticket_id: int | None) -> None:
    assert ticket_id_of(raw) == ticket_id
