"""Which gate keeps an intent from being carried out by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from worker.domain.auto_execution import Case, Gate, first_failing
from worker.domain.entities import AiAgent, Ticket
from worker.domain.intents import Intent, StoredIntent
from worker.domain.words import TagSource

ENTER = {"type": "enter", "recommended": True, "order": 1}
IGNORE = {"type": "ignore", "recommended": False, "order": 2}
AGENT = AiAgent(3, "meter", "Meter", options=(ENTER, IGNORE), auto_execute=frozenset({"enter"}))
INTENT = Intent(3, None, "ready", 0.9, "success", options=(ENTER, IGNORE))


def case(**values: Any) -> Case:  # noqa: ANN401
    standing: dict[str, Any] = {
        "status": "open",
        "spamStatus": None,
        "direction": "in",
        "contractId": None,
        "customerLegitimation": 0,
    }
    ticket = Ticket(1, 1, standing | values)
    return Case(ticket, [StoredIntent(7, INTENT)], {3: AGENT}, frozenset({66}), lambda _: True)


def with_intent(**changes: Any) -> Case:  # noqa: ANN401
    return replace(case(), intents=[StoredIntent(7, replace(INTENT, **changes))])


def test_a_case_that_lacks_nothing_passes_all() -> None:
    assert first_failing(case()) is None
    assert case().intent.id == 7
    assert case().option == ENTER


@pytest.mark.parametrize(
    ("failing", "gate"),
    [
        (case(status="pending"), Gate.OPEN_TICKET),
        (case(status="closed"), Gate.OPEN_TICKET),
        (case(spamStatus="auto_spam"), Gate.NOT_SPAM),
        (replace(case(), ticket=replace(case().ticket, tags={66: TagSource.RULE})), Gate.NOT_SPAM),
        (case(direction="out"), Gate.INBOUND),
        (case(direction="internal"), Gate.INBOUND),
        (replace(case(), intents=[]), Gate.ONE_READY_INTENT),
        (with_intent(status="incomplete"), Gate.ONE_READY_INTENT),
        (replace(case(), intents=[StoredIntent(7, INTENT, outcome={"success": True})]), Gate.ONE_READY_INTENT),
        (replace(case(), intents=[StoredIntent(7, INTENT), StoredIntent(8, INTENT)]), Gate.ONE_READY_INTENT),
        (with_intent(options=(IGNORE,)), Gate.RECOMMENDED_OPTION),
        (with_intent(options=(IGNORE | {"recommended": True},)), Gate.ALLOWED_OPTION),
        (replace(case(), agents={}), Gate.ALLOWED_OPTION),
        (case(contractId="1", customerLegitimation=19), Gate.LEGITIMATION),
        (with_intent(contract_id="1"), Gate.LEGITIMATION),
        (replace(case(), has_action=lambda _: False), Gate.ACTION),
    ],
)
def test_what_lacks_is_named(failing: Case, gate: Gate) -> None:
    assert first_failing(failing) is gate


def test_the_first_gate_in_order_is_named() -> None:
    closed_spam = case(status="closed", spamStatus="manual_spam", direction="out")

    assert first_failing(closed_spam) is Gate.OPEN_TICKET
    assert first_failing(replace(closed_spam, ticket=case(spamStatus="manual_spam", direction="out").ticket)) is (
        Gate.NOT_SPAM
    )


@pytest.mark.parametrize(
    "passing",
    [
        case(spamStatus="manual_clean", contractId="1", customerLegitimation=20),
        case(contractId="1", customerLegitimation=45),
        replace(case(), intents=[StoredIntent(7, INTENT), StoredIntent(8, replace(INTENT, status="incomplete"))]),
        replace(case(spamStatus="manual_clean"), spam_tag_ids=frozenset({5})),
    ],
)
def test_what_is_allowed_passes(passing: Case) -> None:
    assert first_failing(passing) is None


def test_of_several_recommended_options_the_first_in_order_counts() -> None:
    second = IGNORE | {"recommended": True, "order": 0}

    assert with_intent(options=(ENTER, second)).option == second
