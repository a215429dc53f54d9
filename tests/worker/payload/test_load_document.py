from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.worker.payload.loaded import NOTHING, checked, complaints
from worker.domain import conditions
from worker.domain.definitions import tag_of
from worker.payload.loading.agreement import Stored
from worker.payload.loading.customers import CONTRACT, CUSTOMER
from worker.payload.loading.errors import MOST_ERRORS, LoadRefused

PAGE: dict[str, Any] = json.loads(Path("tests/data/patch-ticket-example.json").read_text(encoding="utf-8"))[0]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER_SECRET = "whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldY"


def tag(tag_id: int = 1, /, **more: Any) -> dict[str, object]:  # noqa: ANN401 - any value of a key
    return {"id": tag_id, "name": "Beschwerde", **more}


def found_by(kind: str, **more: object) -> dict[str, object]:
    return {"type": kind, **more}


def ai_agent(**more: object) -> dict[str, object]:
    return {"id": 1, "code": "meter", "name": "Zähler", "detectionDetails": found_by("aiDetection"), **more}


def webhook(**more: object) -> dict[str, object]:
    return {"id": "shop", "url": "https://example.com/hook", "secret": SECRET, **more}


CONDITION = {"field": "channel", "operator": "Equal", "value": "email"}


@pytest.mark.parametrize("raw", [None, 1, "text", [], [{"tickets": []}], True])
def test_a_file_is_one_object(raw: object) -> None:
    assert complaints(raw) == [("", "not_an_object")]


def test_a_file_may_hold_nothing() -> None:
    assert complaints({}) == []


def test_an_unknown_list_is_named_with_its_nearest_one() -> None:
    document = checked({"ticket": []})
    assert complaints({"ticket": []}) == [("ticket", "unknown_field")]
    assert "tickets" in document.errors.told[0].message


@pytest.mark.parametrize(("value", "code"), [(None, "null_not_allowed"), ({}, "invalid_type"), ("x", "invalid_type")])
@pytest.mark.parametrize("name", ["tickets", "customers", "tags", "agents", "aiAgents", "webhooks"])
def test_every_list_is_a_list(name: str, value: object, code: str) -> None:
    assert complaints({name: value}) == [(name, code)]


@pytest.mark.parametrize("name", ["tickets", "customers", "tags", "agents", "aiAgents", "webhooks"])
def test_every_entry_is_an_object_with_an_id_and_known_keys(name: str) -> None:
    told = complaints({name: [7, {"wrong key": 1}]})
    assert (f"{name}[0]", "not_an_object") in told
    assert (f"{name}[1].id", "missing_id") in told
    assert (f"{name}[1].wrong key", "unknown_field") in told


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("tickets", {"id": 1}),
        ("customers", {"id": "1"}),
        ("tags", tag()),
        ("agents", {"id": 1}),
        ("webhooks", webhook()),
    ],
)
def test_an_id_is_given_once(name: str, entry: dict[str, object]) -> None:
    assert complaints({name: [entry, {**entry}]}) == [(f"{name}[1].id", "duplicate_id")]


def test_a_number_and_its_text_are_one_customer_id() -> None:
    assert complaints({"customers": [{"id": 7}, {"id": "7"}]}) == [("customers[1].id", "duplicate_id")]


def test_all_errors_of_a_file_are_told_at_once_in_its_order() -> None:
    raw = {"tags": [tag(parent=9, sla=0)], "agents": [{}], "tickets": [{"id": 1, "status": "shut"}]}
    assert complaints(raw) == [
        ("tags[0].sla", "invalid_value"),
        ("agents[0].id", "missing_id"),
        ("tickets[0].status", "invalid_value"),
        ("tags[0].parent", "unknown_tag"),
    ]


def test_of_very_many_errors_the_first_are_told_and_all_are_counted() -> None:
    errors = checked({"agents": [{}] * (MOST_ERRORS + 5)}).errors
    assert (len(errors.told), errors.count) == (MOST_ERRORS, MOST_ERRORS + 5)
    with pytest.raises(LoadRefused, match="105 errors, the first one is missing_id at agents"):
        errors.refuse()


def test_the_pages_own_objects_are_taken() -> None:
    tags = [*PAGE["tags"], tag(6)]
    raw = {"customers": [PAGE["customer"]], "agents": [PAGE["agent"]], "tags": tags}
    assert complaints(raw) == []


def test_passwords_and_images_are_taken_and_forgotten() -> None:
    [agent] = checked({"agents": [PAGE["agent"]]}).agents
    assert agent.value["lastName"] == "Mustermann"
    assert not {"password", "image"} & agent.value.keys()


def test_customers_and_contracts_have_the_fields_that_conditions_read() -> None:
    assert CUSTOMER.keys() - {"contracts"} == conditions._PAGE["customer"]
    assert CONTRACT.keys() == conditions._PAGE["contract"]


