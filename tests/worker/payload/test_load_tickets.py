from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.worker.payload.loaded import NOW, checked, complaints
from worker.domain.words import TagSource
from worker.payload.loading.tickets import DEFAULTS, LoadedTicket
from worker.storage.tickets import COLUMNS

PAGE: dict[str, Any] = json.loads(Path("tests/data/patch-ticket-example.json").read_text(encoding="utf-8"))[0]
AGENT = {"id": 4, "code": "process_meter_reading", "name": "Zählerstand"}
TAGS = [{"id": 61, "name": "Zählerstand"}, {"id": 62, "name": "Rechnung"}]


def ticket(**fields: object) -> LoadedTicket:
    document = checked({"tags": TAGS, "aiAgents": [AGENT], "tickets": [{"id": 7, **fields}]})
    assert document.errors.told == []
    return document.tickets[0].value


def wrong(**fields: object) -> list[tuple[str, str]]:
    return complaints({"tags": TAGS, "aiAgents": [AGENT], "tickets": [{"id": 7, **fields}]})


def test_every_stored_value_has_a_default() -> None:
    assert DEFAULTS.keys() | {"createdAt"} == COLUMNS.keys() - {"id"}


def test_a_bare_ticket_is_an_open_incoming_mail_of_now() -> None:
    values = ticket().values
    assert (values["status"], values["channel"], values["direction"]) == ("open", "email", "in")
    assert (values["createdAt"], values["modifiedAt"], values["from"]) == (NOW, None, None)


def test_the_pages_own_ticket_is_taken() -> None:
    page = ticket(**{**PAGE, "id": 7})
    assert page.values["ccEmails"] == ["secondlevel@enneo.ai", "jsmith@example.com"]
    assert page.values["createdAt"] == datetime(2022, 12, 13, 21, 18, 6, tzinfo=UTC)
    assert page.tags == {62: TagSource.MANUAL, 61: TagSource.MANUAL}
    assert page.values["attachments"] == PAGE["attachments"]


def test_given_times_are_kept() -> None:
    values = ticket(createdAt=0, modifiedAt="2026-01-02T03:04:05Z", closedAt="2026-01-02 03:04:05", dueBy=1).values
    assert values["createdAt"] == datetime(1970, 1, 1, tzinfo=UTC)
    assert values["modifiedAt"] == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert values["closedAt"] == datetime(2026, 1, 2, 2, 4, 5, tzinfo=UTC)
    assert values["dueByManual"] is False


@pytest.mark.parametrize(("level", "message"), [(9, None), (10, "Unbekannt"), (19, "Unbekannt"), (20, None)])
def test_a_message_goes_with_levels_of_10_to_19_alone(level: int, message: str | None) -> None:
    values = ticket(customerLegitimation=level, customerLegitimationMessage="Unbekannt").values
    assert values["customerLegitimationMessage"] == message


def test_reply_recipients_fill_the_copies_that_are_not_given() -> None:
    reply = {"to": ["a@example.com"], "cc": ["b@example.com"], "bcc": ["c@example.com"]}
    assert ticket(replyRecipients=reply).values["ccEmails"] == ["b@example.com"]
    assert ticket(replyRecipients=reply, replyCcEmails=["d@example.com"]).values["ccEmails"] == ["d@example.com"]
    assert ticket(replyRecipients=reply, ccEmails=["d@example.com"]).values["bccEmails"] == ["c@example.com"]
    assert ticket(replyRecipients=None).values["ccEmails"] == ()


def test_tags_have_their_sources_and_are_manual_without_one() -> None:
    assert ticket(tagIds=[61, 62], tagSources=[{"id": 62, "source": "ai"}]).tags == {61: "manual", 62: "ai"}


def test_tags_may_be_given_by_their_sources_alone() -> None:
    assert ticket(tagSources=[{"id": 61, "source": "rule"}]).tags == {61: "rule"}


def test_what_a_ticket_is_shown_with_is_taken_and_not_stored() -> None:
    shown = {
        **dict.fromkeys("customer agent assignedAgents workedOnBy workedOnByIds tags agentSkillsMatch".split(), "x"),
        "history": [],
        "worklog": [],
        "refreshes": [],
        "addTagIds": [1],
        "removeTagIds": [1],
        "refresh": True,
        "refreshTags": True,
        "refreshMode": "tags",
    }
    assert ticket(**shown) == ticket()


