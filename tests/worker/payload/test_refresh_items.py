from __future__ import annotations

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from worker.domain.fields import FIELDS, Role
from worker.domain.words import IgnoredReason, RefreshMode
from worker.payload.item import DEPRECATED, Item, Rules, parse_item

UTC = Rules(ZoneInfo("UTC"))
EXAMPLE = json.loads((Path(__file__).parents[2] / "data" / "patch-ticket-example.json").read_text(encoding="utf-8"))[0]


def patch(**fields: object) -> Item:
    return parse_item({"id": 7, **fields}, UTC)


def complaints(item: Item) -> list[tuple[str, str]]:
    return [(error.field, error.code.value) for error in item.errors]


def reasons(item: Item) -> dict[str, str]:
    return {ignored.field: ignored.reason.value for ignored in item.ignored}


def test_the_example_of_the_page_is_a_valid_refresh_of_tags() -> None:
    item = parse_item(EXAMPLE, UTC)
    assert (item.ticket_id, item.refresh, item.errors) == (376189, RefreshMode.TAGS, ())
    assert (item.values, item.sent_as, item.direction) == ({}, {}, None)
    assert (item.tag_ids, item.add_tag_ids, item.remove_tag_ids) == (None, None, None)


def test_everything_in_the_example_but_id_and_mode_is_ignored_for_its_reason() -> None:
    expected = {}
    for name in EXAMPLE:
        role = FIELDS[name].role
        if role is Role.COMPUTED:
            expected[name] = IgnoredReason.COMPUTED.value
        elif name in {"refresh", "refreshTags"}:
            expected[name] = IgnoredReason.REFRESH_MODE_WINS.value
        elif name not in {"id", "refreshMode"}:
            expected[name] = IgnoredReason.REFRESH_SAVES_NOTHING.value
    item = parse_item(EXAMPLE, UTC)
    assert reasons(item) == expected
    assert [ignored.field for ignored in item.ignored] == list(expected)


def test_ignored_fields_are_named_as_deprecated_all_the_same() -> None:
    assert set(parse_item(EXAMPLE, UTC).deprecations) == DEPRECATED


def test_the_example_without_its_refresh_saves_every_writable_field_it_has() -> None:
    dropped = {"refresh", "refreshTags", "refreshMode", "addTagIds", "removeTagIds"}
    item = parse_item({name: value for name, value in EXAMPLE.items() if name not in dropped}, UTC)
    assert item.errors == ()
    writable = {name for name in EXAMPLE if FIELDS[name].role is Role.WRITABLE}
    assert set(item.values) == writable | {"ccEmails", "bccEmails"}
    assert item.values["ccEmails"] == ["secondlevel@enneo.ai", "jsmith@example.com"]
    assert item.tag_ids == (62, 61)
    assert set(reasons(item).values()) == {"computed"}


@pytest.mark.parametrize(
    ("fields", "mode"),
    [
        *(({"refreshMode": mode.value}, mode) for mode in RefreshMode),
        ({"refresh": True}, RefreshMode.FULL),
        ({"refreshTags": True}, RefreshMode.TAGS),
        ({"refresh": True, "refreshTags": True}, RefreshMode.FULL),
        ({"refresh": False, "refreshTags": True}, RefreshMode.TAGS),
        ({"refreshMode": "agents", "refresh": True, "refreshTags": True}, RefreshMode.AGENTS),
        ({"refreshMode": "agents", "refresh": False}, RefreshMode.AGENTS),
        ({"refreshMode": None, "refresh": True}, RefreshMode.FULL),
        ({"refreshMode": None, "refreshTags": True}, RefreshMode.TAGS),
        ({"refreshMode": None}, None),
        ({"refreshMode": None, "refresh": False, "refreshTags": False}, None),
        ({"refresh": False}, None),
        ({}, None),
    ],
)
def test_the_mode_wins_over_refresh_and_refresh_over_refresh_tags(
    fields: dict[str, object], mode: RefreshMode | None
) -> None:
    item = patch(**fields)
    assert complaints(item) == []
    assert item.refresh is mode


@pytest.mark.parametrize(
    ("fields", "beaten"),
    [
        ({"refreshMode": "full", "refresh": True, "refreshTags": False}, {"refresh", "refreshTags"}),
        ({"refreshMode": None, "refresh": True, "refreshTags": True}, {"refreshTags"}),
        ({"refresh": False, "refreshTags": True}, set()),
        ({"refreshMode": None, "refresh": False}, set()),
    ],
)
def test_flags_beside_a_winner_are_ignored_because_it_wins(fields: dict[str, object], beaten: set[str]) -> None:
    assert reasons(patch(**fields)) == dict.fromkeys(beaten, "refresh_mode_wins")


def test_an_item_that_asks_for_nothing_saves() -> None:
    item = patch(refreshMode=None, refresh=False, refreshTags=False, status="open")
    assert item.values == {"status": "open"}
    assert item.ignored == ()


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "gone"},
        {"dueBy": "tomorrow"},
        {"agentId": 0},
        {"subject": "x" * 2_000},
        {"body": "\0"},
        {"ccEmails": ["nobody"]},
        {"to": ""},
        {"to": ["x"] * 2_000},
        {"direction": "up"},
        {"tagIds": [1], "addTagIds": [2], "removeTagIds": [2]},
        {"from": None, "channel": "email"},
        {"additionalData": {"a": "\ud800"}},
        {"customerLegitimation": -1},
    ],
)
def test_of_fields_that_a_refresh_ignores_only_the_shape_is_validated(fields: dict[str, object]) -> None:
    item = patch(refreshMode="full", **fields)
    assert complaints(item) == []
    assert item.refresh is RefreshMode.FULL
    assert reasons(item) == dict.fromkeys(fields, "refresh_saves_nothing")
    assert complaints(patch(**fields)) != []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"status": 1}, ("status", "invalid_type")),
        ({"status": None}, ("status", "null_not_allowed")),
        ({"dueBy": True}, ("dueBy", "invalid_type")),
        ({"to": [1]}, ("to[0]", "invalid_type")),
        ({"addTagIds": "1"}, ("addTagIds", "invalid_type")),
        ({"refresh": "yes"}, ("refresh", "invalid_type")),
        ({"refreshTags": None}, ("refreshTags", "null_not_allowed")),
        ({"stauts": "open"}, ("stauts", "unknown_field")),
        ({"id": 0}, ("id", "invalid_value")),
        ({"id": 2**63}, ("id", "invalid_value")),
    ],
)
def test_a_wrong_name_type_or_id_rejects_a_refresh_too(fields: dict[str, object], expected: tuple[str, str]) -> None:
    assert complaints(parse_item({"id": 7, "refreshMode": "tags", **fields}, UTC)) == [expected]


def test_a_refresh_without_an_id_is_rejected() -> None:
    assert complaints(parse_item({"refreshMode": "tags"}, UTC)) == [("id", "missing_id")]


@pytest.mark.parametrize(("mode", "code"), [("all", "invalid_value"), ("", "invalid_value"), (1, "invalid_type")])
def test_a_wrong_mode_is_an_error_and_no_refresh(mode: object, code: str) -> None:
    item = patch(refreshMode=mode, refresh=True, status="gone")
    assert complaints(item) == [("refreshMode", code)]
    assert item.refresh is None
    assert item.values == {}
