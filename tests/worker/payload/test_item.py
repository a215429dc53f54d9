from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from worker.domain.fields import FIELDS, SHOWN_ONLY, Role
from worker.domain.words import Channel, ErrorCode, IgnoredReason
from worker.payload.conflicts import check_sender
from worker.payload.item import MOST_ERRORS, Item, Rules, parse_item
from worker.payload.remarks import Ignored, ItemError

UTC = Rules(ZoneInfo("UTC"))
COMPUTED = sorted({name for name, spec in FIELDS.items() if spec.role is Role.COMPUTED} | SHOWN_ONLY)


def patch(**fields: object) -> Item:
    return parse_item({"id": 7, **fields}, UTC)


def complaints(item: Item) -> list[tuple[str, str]]:
    return [(error.field, error.code.value) for error in item.errors]


@pytest.mark.parametrize("raw", [None, 1, "text", [], [{"id": 1}], True, 1.5])
def test_what_is_no_object_is_rejected(raw: object) -> None:
    item = parse_item(raw, UTC)
    assert item.errors == (ItemError(ErrorCode.NOT_AN_OBJECT, "", "must be an object"),)
    assert item.ticket_id is None


def test_an_item_without_an_id_is_rejected() -> None:
    assert complaints(parse_item({}, UTC)) == [("id", "missing_id")]


def test_an_id_of_null_is_not_a_missing_one() -> None:
    assert complaints(parse_item({"id": None}, UTC)) == [("id", "null_not_allowed")]


def test_an_id_alone_is_a_patch_of_nothing() -> None:
    assert patch() == Item(ticket_id=7)


def test_a_rejected_item_keeps_its_valid_id() -> None:
    assert patch(status="gone").ticket_id == 7
    assert parse_item({"id": 0, "status": "gone"}, UTC).ticket_id is None


def test_all_errors_of_an_item_are_reported_at_once() -> None:
    item = parse_item(
        {"status": "x", "prio": 1, "to": [1, ""], "isEscalated": None, "addTagIds": [5], "removeTagIds": [5, "x"]}, UTC
    )
    assert sorted(complaints(item)) == [
        ("addTagIds[0]", "conflicting_fields"),
        ("id", "missing_id"),
        ("isEscalated", "null_not_allowed"),
        ("prio", "unknown_field"),
        ("removeTagIds[1]", "invalid_type"),
        ("status", "invalid_value"),
        ("to[0]", "invalid_type"),
        ("to[1]", "invalid_value"),
    ]


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("ifModifedAt", "ifModifiedAt"),
        ("prioritaet", "priority"),
        ("Status", "status"),
        ("assigned_agent_ids", "assignedAgentIds"),
        ("due_by", "dueBy"),
        ("tagId", "tagIds"),
        ("refresh_mode", "refreshMode"),
        ("ID", "id"),
    ],
)
def test_an_unknown_field_is_answered_with_the_nearest_known_name(name: str, nearest: str) -> None:
    (error,) = patch(**{name: 1}).errors
    assert (error.code, error.field) == (ErrorCode.UNKNOWN_FIELD, name)
    assert error.message.endswith(f" {nearest}")


def test_the_flag_of_the_batch_is_unknown_inside_an_item() -> None:
    assert complaints(patch(includeInWorklog=True)) == [("includeInWorklog", "unknown_field")]


def test_a_wild_name_is_cut_and_cleaned_before_it_is_shown() -> None:
    (error,) = patch(**{"\ud800\0\n" + "x" * 100: 1}).errors
    assert error.field == "���" + "x" * 61 + "…"


def test_unknown_names_without_end_are_not_listed_without_end() -> None:
    item = patch(**{f"unknown{number}": 1 for number in range(100_000)}, status="gone")
    assert len(item.errors) == MOST_ERRORS + 1
    assert ("status", "invalid_value") in complaints(item)