@pytest.mark.parametrize(
    ("wrong", "path", "code"),
    [
        ({"business": "no"}, "business", "invalid_type"),
        ({"firstname": 7}, "firstname", "invalid_type"),
        ({"contracts": {}}, "contracts", "invalid_type"),
        ({"contracts": [1]}, "contracts[0]", "not_an_object"),
        ({"contracts": [{"id": 1, "tariff": 1}]}, "contracts[0].tariff", "unknown_field"),
        ({"contracts": [{"id": 1, "statusCode": []}]}, "contracts[0].statusCode", "invalid_type"),
        ({"contracts": [{"id": 1, "unpaidDebt": float("inf")}]}, "contracts[0].unpaidDebt", "invalid_value"),
        ({"contracts": [{"id": 1}, {"id": "1"}]}, "contracts[1].id", "duplicate_id"),
        ({"additionalData": {"a": "\0"}}, "additionalData", "invalid_value"),
    ],
)
def test_a_wrong_customer_is_told_where(wrong: dict[str, object], path: str, code: str) -> None:
    assert complaints({"customers": [{"id": 1, **wrong}]}) == [(f"customers[0].{path}", code)]


def test_two_customers_do_not_share_a_contract() -> None:
    raw = {"customers": [{"id": 1, "contracts": [{"id": 5}]}, {"id": 2, "contracts": [{"id": 5}]}]}
    assert complaints(raw) == [("customers[1].contracts[0].id", "duplicate_id")]


def stored(**known: Any) -> Stored:  # noqa: ANN401
    return Stored(**{**{name: getattr(NOTHING, name) for name in Stored.__dataclass_fields__}, **known})


def test_a_contract_of_a_customer_outside_of_the_file_is_not_taken_away() -> None:
    raw = {"customers": [{"id": "1", "contracts": [{"id": "5"}]}]}
    assert complaints(raw, stored(contracts={"5": "2"})) == [("customers[0].contracts[0].id", "contradiction")]
    raw["customers"].append({"id": "2", "contracts": []})
    assert complaints(raw, stored(contracts={"5": "2"})) == []


@pytest.mark.parametrize(
    ("wrong", "path", "code"),
    [
        ({"name": " "}, "name", "invalid_value"),
        ({"sla": -1}, "sla", "invalid_value"),
        ({"sla": True}, "sla", "invalid_type"),
        ({"priority": "highest"}, "priority", "invalid_value"),
        ({"channels": ["email", "fax"]}, "channels[1]", "invalid_value"),
        ({"subchannels": [2, 0]}, "subchannels[1]", "invalid_value"),
        ({"parent": 5}, "parent", "unknown_tag"),
        ({"parent": 1}, "parent", "contradiction"),
        ({"detectionDetails": {"kind": "x"}}, "detectionDetails.kind", "unknown_field"),
        ({"detectionDetails": found_by("guess")}, "detectionDetails.type", "invalid_value"),
        ({"detectionDetails": {"examples": ["a", 1]}}, "detectionDetails.examples[1]", "invalid_type"),
        ({"detectionDetails": {"condition": CONDITION}}, "detectionDetails.condition", "contradiction"),
        (
            {"detectionDetails": found_by("aiDetection", condition=CONDITION)},
            "detectionDetails.condition",
            "contradiction",
        ),
        ({"detectionDetails": found_by("aiAndConditionDetection")}, "detectionDetails.condition", "contradiction"),
        ({"detectionDetails": found_by("conditionDetection")}, "detectionDetails.condition", "contradiction"),
        (
            {"detectionDetails": found_by("conditionDetection", condition={"and": [{**CONDITION, "operator": "Is"}]})},
            "detectionDetails.condition.and[0].operator",
            "invalid_value",
        ),
    ],
)
def test_a_wrong_tag_is_told_where(wrong: dict[str, Any], path: str, code: str) -> None:
    assert complaints({"tags": [tag(**wrong)]}) == [(f"tags[0].{path}", code)]


def test_a_wrong_type_of_detection_is_told_once() -> None:
    """What follows from a mistake is no mistake of its own."""
    wrong = tag(detectionDetails=found_by("guess", condition=CONDITION))
    assert complaints({"tags": [wrong]}) == [("tags[0].detectionDetails.type", "invalid_value")]


@pytest.mark.parametrize("limit", [{"channels": ["letter"]}, {"subchannels": [4]}])
def test_a_condition_tag_needs_no_condition_when_channels_limit_it(limit: dict[str, object]) -> None:
    assert complaints({"tags": [tag(detectionDetails=found_by("conditionDetection"), **limit)]}) == []


