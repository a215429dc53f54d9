from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.webhooks.body import encode, ticket_updated


def test_an_event_says_exactly_what_the_contract_lists() -> None:
    event = ticket_updated(7, 3, "b-1", {"status": "closed"}, {"status": "open"}, "2026-11-05T10:00:00Z")
    assert event == {
        "type": "ticketUpdated",
        "ticketId": 7,
        "userId": 3,
        "batchId": "b-1",
        "changes": {"status": "closed"},
        "previous": {"status": "open"},
        "occurredAt": "2026-11-05T10:00:00Z",
    }


def test_what_nobody_did_in_no_batch_says_null() -> None:
    event = ticket_updated(7, None, None, {}, {}, "2026-11-05T10:00:00Z")
    assert json.loads(encode(event)) | {"changes": 0, "previous": 0} == {
        "type": "ticketUpdated",
        "ticketId": 7,
        "userId": None,
        "batchId": None,
        "changes": 0,
        "previous": 0,
        "occurredAt": "2026-11-05T10:00:00Z",
    }


def test_a_reopening_by_due_date_says_so() -> None:
    event = ticket_updated(7, None, None, {}, {}, "2026-11-05T10:00:00Z", autoOpenedDueToDueDate=True)
    assert event["autoOpenedDueToDueDate"] is True
    assert len(event) == 8


def test_an_extra_never_hides_a_key_of_the_event() -> None:
    with pytest.raises(ValueError, match="occurredAt, type"):
        ticket_updated(7, None, None, {}, {}, "2026-11-05T10:00:00Z", type="other", occurredAt="never")


def test_the_bytes_do_not_depend_on_the_order_of_keys() -> None:
    assert encode({"b": {"d": 1, "c": 2}, "a": 3}) == encode({"a": 3, "b": {"c": 2, "d": 1}})


def test_umlauts_are_sent_as_utf8() -> None:
    assert encode({"subject": "Zählerstand für Grünwald"}) == '{"subject":"Zählerstand für Grünwald"}'.encode()


def test_a_lone_surrogate_does_not_stop_a_webhook() -> None:
    assert json.loads(encode({"subject": "a\ud800b"})) == {"subject": "a?b"}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_cannot_say_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        encode({"monthlyDeposit": value})


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), _json, max_size=4))
def test_a_receiver_reads_the_values_that_were_encoded(body: dict[str, object]) -> None:
    assert json.loads(encode(body).decode()) == body
