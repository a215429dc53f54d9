from __future__ import annotations

import math
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from worker.domain.fields import FIELDS, WRITABLE, Kind, Role
from worker.payload.item import Item, Rules, parse_item
from worker.payload.kinds import CHOICES, READERS

BERLIN = Rules(ZoneInfo("Europe/Berlin"))
DEEP: dict[str, object] = {}
for _ in range(40):
    DEEP = {"down": DEEP}


def patch(**fields: object) -> Item:
    return parse_item({"id": 7, **fields}, BERLIN)


def complaints(item: Item) -> list[tuple[str, str]]:
    return [(error.field, error.code.value) for error in item.errors]


GOOD: list[tuple[str, object, object]] = [
    ("status", "open", "open"),
    ("priority", "urgent", "urgent"),
    ("spamStatus", None, None),
    ("spamStatus", "manual_clean", "manual_clean"),
    ("agentId", 3, 3),
    ("agentId", "3", 3),
    ("agentId", None, None),
    ("assignedAgentIds", [], []),
    ("assignedAgentIds", [3, "4"], [3, 4]),
    ("customerId", 83771, "83771"),
    ("customerId", "K-1", "K-1"),
    ("customerId", None, None),
    ("contractId", 0, "0"),
    ("partnerId", 2**63 - 1, 2**63 - 1),
    ("customerLegitimation", 0, 0),
    ("customerLegitimation", 45, 45),
    ("aiSupportLevel", "human", "human"),
    ("autoExecuteAt", "2023-11-07T05:31:56Z", datetime(2023, 11, 7, 5, 31, 56, tzinfo=UTC)),
    ("dueBy", "2022-12-15 22:18:06", datetime(2022, 12, 15, 21, 18, 6, tzinfo=UTC)),
    ("firstResponseDueBy", 1_661_126_400, datetime(2022, 8, 22, tzinfo=UTC)),
    ("dueBy", None, None),
    ("isEscalated", True, True),
    ("isCustomerActive", False, False),
    ("subject", "", ""),
    ("summary", "Umzug 🏠", "Umzug 🏠"),
    ("body", None, None),
    ("bodyPlain", "a" * 1_000_000, "a" * 1_000_000),
    ("bodyClean", "\t\n", "\t\n"),
    ("sentiment", "relieved", "relieved"),
    ("language", "Klingon", "Klingon"),
    ("languageCode", "tlh", "tlh"),
    ("from", "+49 170 1234567", "+49 170 1234567"),
    ("fromName", None, None),
    ("to", "+49 170 1234567", "+49 170 1234567"),
    ("to", ["a@b.de", "Group chat"], ["a@b.de", "Group chat"]),
    ("subchannelId", 123, 123),
    ("channel", "walkIn", "walkIn"),
    ("channelId", "32291c7e", "32291c7e"),
    ("externalTicketId", "EXT-1", "EXT-1"),
    ("additionalData", {"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}),
    ("additionalData", None, None),
    ("interface", "internal", "internal"),
    ("responderId", "12", 12),
    ("ccEmails", ["a@b.de"], ["a@b.de"]),
    ("bccEmails", [], []),
]


@pytest.mark.parametrize(
    ("name", "sent", "stored"), GOOD, ids=[f"{name}-{number}" for number, (name, _, _) in enumerate(GOOD)]
)
def test_a_valid_value_takes_its_stored_form(name: str, sent: object, stored: object) -> None:
    item = patch(**{name: sent})
    assert complaints(item) == []
    assert item.values == {name: stored}
    assert type(item.values[name]) is type(stored)


def test_every_writable_field_is_among_the_valid_values() -> None:
    assert {name for name, _, _ in GOOD} == {*WRITABLE, "ccEmails", "bccEmails"}


def test_every_kind_but_the_unchecked_one_has_a_reader() -> None:
    assert set(READERS) == set(Kind) - {Kind.ANY}


def test_only_computed_fields_are_not_checked() -> None:
    assert {spec.role for spec in FIELDS.values() if spec.kind is Kind.ANY} == {Role.COMPUTED}


@pytest.mark.parametrize(("name", "word"), [(name, word) for name, choices in CHOICES.items() for word in choices])
def test_every_word_of_an_enumeration_is_taken(name: str, word: str) -> None:
    assert complaints(patch(**{name: word})) == []


INTEGERS = ["id", "agentId", "partnerId", "subchannelId", "responderId"]
LOOSE = ["customerId", "contractId"]
FLAGS = ["isEscalated", "isCustomerActive", "refresh", "refreshTags"]
TIMES = ["autoExecuteAt", "dueBy", "firstResponseDueBy"]
TEXTS = [name for name, spec in FIELDS.items() if spec.kind is Kind.TEXT and name not in CHOICES]
IDS = ["assignedAgentIds", "tagIds", "addTagIds", "removeTagIds"]
ADDRESSES = ["ccEmails", "bccEmails", "replyCcEmails"]
NO_INTEGERS: list[object] = [True, False, 1.0, 1.5, "abc", "1.0", "-1", "+1", " 1", "1_0", "١", "", [], {}, [1]]
NO_TIMES: list[object] = ["2022-12-15", "1661126400", 1_661_126_400_000, "soon", "", "9999-12-31T23:59:59Z", math.nan]

BAD: list[tuple[list[str], str, list[object]]] = [
    (INTEGERS, "invalid_type", NO_INTEGERS),
    (INTEGERS, "invalid_value", [0, -1, 2**63, 10**400, "0", "9" * 20, "9" * 5_000]),
    (LOOSE, "invalid_type", [True, 1.0, [], {}]),
    (LOOSE, "invalid_value", ["", "a\0", "\ud800"]),
    (LOOSE, "too_long", ["x" * 256, 10**255, -(10**255), 10**5_000]),
    (["customerLegitimation"], "invalid_type", [True, 30.0, "30", [], {}]),
    (["customerLegitimation"], "invalid_value", [-1, 2**31]),
    (FLAGS, "invalid_type", [0, 1, "true", "false", 1.0, [], {}]),
    (TIMES, "invalid_type", [True, False, [], {}]),
    (TIMES, "invalid_value", NO_TIMES),
    ([*CHOICES], "invalid_type", [1, True, [], {}]),
    ([*CHOICES], "invalid_value", ["", "OPEN", "nonsense", "\ud800", "open "]),
    (TEXTS, "invalid_type", [1, True, 1.5, [], {}, ["text"]]),
    (TEXTS, "invalid_value", ["a\0b", "\ud800", "ü\udfff"]),
    (TEXTS, "too_long", ["x" * 5_000_001]),
    (IDS, "invalid_type", [1, "1", "1,2", {}, True]),
    (IDS, "too_long", [[1] * 1_001]),
    (ADDRESSES, "invalid_type", ["a@b.de", {}, 1, True]),
    (ADDRESSES, "too_long", [["a@b.de"] * 1_001]),
    (["to"], "invalid_type", [1, True, {}, 1.5]),
    (["to"], "invalid_value", ["", "  ", "\0", "\ud800"]),
    (["to"], "too_long", ["x" * 1_001, ["x"] * 1_001]),
    (["additionalData"], "invalid_type", [[], [{}], "{}", 1, True]),
    (["additionalData"], "invalid_value", [{"a": "\0"}, {"a": ["\ud800"]}, {"\ud800": 1}, {"a": {"\0": 1}}]),
    (["additionalData"], "invalid_value", [{"a": math.nan}, {"a": {1: 2}}, {"a": (1, 2)}]),
    (["additionalData"], "too_long", [{"a": "x" * 1_000_000}, {"a": [0] * 1_000_000}, {"x" * 1_000_000: 1}, DEEP]),
]


@pytest.mark.parametrize(("names", "code", "values"), BAD, ids=[f"{names[0]}-{code}" for names, code, _ in BAD])
def test_a_wrong_value_is_rejected_by_its_code(names: list[str], code: str, values: list[object]) -> None:
    for name in names:
        for value in values:
            assert complaints(patch(**{name: value})) == [(name, code)]


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_may_fill_its_limit_and_not_exceed_it(name: str) -> None:
    limit = FIELDS[name].limit
    assert limit is not None
    assert complaints(patch(**{name: "ü" * limit})) == []
    assert complaints(patch(**{name: "ü" * (limit + 1)})) == [(name, "too_long")]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("to", ["a", "", None, 3], {1: "invalid_value", 2: "null_not_allowed", 3: "invalid_type"}),
        ("to", ["x" * 1_001, "b"], {0: "too_long"}),
        ("ccEmails", ["a@b.de", "a@b", None, 5], {1: "invalid_value", 2: "null_not_allowed", 3: "invalid_type"}),
        ("bccEmails", ["Tom <a@b.de>"], {0: "invalid_value"}),
        ("replyCcEmails", ["ok@b.de", "\ud800@b.de"], {1: "invalid_value"}),
        ("tagIds", [1, "x", 0, None, "2"], {1: "invalid_type", 2: "invalid_value", 3: "null_not_allowed"}),
        ("addTagIds", [-1], {0: "invalid_value"}),
        ("removeTagIds", [[1]], {0: "invalid_type"}),
        ("assignedAgentIds", [1.0], {0: "invalid_type"}),
    ],
)  # fmt: skip
def test_every_wrong_entry_of_a_list_is_named_by_its_position(
    name: str, value: object, expected: dict[int, str]
) -> None:
    assert complaints(patch(**{name: value})) == [(f"{name}[{index}]", code) for index, code in expected.items()]