def test_tags_are_not_above_each_other_in_a_circle() -> None:
    raw = {"tags": [tag(1, parent=2), tag(2, parent=3), tag(3, parent=1), tag(4, parent=1)]}
    assert complaints(raw) == [(f"tags[{index}].parent", "contradiction") for index in range(3)]


def test_a_parent_may_be_stored_already() -> None:
    raw = {"tags": [tag(1, parent=2)]}
    assert complaints(raw, stored(tags={2: tag_of(tag(2))})) == []


def test_one_tag_is_the_default() -> None:
    raw = {"tags": [tag(1, properties=["defaultSkill"]), tag(2, properties=["defaultSkill"])]}
    assert complaints(raw) == [("tags[1].properties", "contradiction")]
    raw["tags"][0]["visibility"] = "disabled"
    assert complaints(raw) == []


@pytest.mark.parametrize(
    ("wrong", "path", "code"),
    [
        ({"fields": [{"name": "x"}]}, "fields[0].type", "missing_field"),
        ({"fields": [{"name": "x", "type": "integer"}]}, "fields[0].type", "invalid_value"),
        (
            {"fields": [{"name": "x", "type": "date"}, {"name": "x", "type": "iban"}]},
            "fields[1].name",
            "contradiction",
        ),
        ({"options": [{"name": "Eintragen"}]}, "options[0].type", "missing_field"),
        ({"options": [{"type": "enter"}, {"type": "enter"}]}, "options[1].type", "contradiction"),
        ({"options": [{"type": "enter"}], "autoExecute": ["enter", "send"]}, "autoExecute[1]", "contradiction"),
        ({"detectionDetails": found_by("conditionDetection")}, "detectionDetails.condition", "contradiction"),
        ({"code": None}, "code", "null_not_allowed"),
    ],
)
def test_a_wrong_ai_agent_is_told_where(wrong: dict[str, object], path: str, code: str) -> None:
    assert complaints({"aiAgents": [ai_agent(**wrong)]}) == [(f"aiAgents[0].{path}", code)]


def test_two_ai_agents_do_not_share_a_code() -> None:
    assert complaints({"aiAgents": [ai_agent(), ai_agent(id=2)]}) == [("aiAgents[1].code", "contradiction")]


@pytest.mark.parametrize(
    ("wrong", "path", "code"),
    [
        ({"url": "ftp://example.com"}, "url", "invalid_value"),
        ({"secret": "MfKQ9r8G"}, "secret", "invalid_value"),
        ({"secret": None}, "secret", "null_not_allowed"),
        ({"secret": []}, "secret", "invalid_value"),
        ({"secret": [SECRET] * 3}, "secret", "invalid_value"),
        ({"secret": [SECRET, "geheim"]}, "secret[1]", "invalid_value"),
        ({"secret": [SECRET, None]}, "secret[1]", "null_not_allowed"),
        ({"fields": ["status", "prioritaet"]}, "fields[1]", "unknown_field"),
        ({"fields": ["addTagIds"]}, "fields[0]", "unknown_field"),
        ({"digest": 1}, "digest", "invalid_type"),
        ({"events": ["ticketUpdated", "ticketSolved"]}, "events[1]", "invalid_value"),
        ({"events": []}, "events", "invalid_value"),
        ({"channels": ["fax"]}, "channels[0]", "invalid_value"),
        ({"enabled": "yes"}, "enabled", "invalid_type"),
        ({"id": "x" * 37}, "id", "too_long"),
    ],
)
def test_a_wrong_webhook_is_told_where(wrong: dict[str, object], path: str, code: str) -> None:
    assert complaints({"webhooks": [webhook(**wrong)]}) == [(f"webhooks[0].{path}", code)]


def test_a_webhook_has_defaults() -> None:
    [found] = checked({"webhooks": [webhook(channels=None)]}).webhooks
    filters = {"events": ["ticketUpdated"], "fields": [], "channels": [], "subchannels": []}
    assert found.value == webhook(secret=[SECRET], **filters, digest=False, enabled=True)


def test_a_webhook_may_have_the_secret_from_before_beside_the_present_one() -> None:
    [found] = checked({"webhooks": [webhook(secret=[OTHER_SECRET, SECRET])]}).webhooks
    assert found.value["secret"] == [OTHER_SECRET, SECRET]


def test_errors_never_hold_what_was_given() -> None:
    private = "geheim-4711"
    raw = {
        "webhooks": [webhook(secret=private, url=private)],
        "customers": [{"id": 1, "business": private, "contracts": [{"id": 1, "registers": private}]}],
        "tickets": [{"id": 1, "ccEmails": [private], "createdAt": private, "intents": [{"data": private}]}],
        "tags": [tag(detectionDetails=found_by("conditionDetection", condition={"field": private, "operator": "x"}))],
    }
    errors = checked(raw).errors
    assert errors.count >= 8
    assert private not in str(errors.told)
