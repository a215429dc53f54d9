from __future__ import annotations

import html
import re
from collections import Counter

import pytest
from schwifty import IBAN

from tests.evaluation.labelled import Labelled, Part, directory, messages
from worker.domain.words import Sentiment, SpamStatus

MESSAGES = messages()
TAGS = {tag["name"] for tag in directory()["tags"]}
FIELDS = {agent["code"]: {field["name"] for field in agent["fields"]} for agent in directory()["aiAgents"]}
CONTRACTS = {contract["id"]: one["id"] for one in directory()["customers"] for contract in one["contracts"]}


def _seen(message: Labelled) -> str:
    without_tags = re.sub(r"<[a-z/!][^>]*>", "", message.body)
    return "".join(html.unescape(without_tags).split())


def test_the_corpus_is_large_enough_and_split_by_the_number() -> None:
    parts = Counter(message.part for message in MESSAGES)

    assert len(MESSAGES) >= 330
    assert parts[Part.MEASURE] >= 65
    assert parts[Part.FRESH] >= 75
    assert {message.part for message in MESSAGES if message.id in {"de-202", "en-416"}} == {Part.FRESH}
    assert {message.part for message in MESSAGES if message.id in {"de-001", "xx-013"}} == {Part.TUNE}


def test_no_two_messages_share_an_id_or_a_text() -> None:
    assert len({message.id for message in MESSAGES}) == len({message.body for message in MESSAGES}) == len(MESSAGES)


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.id)
def test_labels_name_what_there_is(message: Labelled) -> None:
    want = message.want
    assert want.sentiment is None or want.sentiment in set(Sentiment)
    assert want.spam in set(SpamStatus)
    assert (want.spam == SpamStatus.AUTO_CLEAN) == (not want.spam_by)
    assert {*want.tags, *want.tags_too} <= TAGS
    assert want.contract is None or CONTRACTS[want.contract] == want.customer
    for intent in want.intents:
        assert intent.keys() - {"agent"} <= FIELDS[str(intent["agent"])]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.id)
def test_facts_to_keep_and_to_drop_stand_in_the_message(message: Labelled) -> None:
    seen = _seen(message)

    missing = [fact for fact in (*message.want.keep, *message.want.drop) if "".join(fact.split()) not in seen]
    assert not missing


def test_every_iban_of_the_corpus_is_valid_and_of_no_bank() -> None:
    labelled = {str(intent["iban"]) for message in MESSAGES for intent in message.want.intents if "iban" in intent}
    known = {contract["iban"] for one in directory()["customers"] for contract in one["contracts"]}

    assert all(IBAN(iban).bank_code.startswith("9") for iban in labelled | known)
