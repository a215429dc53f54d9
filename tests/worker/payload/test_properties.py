from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from worker.domain.fields import FIELDS, SHOWN_ONLY
from worker.domain.words import RefreshMode
from worker.payload.item import Item, Rules, parse_item
from worker.payload.kinds import CHOICES
from worker.payload.times import format_time

RULES = Rules(ZoneInfo("Europe/Berlin"))
ANY_TEXT = st.text(st.characters(exclude_categories=[]))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT
ANY_JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from([*FIELDS, *SHOWN_ONLY])
WORDS = st.sampled_from([str(word) for choices in CHOICES.values() for word in choices])
LIKELY = WORDS | st.integers(0, 50) | st.lists(st.integers(-1, 9) | st.emails(), max_size=4) | st.booleans()
ITEMS = st.dictionaries(NAMES | ANY_TEXT, LIKELY | ANY_JSON, max_size=8)


def texts_in(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for entry in value:
            yield from texts_in(entry)
    elif isinstance(value, dict):
        for entry in value.values():
            yield from texts_in(entry)


@given(ANY_JSON | ITEMS)
def test_whatever_comes_is_read_as_an_item(raw: object) -> None:
    assert isinstance(parse_item(raw, RULES), Item)


@given(ITEMS)
def test_no_message_holds_a_value_that_was_sent(raw: dict[str, object]) -> None:
    # Words of our own vocabulary are what a message may name; everything else that was sent is the sender's.
    own = {*FIELDS, *(str(word) for choices in CHOICES.values() for word in choices)}
    sent = {text for text in texts_in(raw) if len(text) >= 6 and text not in own}
    said = [error.message for error in parse_item(raw, RULES).errors]
    assert not [text for text in sent for message in said if text in message]


@given(ITEMS)
def test_what_is_said_of_an_item_can_be_stored_anywhere(raw: dict[str, object]) -> None:
    item = parse_item(raw, RULES)
    for error in item.errors:
        assert "\0" not in f"{error.field}{error.message}"
        assert (error.field + error.message).encode()
        assert len(error.field) <= 100


@given(ITEMS)
def test_an_item_that_refreshes_saves_nothing(raw: dict[str, object]) -> None:
    item = parse_item({**raw, "refreshMode": "full"}, RULES)
    assert (item.values, item.direction, item.tag_ids, item.add_tag_ids, item.remove_tag_ids) == (
        ({}, None, None, None, None)
    )
    assert item.errors or item.refresh is RefreshMode.FULL


@given(ITEMS)
def test_every_field_sent_is_saved_ignored_or_an_error(raw: dict[str, object]) -> None:
    item = parse_item({**raw, "id": 7}, RULES)
    faulty = {error.field.split("[")[0] for error in item.errors}
    ignored = {ignored.field for ignored in item.ignored}
    asked = {"id", "direction", "tagIds", "addTagIds", "removeTagIds", "refreshMode", "refresh", "refreshTags"}
    renamed = {name for names in item.sent_as.values() for name in names}
    for name in raw:
        if name in FIELDS:
            assert name in faulty | ignored | asked | renamed | set(item.values)


@given(ITEMS)
def test_what_was_stored_and_sent_back_is_stored_the_same(raw: dict[str, object]) -> None:
    item = parse_item({"id": 7, **raw}, RULES)
    if not item.errors:
        shown = {
            name: format_time(value, RULES.zone) if isinstance(value, datetime) else value
            for name, value in item.values.items()
        }
        again = parse_item({"id": item.ticket_id, **shown}, RULES)
        assert (again.errors, again.values) == ((), item.values)
