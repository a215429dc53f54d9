"""What findings change in stored intents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.domain.entities import AgentField, AiAgent
from worker.domain.intents import Found, Intent, IntentChange, StoredIntent, merge_intents

AGENT = AiAgent(
    1,
    "process_meter_reading",
    "Process a meter reading",
    fields=(AgentField("reading", "number", required=True), AgentField("date", "date")),
    options=({"type": "enter_into_system", "recommended": True},),
)
AGENTS = {1: AGENT, 2: AiAgent(2, "relocate", "Relocate")}
READING = Found(1, 0.95, {"reading": 317})
HERE = "746839"


def stored(intent: Intent, number: int = 5) -> StoredIntent:
    return StoredIntent(number, intent)


def first(found: Found, contract_id: str | None = HERE) -> Intent:
    (change,) = merge_intents([], [found], AGENTS, contract_id)
    return change.intent


def apply(intents: Sequence[StoredIntent], changes: Sequence[IntentChange]) -> list[StoredIntent]:
    after = {one.id: one for one in intents}
    for change in changes:
        number = change.id or max(after, default=0) + 1
        after[number] = replace(after[number], intent=change.intent) if change.id else stored(change.intent, number)
    return list(after.values())


def test_a_first_finding_is_a_new_intent() -> None:
    assert merge_intents([], [READING], AGENTS, HERE) == [
        IntentChange(None, Intent(1, HERE, "ready", 0.95, "success", {"reading": 317}, AGENT.options, ()))
    ]


def test_an_intent_without_a_required_field_is_incomplete() -> None:
    assert first(Found(1, 0.95, {"date": "2026-03-01", "reading": None})).status == "incomplete"


@pytest.mark.parametrize(
    ("finding", "color"),
    [
        (READING, "success"),
        (replace(READING, confidence=0.8), "success"),
        (replace(READING, confidence=0.79), "warning"),
        (replace(READING, confidence=0.49), "danger"),
        (replace(READING, infos=({"type": "info"},)), "success"),
        (replace(READING, infos=({"type": "warning"},)), "warning"),
        (replace(READING, infos=({"type": "warning"}, {"type": "error"})), "danger"),
        (replace(READING, data={}), "warning"),
    ],
)
def test_the_color_is_the_worst_of_confidence_missing_fields_and_infos(finding: Found, color: str) -> None:
    assert first(finding).confidence_color == color


def test_equal_results_write_nothing() -> None:
    assert merge_intents([stored(first(READING))], [READING], AGENTS, HERE) == []


def test_a_finding_without_new_data_keeps_the_stored_confidence_and_infos() -> None:
    again = replace(READING, confidence=0.7, infos=({"type": "warning", "code": "X", "message": "x"},))
    assert merge_intents([stored(first(READING))], [again], AGENTS, HERE) == []


def test_a_run_that_finds_nothing_keeps_the_stored_intent() -> None:
    assert merge_intents([stored(first(READING))], [], AGENTS, HERE) == []


def test_a_new_value_updates_the_open_intent() -> None:
    (change,) = merge_intents([stored(first(READING))], [Found(1, 0.6, {"reading": 318})], AGENTS, HERE)
    assert (change.id, change.intent.data, change.intent.confidence) == (5, {"reading": 318}, 0.6)


@pytest.mark.parametrize("data", [{"date": "2026-03-01"}, {"date": "2026-03-01", "reading": None}])
def test_a_stored_value_stays_when_the_new_finding_lacks_it(data: dict[str, object]) -> None:
    (change,) = merge_intents([stored(first(READING))], [Found(1, 0.9, data)], AGENTS, HERE)
    assert change.intent.data == {"reading": 317, "date": "2026-03-01"}
    assert change.intent.status == "ready"


def test_a_found_required_field_makes_an_incomplete_intent_ready() -> None:
    incomplete = first(Found(1, 0.9, {"date": "2026-03-01"}))
    (change,) = merge_intents([stored(incomplete)], [READING], AGENTS, HERE)
    assert change.intent.status == "ready"


def test_a_changed_definition_reaches_the_open_intent() -> None:
    newer = replace(AGENT, options=({"type": "ignore"},))
    (change,) = merge_intents([stored(first(READING))], [READING], {1: newer}, HERE)
    assert change.intent.options == ({"type": "ignore"},)


@pytest.mark.parametrize(
    "executed",
    [
        replace(stored(first(READING)), outcome={"success": True}),
        stored(replace(first(READING), status="executed")),
        stored(replace(first(READING), status="ignored")),
    ],
)
def test_an_executed_intent_is_never_touched(executed: StoredIntent) -> None:
    (change,) = merge_intents([executed], [Found(1, 0.9, {"reading": 400})], AGENTS, HERE)
    assert change.id is None


def test_what_was_executed_already_is_not_found_again() -> None:
    executed = replace(stored(first(READING)), outcome={"success": True})
    assert merge_intents([executed], [READING], AGENTS, HERE) == []


def test_what_was_executed_for_another_contract_is_found_again() -> None:
    executed = replace(stored(first(READING, "other")), outcome={"success": True})
    assert [change.id for change in merge_intents([executed], [READING], AGENTS, HERE)] == [None]


def test_an_intent_that_a_person_verified_is_left_alone() -> None:
    verified = replace(stored(first(READING)), verified=True)
    assert merge_intents([verified], [Found(1, 1.0, {"reading": 400})], AGENTS, HERE) == []


def test_another_contract_has_its_own_open_intent() -> None:
    (change,) = merge_intents([stored(first(READING, "other"))], [READING], AGENTS, HERE)
    assert (change.id, change.intent.contract_id) == (None, HERE)


def test_an_open_intent_from_before_the_contract_was_known_is_taken_over() -> None:
    (change,) = merge_intents([stored(first(READING, None))], [READING], AGENTS, HERE)
    assert (change.id, change.intent.contract_id) == (5, HERE)


def test_the_contracts_own_intent_goes_before_one_without_contract() -> None:
    intents = [stored(first(READING, None), 4), stored(first(READING), 5)]
    (change,) = merge_intents(intents, [Found(1, 0.9, {"reading": 400})], AGENTS, HERE)
    assert change.id == 5


def test_each_agent_has_its_own_intent() -> None:
    changes = merge_intents([stored(first(READING))], [Found(2, 0.9, {"place": "Berlin"})], AGENTS, HERE)
    assert [(change.id, change.intent.agent_id) for change in changes] == [(None, 2)]


def test_of_two_findings_of_one_agent_the_surer_one_counts() -> None:
    (change,) = merge_intents([], [replace(READING, confidence=0.5, data={"reading": 1}), READING], AGENTS, HERE)
    assert change.intent.data == {"reading": 317}


def test_findings_of_an_unknown_agent_change_nothing() -> None:
    assert merge_intents([], [Found(77, 1.0, {})], AGENTS, HERE) == []


FOUND = st.builds(
    Found,
    agent_id=st.integers(1, 3),
    confidence=st.floats(0, 1),
    data=st.dictionaries(
        st.sampled_from(["reading", "date", "place"]),
        st.none() | st.integers(0, 3) | st.lists(st.integers(0, 1), max_size=1),
    ),
    infos=st.lists(st.fixed_dictionaries({"type": st.sampled_from(["info", "error"])}), max_size=1).map(tuple),
)
CONTRACTS = st.sampled_from([None, "746839", "746840"])
RUNS = st.lists(st.tuples(st.lists(FOUND, max_size=3), CONTRACTS), max_size=4)


@given(RUNS, st.lists(FOUND, max_size=4), CONTRACTS)
def test_merging_the_same_findings_again_writes_nothing(
    runs: list[tuple[list[Found], str | None]], findings: list[Found], contract_id: str | None
) -> None:
    intents: list[StoredIntent] = []
    for found, contract in runs:
        intents = apply(intents, merge_intents(intents, found, AGENTS, contract))
    after = apply(intents, merge_intents(intents, findings, AGENTS, contract_id))
    assert merge_intents(after, findings, AGENTS, contract_id) == []


@given(RUNS)
def test_there_is_never_a_second_open_intent_of_one_agent_and_contract(
    runs: list[tuple[list[Found], str | None]],
) -> None:
    intents: list[StoredIntent] = []
    for found, contract in runs:
        intents = apply(intents, merge_intents(intents, found, AGENTS, contract))
    keys = [(one.intent.agent_id, one.intent.contract_id) for one in intents if one.open]
    assert len(keys) == len(set(keys))
