"""Who wrote, as a refresh finds it, and what it leaves as it is (contract section 4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event

from tests.worker.operations.conftest import Add, World
from tests.worker.operations.engines import ScriptedEngine, reasons, stages
from worker.ai.protocol import Clues, Finding
from worker.domain.words import RefreshMode
from worker.operations.load import load
from worker.storage.tables import HistoryRow, IntentRow

TOM = {"id": "100", "firstname": "Tom", "lastname": "Mustermann", "email": "kunde@example.com"}
TWO_CONTRACTS = {**TOM, "contracts": [{"id": "1000", "email": "c@example.com"}, {"id": "1001", "iban": "X"}]}
ONE_CONTRACT = {**TOM, "contracts": [{"id": "1000"}]}
LISA = {"id": "200", "firstname": "Lisa", "lastname": "Beispiel", "contracts": [{"id": "2000"}]}


@pytest.fixture
def engine(world: World) -> ScriptedEngine:
    engine = ScriptedEngine({"agents": [Finding(1, 0.9, {})]})
    world.with_engine(engine)
    return engine


@pytest.fixture
def directory(world: World, engine: ScriptedEngine) -> Callable[..., ScriptedEngine]:
    """Loads customers beside one AI agent; the engine that is asked about them."""

    def fill(*customers: object) -> ScriptedEngine:
        load(world.context, {"customers": list(customers), "aiAgents": [{"id": 1, "code": "move", "name": "Umzug"}]})
        return engine

    return fill


Directory = Callable[..., ScriptedEngine]


def who(world: World, ticket_id: int = 1) -> tuple[object, object, object]:
    values = world.ticket(ticket_id).values
    return values["customerId"], values["contractId"], values["customerLegitimation"]


def test_the_sender_s_address_finds_customer_contract_and_level(
    world: World, add_tickets: Add, directory: Directory
) -> None:
    directory(ONE_CONTRACT, LISA)
    add_tickets(1)

    world.refresh(RefreshMode.CUSTOMER, 1)

    assert who(world) == ("100", "1000", 20)


def test_a_level_below_twenty_brings_its_message(world: World, add_tickets: Add, directory: Directory) -> None:
    directory(ONE_CONTRACT).answers["clues"] = Clues(numbers=("1000",))
    add_tickets(1, sender="fremd@example.net")

    world.refresh(RefreshMode.CUSTOMER, 1)

    assert who(world) == ("100", "1000", 12)
    assert world.ticket(1).values["customerLegitimationMessage"] == "The sender's address is not known"


def test_finding_nobody_keeps_the_customer_and_asks_no_agents(
    world: World, add_tickets: Add, directory: Directory
) -> None:
    engine = directory(LISA)
    add_tickets(1, customer_id="100", contract_id="1000", customer_legitimation=13)

    run = world.refresh(RefreshMode.CUSTOMER, 1)

    assert stages(run) == [("customer", "skipped"), ("agents", "skipped")]
    assert set(reasons(run).values()) == {"no_new_customer"}
    assert (run["state"], engine.methods) == ("done", ["clues"])
    assert (who(world), world.ticket(1).version) == (("100", "1000", 13), 0)


def test_finding_nobody_where_nobody_was_known_is_no_new_customer(
    world: World, add_tickets: Add, directory: Directory
) -> None:
    engine = directory(LISA)
    add_tickets(1)

    run = world.refresh(RefreshMode.CUSTOMER, 1)

    assert stages(run) == [("customer", "unchanged"), ("agents", "skipped")]
    assert (who(world), engine.methods) == ((None, None, 0), ["clues"])


def test_two_equally_good_customers_are_none(world: World, add_tickets: Add, directory: Directory) -> None:
    directory(ONE_CONTRACT, {**LISA, "email": "kunde@example.com"})
    add_tickets(1)

    world.refresh(RefreshMode.CUSTOMER, 1)

    assert who(world) == (None, None, 0)


def test_another_contract_of_the_same_customer_asks_agents(
    world: World, add_tickets: Add, directory: Directory
) -> None:
    engine = directory(TWO_CONTRACTS)
    engine.answers["clues"] = Clues(numbers=("1001",))
    add_tickets(1, customer_id="100", contract_id="1000", customer_legitimation=20)

    run = world.refresh(RefreshMode.CUSTOMER, 1)

    assert stages(run) == [("customer", "done"), ("agents", "done")]
    assert who(world)[:2] == ("100", "1001")
    assert [intent["contract_id"] for intent in world.rows(IntentRow)] == ["1001"]


def test_a_contract_that_a_person_chose_stays_when_the_text_speaks_for_none(
    world: World, add_tickets: Add, directory: Directory
) -> None:
    engine = directory(TWO_CONTRACTS)
    add_tickets(1)
    world.patch({"id": 1, "customerId": "100", "contractId": "1001"})

    run = world.refresh(RefreshMode.CUSTOMER, 1)

    assert who(world) == ("100", "1001", 20)
    assert (reasons(run)["agents"], engine.methods) == ("no_new_customer", ["clues"])


def test_a_contract_that_is_kept_elsewhere_stays(world: World, add_tickets: Add, directory: Directory) -> None:
    directory(TWO_CONTRACTS)
    add_tickets(1, customer_id="100", contract_id="elsewhere", customer_legitimation=13)

    world.refresh(RefreshMode.CUSTOMER, 1)

    assert who(world) == ("100", "elsewhere", 13)


def test_another_customer_without_a_contract_takes_the_old_contract_away(
    world: World, add_tickets: Add, directory: Directory
) -> None:
    directory(TOM)
    add_tickets(1, customer_id="200", contract_id="2000", customer_legitimation=13)

    world.refresh(RefreshMode.CUSTOMER, 1)

    assert who(world) == ("100", None, 0)


@pytest.mark.parametrize("level", [30, 40])
def test_a_confirmed_customer_ends_the_run_as_skipped(
    world: World, add_tickets: Add, directory: Directory, level: int
) -> None:
    engine = directory(ONE_CONTRACT)
    add_tickets(1, customer_id="200", customer_legitimation=level)

    run = world.refresh(RefreshMode.CUSTOMER, 1)

    assert (run["state"], run["reason"]) == ("skipped", "customer_confirmed")
    assert stages(run) == [("customer", "skipped"), ("agents", "skipped")]
    assert (who(world), engine.asked) == (("200", None, level), [])


def test_a_full_run_leaves_a_confirmed_customer_and_goes_on(
    world: World, add_tickets: Add, directory: Directory
) -> None:
    directory(ONE_CONTRACT)
    add_tickets(1, customer_id="200", customer_legitimation=30)

    run = world.refresh(RefreshMode.FULL, 1)

    assert (run["state"], reasons(run)["customer"]) == ("done", "customer_confirmed")
    assert dict(stages(run))["agents"] == "done"
    assert who(world) == ("200", None, 30)


@pytest.mark.parametrize("mode", [RefreshMode.CUSTOMER, RefreshMode.FULL])
def test_a_forced_run_leaves_a_confirmed_customer_too(
    world: World, add_tickets: Add, directory: Directory, mode: RefreshMode
) -> None:
    directory(ONE_CONTRACT)
    add_tickets(1, customer_id="200", customer_legitimation=30)

    world.refresh(mode, 1, force=True)

    assert who(world) == ("200", None, 30)


def test_the_display_name_and_the_signature_count_as_names(
    world: World, add_tickets: Add, directory: Directory
) -> None:
    directory({**ONE_CONTRACT, "email": None}).answers["clues"] = Clues(numbers=("1000",))
    add_tickets(1, body_plain="Hallo\nTom Mustermann", body_clean="Hallo")
    add_tickets(2, from_name="Tom Mustermann")

    world.refresh(RefreshMode.CUSTOMER, 1)
    world.refresh(RefreshMode.CUSTOMER, 2)

    assert (who(world, 1)[2], who(world, 2)[2]) == (13, 13)


def test_one_look_up_serves_many_tickets(world: World, add_tickets: Add, directory: Directory) -> None:
    directory(ONE_CONTRACT, LISA)
    add_tickets(*range(1, 5))
    add_tickets(*range(5, 45))

    few = _statements(world, *range(1, 5))
    many = _statements(world, *range(5, 45))

    assert many == few
    assert {who(world, ticket_id) for ticket_id in range(1, 45)} == {("100", "1000", 20)}


def _statements(world: World, *ticket_ids: int) -> int:
    (message,) = world.request(RefreshMode.CUSTOMER, *ticket_ids)
    seen: list[Any] = []

    def count(*_: object) -> None:
        seen.append(1)

    event.listen(world.context.database.engine, "before_cursor_execute", count)
    world.run(message)
    event.remove(world.context.database.engine, "before_cursor_execute", count)
    return len(seen)


def test_evidence_is_kept_beside_and_not_told(world: World, add_tickets: Add, directory: Directory) -> None:
    directory(ONE_CONTRACT)
    add_tickets(1)

    world.refresh(RefreshMode.CUSTOMER, 1)

    assert world.ticket(1).values["customerEvidence"] == ["sender_matches"]
    assert "customerEvidence" not in {row["field"] for row in world.rows(HistoryRow)}