@pytest.mark.parametrize(
    "name",
    [name for name, spec in FIELDS.items() if not spec.nullable and spec.role is not Role.COMPUTED],
)
def test_null_is_refused_where_a_field_is_not_nullable(name: str) -> None:
    assert complaints(patch(**{name: None})) == [(name, "null_not_allowed")]


@pytest.mark.parametrize("name", [name for name, spec in WRITABLE.items() if spec.nullable])
def test_null_clears_where_a_field_is_nullable(name: str) -> None:
    item = patch(**{name: None})
    assert complaints(item) == []
    assert item.values == {name: None}


@pytest.mark.parametrize(
    "address", ["jsmith@example.com", "a.b+c@sub.firm.de", "ä@übung.de", "x@firm.test", "O'Neill@x.ie"]
)
def test_an_address_is_kept_as_it_was_sent(address: str) -> None:
    assert patch(bccEmails=[address]).values == {"bccEmails": [address]}


@pytest.mark.parametrize(
    "address",
    ["", "a", "@", "a@", "@b.de", "a@b", "a@b..de", "a b@c.de", " a@b.de", "a@b.de\n", "a@1.2.3.4", "a@[1.2.3.4]",
     "a@b.de,c@d.de", "a@b@c.de", "a@test", "a@firm.invalid", "a@" + "x" * 300 + ".de"],
)  # fmt: skip
def test_what_is_no_single_address_is_refused(address: str) -> None:
    assert complaints(patch(ccEmails=[address])) == [("ccEmails[0]", "invalid_value")]