@pytest.mark.parametrize("channel", ["letter", "phone", "system", "email"])
def test_an_unknown_sender_may_be_null_on_every_channel(channel: str) -> None:
    assert ticket(channel=channel, **{"from": None}).values["from"] is None


@pytest.mark.parametrize(
    ("fields", "path", "code"),
    [
        ({"direction": "up"}, "direction", "invalid_value"),
        ({"tagIds": [61, 5]}, "tagIds[1]", "unknown_tag"),
        ({"tagSources": [{"id": 5, "source": "ai"}]}, "tagSources", "unknown_tag"),
        ({"tagSources": [{"id": 61, "source": "guess"}]}, "tagSources[0].source", "invalid_value"),
        ({"tagSources": [{"id": 61}]}, "tagSources[0].source", "missing_field"),
        ({"tagIds": [61], "tagSources": [{"id": 62, "source": "ai"}]}, "tagSources[0].id", "contradiction"),
        ({"tagSources": [{"id": 61, "source": "ai"}] * 2}, "tagSources[1].id", "contradiction"),
        ({"createdAt": None}, "createdAt", "null_not_allowed"),
        ({"closedAt": "tomorrow"}, "closedAt", "invalid_value"),
        ({"attachments": [1]}, "attachments[0]", "invalid_type"),
        ({"rawData": {"headers": []}}, "rawData.headers", "invalid_type"),
        ({"rawData": {"headers": {"Subject": 1}}}, "rawData.headers", "invalid_type"),
        ({"rawData": {"headers": {"Received": ["a", None]}}}, "rawData.headers", "invalid_type"),
        ({"replyRecipients": {"cc": ["nobody"]}}, "replyRecipients.cc[0]", "invalid_value"),
        ({"subjekt": "x"}, "subjekt", "unknown_field"),
    ],
)
def test_a_wrong_ticket_is_told_where(fields: dict[str, object], path: str, code: str) -> None:
    assert wrong(**fields) == [(f"tickets[0].{path}", code)]


def test_headers_are_texts_or_lists_of_texts() -> None:
    raw = {"headers": {"Subject": "Hallo", "Received": ["a", "b"]}, "size": 7}
    assert ticket(rawData=raw).values["rawData"] == raw


def test_two_tickets_do_not_share_an_external_id() -> None:
    tickets = [{"id": 1, "externalTicketId": "E"}, {"id": 2, "externalTicketId": "E"}]
    assert complaints({"tickets": tickets}) == [("tickets[1].externalTicketId", "duplicate_external_ticket_id")]


def intent(**fields: object) -> dict[str, object]:
    return {"aiAgentId": 4, **fields}


def test_an_intent_is_its_agents_by_id_or_by_code() -> None:
    assert wrong(intents=[{"aiAgentId": 4}, {"code": "process_meter_reading", "contractId": 5}]) == []


@pytest.mark.parametrize(
    ("entry", "path", "code"),
    [
        ({}, "", "missing_field"),
        ({"aiAgentId": 5}, ".aiAgentId", "unknown_ai_agent"),
        ({"code": "other"}, ".code", "unknown_ai_agent"),
        ({"confidence": 1.5, "aiAgentId": 4}, ".confidence", "invalid_value"),
        ({"confidence": float("nan"), "aiAgentId": 4}, ".confidence", "invalid_value"),
        ({"agent": 4}, ".agent", "unknown_field"),
        ({"options": [{"typ": "x", "type": "x"}], "aiAgentId": 4}, ".options[0].typ", "unknown_field"),
        ({"infos": [{"code": "A"}], "aiAgentId": 4}, ".infos[0].type", "missing_field"),
        ({"id": 2**63 - 1, "aiAgentId": 4}, ".id", "invalid_value"),
    ],
)
def test_a_wrong_intent_is_told_where(entry: dict[str, object], path: str, code: str) -> None:
    assert (f"tickets[0].intents[0]{path}", code) in wrong(intents=[entry])
    assert len(wrong(intents=[entry])) == 1


def test_an_agent_has_one_open_intent_a_contract() -> None:
    assert wrong(intents=[intent(), intent()]) == [("tickets[0].intents[1]", "contradiction")]
    assert wrong(intents=[intent(), intent(outcome={"success": True}), intent(contractId="5")]) == []


def test_an_intent_with_an_outcome_was_executed() -> None:
    given = ticket(intents=[intent(outcome={"success": True}), intent()]).intents
    assert given is not None
    assert [(one.of(4).intent.status, one.of(4).open) for one in given] == [("executed", False), ("ready", True)]