@pytest.mark.parametrize("value", [None, 1, "x", [], {}, "\ud800", float("nan"), [[[]]]])
def test_computed_fields_are_ignored_unchecked(value: object) -> None:
    item = patch(**dict.fromkeys(COMPUTED, value), priority="low")
    assert complaints(item) == []
    assert item.values == {"priority": "low"}
    assert item.ignored == tuple(Ignored(name, IgnoredReason.COMPUTED) for name in COMPUTED)


def test_tags_are_kept_as_sent_so_that_positions_stay() -> None:
    item = patch(addTagIds=[5, "5", 6], removeTagIds=[9, 9])
    assert (item.tag_ids, item.add_tag_ids, item.remove_tag_ids) == (None, (5, 5, 6), (9, 9))
    assert item.values == {}


def test_an_empty_list_of_tags_replaces_all_of_them() -> None:
    assert patch(tagIds=[]).tag_ids == ()


@pytest.mark.parametrize("delta", ["addTagIds", "removeTagIds"])
@pytest.mark.parametrize("value", [[1], []])
def test_replacing_tags_excludes_adding_and_removing(delta: str, value: list[int]) -> None:
    assert complaints(patch(tagIds=[1], **{delta: value})) == [("tagIds", "conflicting_fields")]


def test_a_tag_is_not_both_added_and_removed() -> None:
    assert complaints(patch(addTagIds=[1, 2, "3"], removeTagIds=[3, "2"])) == [
        ("addTagIds[1]", "conflicting_fields"),
        ("addTagIds[2]", "conflicting_fields"),
    ]


def test_direction_is_handed_on_to_be_compared() -> None:
    assert patch(direction="out").direction == "out"
    assert patch().direction is None


def test_both_lists_of_copies_are_joined_in_order_without_doubles() -> None:
    item = patch(replyCcEmails=["b@x.de", "A@X.de", "c@x.de"], ccEmails=["a@x.de", "b@x.de", "a@x.de"])
    assert item.values == {"ccEmails": ["a@x.de", "b@x.de", "c@x.de"]}
    assert item.sent_as == {"ccEmails": ("ccEmails", "replyCcEmails")}


def test_copies_of_replies_alone_are_stored_as_copies() -> None:
    item = patch(replyCcEmails=["b@x.de"], bccEmails=["c@x.de"])
    assert item.values == {"ccEmails": ["b@x.de"], "bccEmails": ["c@x.de"]}
    assert item.sent_as == {"ccEmails": ("replyCcEmails",)}


def test_copies_sent_under_their_stored_name_need_no_other() -> None:
    assert patch(ccEmails=["a@x.de"]).sent_as == {}


def test_deprecated_fields_are_named_when_sent() -> None:
    item = patch(refresh=False, bccEmails=[], ccEmails=[], status="open", refreshTags=False, replyCcEmails=[])
    assert item.deprecations == ("refresh", "bccEmails", "ccEmails", "refreshTags", "replyCcEmails")


@pytest.mark.parametrize("channel", [channel for channel in Channel if channel is not Channel.SYSTEM])
def test_a_sender_of_null_is_refused_on_every_channel_but_system(channel: Channel) -> None:
    item = patch(**{"from": None, "channel": channel.value})
    assert complaints(item) == [("from", "null_not_allowed")]


def test_a_sender_of_null_is_taken_on_channel_system() -> None:
    assert patch(**{"from": None, "channel": "system"}).values == {"from": None, "channel": "system"}


def test_a_sender_of_null_without_a_channel_waits_for_the_tickets_own() -> None:
    item = patch(**{"from": None})
    assert complaints(item) == []
    assert check_sender(item.values, "system") is None
    error = check_sender(item.values, "email")
    assert error is not None
    assert (error.code, error.field) == (ErrorCode.NULL_NOT_ALLOWED, "from")


def test_a_sender_that_is_given_or_absent_is_fine_on_every_channel() -> None:
    assert check_sender(patch(**{"from": "a@b.de"}).values, "email") is None
    assert check_sender(patch().values, "email") is None


def test_a_wrong_channel_is_the_only_error_beside_a_sender_of_null() -> None:
    assert complaints(patch(**{"from": None, "channel": "fax"})) == [("channel", "invalid_value")]
