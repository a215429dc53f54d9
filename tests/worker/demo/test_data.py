"""The demo's files: that they fit together, and that nothing in them could be somebody's."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from schwifty import IBAN

from worker.domain.conditions import check_condition
from worker.domain.words import Channel, DetectionType, Direction, RefreshMode, TagSource
from worker.payload.item import Rules, parse_item

ROOT = Path(__file__).parents[3]
DATA = ROOT / "worker/demo/data"
PAGE_EXAMPLE = ROOT / "tests/data/patch-ticket-example.json"
BATCHES = ("a-example", "b-save", "c-refresh", "d-mistakes", "e-spam")
SOUND_BATCHES = ("b-save", "c-refresh", "e-spam")
JSON_FILES = ("master.json", "tickets.json", *(f"batches/{name}.json" for name in BATCHES[1:]))

Json = dict[str, Any]

RULES = Rules(ZoneInfo("UTC"))
ITEM_CODES = (
    "not_an_object missing_id unknown_field invalid_type invalid_value null_not_allowed too_long immutable_field "
    "conflicting_fields pending_requires_future_due_by duplicate_external_ticket_id ticket_not_found unknown_tag"
).split()
"""What contract section 2 lets an item end with; `aborted` needs an atomic batch."""
STATE_CODES = (
    "immutable_field pending_requires_future_due_by duplicate_external_ticket_id ticket_not_found unknown_tag"
).split()
"""Codes that only the stored rows can tell; the others show when an item is read."""


def read(name: str) -> Any:  # noqa: ANN401 - whatever a JSON file holds
    return json.loads((DATA / name).read_text(encoding="utf-8"))


def batch(name: str) -> list[Any]:
    items: list[Any] = read(f"batches/{name}.json")
    return items


MASTER: dict[str, list[Json]] = read("master.json")
TICKETS: list[Json] = read("tickets.json")["tickets"]
README = (DATA / "README.md").read_text(encoding="utf-8")
CONTRACTS: list[Json] = [contract for customer in MASTER["customers"] for contract in customer["contracts"]]
TICKET_BY_ID = {ticket["id"]: ticket for ticket in TICKETS}
TAG_IDS = {tag["id"] for tag in MASTER["tags"]}
AGENT_IDS = {agent["id"] for agent in MASTER["agents"]}
OWNERS = {contract["id"]: customer["id"] for customer in MASTER["customers"] for contract in customer["contracts"]}
CUSTOMER_IDS = {customer["id"] for customer in MASTER["customers"]}
PROMISED_CODES = {int(index): code for index, code in re.findall(r"^\| (\d+) \| `(\w+)` \|$", README, re.MULTILINE)}
READ_BY_AI = {DetectionType.AI, DetectionType.AI_AND_CONDITION, DetectionType.AI_OR_CONDITION}
WRONG_IBAN = "DE12990000000012345678"


def own_text() -> str:
    """Everything the demo's authors wrote: the page's verbatim example is not theirs."""
    return "\n".join((DATA / name).read_text(encoding="utf-8") for name in JSON_FILES)


def words_of(body: str | None) -> list[str]:
    """The words of a body in lower case, without markup; `#` stands for whatever holds a digit."""
    text = re.sub(r"<style.*?</style>|<[^>]+>", " ", body or "", flags=re.DOTALL)
    return re.findall(r"\w+|#", re.sub(r"\S*\d\S*", "#", text).casefold())


def items_with_ids() -> Iterator[tuple[str, int, Json]]:
    for name in BATCHES:
        for index, item in enumerate(batch(name)):
            if isinstance(item, dict) and "id" in item:
                yield name, index, item


@pytest.mark.parametrize("name", JSON_FILES)
def test_a_file_is_pretty_printed_utf_8(name: str) -> None:
    expected = json.dumps(read(name), ensure_ascii=False, indent=2) + "\n"
    assert (DATA / name).read_text(encoding="utf-8") == expected


def test_the_first_batch_is_the_page_s_example_byte_for_byte() -> None:
    assert (DATA / "batches/a-example.json").read_bytes() == PAGE_EXAMPLE.read_bytes()


def test_the_page_s_ticket_holds_the_page_s_message_before_its_refresh() -> None:
    example = json.loads(PAGE_EXAMPLE.read_text(encoding="utf-8"))[0]
    stored = TICKET_BY_ID[example["id"]]
    assert {name: stored[name] for name in ("body", "subject", "channel", "direction")} == {
        name: example[name] for name in ("body", "subject", "channel", "direction")
    }
    assert not {"bodyClean", "summary", "customerId"} & stored.keys()
    assert set(example["tagIds"]) <= set(stored["tagIds"])


@pytest.mark.parametrize(
    "values",
    [
        *([row["id"] for row in MASTER[kind]] for kind in ("tags", "customers", "agents", "aiAgents")),
        [row["code"] for row in MASTER["aiAgents"]],
        [row["id"] for row in CONTRACTS],
        [row["counterNumber"] for row in CONTRACTS],
        [row["iban"] for row in CONTRACTS if row["iban"]],
        [row["id"] for row in TICKETS],
        [row["externalTicketId"] for row in TICKETS if "externalTicketId" in row],
    ],
    ids="tags customers agents ai_agents codes contracts meters ibans tickets external_ids".split(),
)
def test_what_names_something_names_it_alone(values: list[object]) -> None:
    assert len(values) == len(set(values)) > 0


def test_every_ticket_reads_like_a_valid_patch() -> None:
    assert {
        ticket["id"]: parse_item(ticket, RULES).errors for ticket in TICKETS if parse_item(ticket, RULES).errors
    } == {}


def loose_ends(ticket: Json) -> set[object]:
    """What a ticket names and nobody defines."""
    tags, sources = set(ticket.get("tagIds", [])), ticket.get("tagSources", [])
    people = {ticket.get("agentId"), ticket.get("responderId"), *ticket.get("assignedAgentIds", [])} - {None}
    customer, contract = ticket.get("customerId"), ticket.get("contractId")
    return (
        (tags - TAG_IDS)
        | ({source["id"] for source in sources} - tags)
        | ({source["source"] for source in sources} - set(TagSource))
        | (people - AGENT_IDS)
        | ({customer} - CUSTOMER_IDS - {None})
        | ({contract} if contract and OWNERS.get(contract) != customer else set())
    )


def test_a_ticket_names_only_what_exists() -> None:
    assert {ticket["id"]: loose_ends(ticket) for ticket in TICKETS if loose_ends(ticket)} == {}


def test_tickets_came_in_within_the_weeks_that_the_readme_names() -> None:
    times = sorted(ticket["createdAt"] for ticket in TICKETS)
    assert "2026-10-01" <= times[0] < times[-1] < "2026-11-21"


def test_what_happened_to_a_ticket_happened_after_it_came_in() -> None:
    later = ("modifiedAt", "closedAt", "firstResponseDueBy", "dueBy")
    assert [t["id"] for t in TICKETS for name in later if t.get(name, t["createdAt"]) < t["createdAt"]] == []


def test_a_closed_ticket_alone_has_a_time_of_closing() -> None:
    assert [t["id"] for t in TICKETS if (t["status"] == "closed") != ("closedAt" in t)] == []


def test_a_pending_ticket_is_due_in_years() -> None:
    due = [ticket["dueBy"] for ticket in TICKETS if ticket["status"] == "pending"]
    assert min(due) > "2030"


def test_a_system_ticket_alone_has_no_sender() -> None:
    assert [t["id"] for t in TICKETS if (t["from"] is None) != (t["channel"] == Channel.SYSTEM)] == []


def test_contracts_and_tags_hang_together() -> None:
    assert {contract["id"]: contract["customerId"] for contract in CONTRACTS} == OWNERS
    assert {tag["parent"] for tag in MASTER["tags"]} <= TAG_IDS | {None}
    assert all(tag["fullName"].endswith(tag["name"]) for tag in MASTER["tags"])
    assert [tag["id"] for tag in MASTER["tags"] if "defaultSkill" in tag["properties"]] == [75]
    assert [len(customer["contracts"]) for customer in MASTER["customers"]].count(0) == 1
    assert max(len(customer["contracts"]) for customer in MASTER["customers"]) == 3


@pytest.mark.parametrize("row", [*MASTER["tags"], *MASTER["aiAgents"]], ids=lambda row: str(row["name"]))
def test_a_detection_has_what_its_type_needs(row: Json) -> None:
    details = row["detectionDetails"]
    kind = DetectionType(details["type"])
    if kind in READ_BY_AI:
        assert details["description"]
        assert len(details["examples"]) >= 3
    if kind not in {DetectionType.MANUAL, DetectionType.AI}:
        assert "condition" in details or row["channels"] or row["subchannels"]
    assert check_condition(details.get("condition", {"field": "id", "operator": "IsNotNull"})) == []


def test_the_demo_shows_every_word_of_the_page() -> None:
    tickets = Counter(str(ticket[name]) for ticket in TICKETS for name in ("channel", "direction", "status"))
    assert {tag["detectionDetails"]["type"] for tag in MASTER["tags"]} == set(DetectionType)
    assert {*Channel, *Direction, "open", "pending", "closed"} <= tickets.keys()
    assert {item.get("refreshMode") for item in batch("c-refresh")} == {*RefreshMode, None}
    assert {ticket["spamStatus"] for ticket in TICKETS} == {
        None,
        "auto_spam",
        "auto_programmatic",
        "manual_spam",
        "manual_clean",
    }


def test_no_customer_number_reads_as_a_postcode() -> None:
    postcodes = set(re.findall(r"(?<!\d)\d{5}(?!\d)(?= [A-ZÄÖÜ])", own_text()))
    assert postcodes.isdisjoint(CUSTOMER_IDS)


@pytest.mark.parametrize("name", SOUND_BATCHES)
def test_a_sound_batch_holds_no_mistake(name: str) -> None:
    assert [parse_item(item, RULES).errors for item in batch(name)] == [()] * len(batch(name))


def strangers(item: Json) -> set[str]:
    """The codes and fields by which an item names what nobody defines."""
    tags = {tag for field in ("tagIds", "addTagIds", "removeTagIds") for tag in item.get(field, [])}
    people = {item.get("agentId"), item.get("responderId"), *item.get("assignedAgentIds", [])} - {None}
    customer, contract = item.get("customerId"), item.get("contractId")
    found = {
        "ticket_not_found": int(item["id"]) not in TICKET_BY_ID,
        "unknown_tag": not tags <= TAG_IDS,
        "agentId": not {int(person) for person in people} <= AGENT_IDS,
        "customerId": customer is not None and str(customer) not in CUSTOMER_IDS,
        "contractId": contract is not None and OWNERS.get(str(contract)) != str(customer),
    }
    return {name for name, is_stranger in found.items() if is_stranger}


def test_a_batch_names_only_what_exists_where_the_mistake_is_not_just_that() -> None:
    promised = {"ticket_not_found", "unknown_tag"}
    for name, index, item in items_with_ids():
        if name != "a-example":  # the ids in it are the page's
            expected = promised & {PROMISED_CODES.get(index)} if name == "d-mistakes" else set()
            assert strangers(item) == expected, (name, index)


def test_every_mistake_of_an_item_is_made_once_and_promised_in_the_readme() -> None:
    assert sorted(PROMISED_CODES.values()) == sorted(ITEM_CODES)


def test_the_mistakes_in_an_item_s_shape_are_those_that_the_readme_promises() -> None:
    found = {
        index: [error.code.value for error in parse_item(item, RULES).errors]
        for index, item in enumerate(batch("d-mistakes"))
    }
    promised = {index: code for index, code in PROMISED_CODES.items() if code not in STATE_CODES}
    assert {index: codes for index, codes in found.items() if codes} == {
        index: [code] for index, code in promised.items()
    }


@pytest.mark.parametrize(
    ("code", "is_made"),
    [
        ("immutable_field", lambda item, ticket: item["direction"] != ticket["direction"]),
        (
            "pending_requires_future_due_by",
            lambda item, ticket: "dueBy" not in item and ticket.get("dueBy", "") < "2026-11-23",
        ),
        ("duplicate_external_ticket_id", lambda item, ticket: item["externalTicketId"] in others(ticket)),
    ],
)
def test_a_mistake_that_stored_rows_tell_is_made(code: str, is_made: Callable[[Json, Json], bool]) -> None:
    index = next(index for index, promised in PROMISED_CODES.items() if promised == code)
    item = batch("d-mistakes")[index]
    assert is_made(item, TICKET_BY_ID[item["id"]])


def others(ticket: Json) -> set[str]:
    return {
        other["externalTicketId"] for other in TICKETS if "externalTicketId" in other and other["id"] != ticket["id"]
    }


def test_no_good_item_beside_the_mistakes_meets_what_another_batch_changes() -> None:
    changed = {int(item["id"]) for item in batch("b-save")}
    assert changed.isdisjoint(item["id"] for name, _, item in items_with_ids() if name == "d-mistakes")


def test_the_saved_batch_changes_a_hundred_tickets_and_meets_some_twice() -> None:
    times = Counter(int(item["id"]) for item in batch("b-save"))
    assert len(times) == 100
    assert sum(number > 1 for number in times.values()) == 4


def test_every_iban_is_valid_and_of_a_bank_that_does_not_exist() -> None:
    written = {re.sub(r"\s", "", found) for found in re.findall(r"\bDE\d{2}(?: ?\d{4}){4} ?\d{2}\b", own_text())}
    assert len(written) > 70
    assert {iban for iban in written if not IBAN(iban, allow_invalid=True).is_valid} == {WRONG_IBAN}
    assert {iban for iban in written if iban[4] != "9"} == {"DE89370400440532013000"}


def test_addresses_and_links_use_reserved_domains_alone() -> None:
    domains = set(re.findall(r"(?:[\w.+-]@|https?://|\bwww\.)([\w-]+(?:\.[\w-]+)+)", own_text()))
    reserved = re.compile(r"(.+\.)?(example\.(com|org|net)|[\w.-]+\.(example|test)|(\w+\.)?example)")
    assert len(domains) > 20
    assert {domain for domain in domains if not reserved.fullmatch(domain)} == set()


def test_telephone_numbers_come_from_the_ranges_kept_for_fiction() -> None:
    text = re.sub(r"\bDE\d{2}(?: ?\d{4}){4} ?\d{2}\b", "", own_text())
    found = re.findall(r"(?:\+49 ?|(?<!\w)0)((?:30|40|69|89|221|1[567]\d)[ \d]{6,}\d)", text)
    fiction = re.compile(
        r"3023125\d{3}|4066969\d{3}|6990009\d{3}|8999998\d{3}|2214710\d{3}|17139200\d{2}|176040690\d{2}"
    )
    assert len(found) > 60
    assert [number for number in found if not fiction.fullmatch(number.replace(" ", ""))] == []


def test_at_least_ninety_texts_are_unlike_each_other() -> None:
    distinct: list[set[tuple[str, ...]]] = []
    for ticket in TICKETS:
        words = words_of(ticket["body"])
        triples = {tuple(words[start : start + 3]) for start in range(max(1, len(words) - 2))}
        if all(2 * len(triples & other) < len(triples | other) for other in distinct):
            distinct.append(triples)
    assert len(distinct) >= 90


def test_seven_in_ten_tickets_are_in_german() -> None:
    german = set("und ich der die das nicht bitte den ist für mit auf zum von vom am vertrag zähler kunde".split())
    english = set("the and to you is my please of it your for this at".split())
    votes = [
        sum(word in german for word in words) > sum(word in english for word in words)
        for words in (words_of(ticket["body"]) for ticket in TICKETS)
    ]
    assert 0.65 < sum(votes) / len(votes) < 0.75


def test_the_readme_counts_right() -> None:
    promised = {
        (what, where): int(number)
        for what, where, number in re.findall(r"^\| (.+) \| `(.+)` \| (\d+) \|$", README, re.MULTILINE)
    }
    items = {("items", f"batches/{name}.json"): len(batch(name)) for name in BATCHES}
    assert promised == items | {
        ("tags", "master.json"): len(MASTER["tags"]),
        ("customers", "master.json"): len(MASTER["customers"]),
        ("contracts", "master.json"): len(CONTRACTS),
        ("people (agents)", "master.json"): len(MASTER["agents"]),
        ("AI agents", "master.json"): len(MASTER["aiAgents"]),
        ("tickets", "tickets.json"): len(TICKETS),
    }
