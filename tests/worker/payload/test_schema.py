from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from worker.domain.fields import FIELDS, SHOWN_ONLY, Kind, Role
from worker.domain.words import AiSupportLevel, RefreshMode, SpamStatus
from worker.payload.item import DEPRECATED, Rules, parse_item
from worker.payload.schema import batch_schema
from worker.payload.versions import IF_MODIFIED_AT

EXAMPLE = json.loads((Path(__file__).parents[2] / "data" / "patch-ticket-example.json").read_text(encoding="utf-8"))[0]
SCHEMA: dict[str, Any] = batch_schema()
PROPERTIES: dict[str, dict[str, Any]] = SCHEMA["$defs"]["item"]["properties"]
TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


def allows(schema: dict[str, Any], value: Any) -> bool:  # noqa: ANN401 - any JSON
    """Whether a value passes the words of JSON Schema that our schema uses."""
    kind = schema.get("type")
    return (
        ("$ref" not in schema or allows(SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]], value))
        and ("anyOf" not in schema or any(allows(option, value) for option in schema["anyOf"]))
        and (kind is None or (isinstance(value, TYPES[kind]) and isinstance(value, bool) == (kind == "boolean")))
        and ("enum" not in schema or value in schema["enum"])
        and (not isinstance(value, str) or allows_text(schema, value))
        and (not isinstance(value, (int, float)) or allows_number(schema, value))
        and (not isinstance(value, list) or allows_list(schema, value))
    )


def allows_text(schema: dict[str, Any], text: str) -> bool:
    bounded = schema.get("minLength", 0) <= len(text) <= schema.get("maxLength", len(text))
    return bounded and re.search(schema.get("pattern", ""), text) is not None


def allows_number(schema: dict[str, Any], number: float) -> bool:
    inside = schema.get("exclusiveMinimum", -math.inf) < number < schema.get("exclusiveMaximum", math.inf)
    return inside and bool(schema.get("minimum", number) <= number <= schema.get("maximum", number))


def allows_list(schema: dict[str, Any], entries: list[Any]) -> bool:
    if "items" not in schema:
        return True
    return len(entries) <= schema["maxItems"] and all(allows(schema["items"], entry) for entry in entries)


def test_the_schema_is_json() -> None:
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_the_schema_the_table_and_the_page_know_the_same_61_fields() -> None:
    # The page's list has one field that its example leaves out.
    assert set(FIELDS) == {*EXAMPLE, "aiSupportLevel"}
    assert set(PROPERTIES) == {*FIELDS, *SHOWN_ONLY, IF_MODIFIED_AT}
    assert len(FIELDS) == 61


def test_the_schema_gives_a_new_object_each_time() -> None:
    other: dict[str, Any] = batch_schema()
    other["$defs"]["item"]["properties"].clear()
    assert batch_schema() == SCHEMA


def test_an_item_needs_an_id_and_has_no_other_fields() -> None:
    assert SCHEMA["$defs"]["item"]["required"] == ["id"]
    assert SCHEMA["$defs"]["item"]["additionalProperties"] is False


@pytest.mark.parametrize(
    ("name", "words"), [("spamStatus", SpamStatus), ("aiSupportLevel", AiSupportLevel), ("refreshMode", RefreshMode)]
)
def test_enumerations_stand_in_the_schema(name: str, words: type[SpamStatus | AiSupportLevel | RefreshMode]) -> None:
    flat = json.dumps(PROPERTIES[name])
    assert json.dumps([str(word) for word in words]) in flat


def test_every_field_is_described_and_marked_by_its_role() -> None:
    for name, spec in FIELDS.items():
        schema = PROPERTIES[name]
        assert schema["description"]
        assert schema.get("readOnly", False) is (spec.role is Role.COMPUTED)
        assert schema.get("deprecated", False) is (name in DEPRECATED)
        assert schema.get("writeOnly", False) is (
            name in {"addTagIds", "removeTagIds", "refresh", "refreshTags", "refreshMode"}
        )


def test_every_field_of_the_example_passes_its_schema() -> None:
    assert [name for name, value in EXAMPLE.items() if not allows(PROPERTIES[name], value)] == []


def test_the_examples_of_the_schema_are_valid_items() -> None:
    for batch in SCHEMA["examples"]:
        for raw in batch:
            assert parse_item(raw, Rules(ZoneInfo("UTC"))).errors == ()


WORDS = "1 0x1 abc a@b.de open low in out internal email tags human auto_spam 2022-12-15".split()
NUMBERS = [0, 1, -1, 30, 2**31, 2**63, 10**12, 1.5]
LISTS: list[list[object]] = [[], [1], ["1"], [0.5], [None], ["a@b.de"], [""], [1] * 2_000]
SAMPLES: list[object] = [
    *(None, True, False, "", "2022-12-15 22:18:06", "x" * 300, "x" * 2_000, {}, {"a": 1}),
    *(WORDS + NUMBERS + LISTS),
]


@pytest.mark.parametrize("name", [name for name, spec in FIELDS.items() if spec.kind is not Kind.ADDRESSES])
def test_the_schema_and_the_reader_agree(name: str) -> None:
    for value in SAMPLES:
        errors = parse_item({"id": 7, name: value}, Rules(ZoneInfo("UTC"))).errors
        assert allows(PROPERTIES[name], value) is (errors == ()), value


@pytest.mark.parametrize("name", [name for name, spec in FIELDS.items() if spec.kind is Kind.ADDRESSES])
def test_lists_of_addresses_are_formatted_as_email(name: str) -> None:
    assert PROPERTIES[name]["items"] == {"type": "string", "format": "email"}
