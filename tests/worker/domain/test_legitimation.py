"""Who is found from which evidence, and how sure that is."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.domain.entities import Contract, Customer
from worker.domain.evidence import Evidence, correspondents
from worker.domain.legitimation import Ground, Identification, identify, level, message
from worker.domain.words import Channel, Direction


def contract(number: str, customer: str, **values: object) -> Contract:
    return Contract(number, customer, {"id": number, "status": "active", **values})


def customer(number: str, *contracts: Contract, **values: object) -> Customer:
    return Customer(number, {"id": number, **values}, contracts)


POWER = contract(
    "746839",
    "83771",
    counterNumber="1ESY1160669167",
    iban="DE89370400440532013000",
    email="johndoe@example.com",
    firstname="John",
    lastname="Doe",
    deliveryAddress="Hugo-Junkers-Str. 5, 82031 Grünwald",
    billingAddress="Rechnungsstraße 24, 10587 Berlin",
)
TOM = customer(
    "83771",
    POWER,
    firstname="Tom",
    lastname="Mustermann",
    address="Hugo-Junkers-Str. 5",
    phone=491721041689,
    email="tom@mustermann.example",
)
ERIKA = customer(
    "83772",
    contract("746840", "83772", deliveryAddress="Hugo-Junkers-Str. 5, 82031 Grünwald"),
    firstname="Erika",
    lastname="Mustermann",
    email="erika@mustermann.example",
)


def found_by(evidence: Evidence, *candidates: Customer) -> str | None:
    found = identify(evidence, candidates or (TOM, ERIKA)).customer
    return found.id if found else None


def contract_by(evidence: Evidence, *contracts: Contract) -> str | None:
    found = identify(replace(evidence, numbers=(*evidence.numbers, "1")), [customer("1", *contracts)]).contract
    return found.id if found else None


@pytest.mark.parametrize(
    "evidence",
    [
        Evidence(numbers=("83771",)),
        Evidence(numbers=("746-839",)),
        Evidence(numbers=("1esy 1160669167",)),
        Evidence(ibans=("DE89 3704 0044 0532 0130 00",)),
        Evidence(correspondents=("Tom@Mustermann.example",)),
        Evidence(correspondents=("johndoe@example.com",)),
        Evidence(correspondents=("+49 172 1041689",)),
        Evidence(emails=("tom@mustermann.example",)),
        Evidence(phones=("0172 1041689",)),
        Evidence(names=("Tom Mustermann",), addresses=("Hugo-Junkers-Straße 5, 82031 Grünwald",)),
        Evidence(names=("John Doe",), addresses=("Rechnungsstr. 24, Berlin",)),
    ],
)
def test_every_kind_of_evidence_finds_the_customer(evidence: Evidence) -> None:
    assert found_by(evidence) == "83771"


@pytest.mark.parametrize(
    "evidence",
    [
        Evidence(),
        Evidence(names=("Tom Mustermann",)),
        Evidence(names=("Tom Mustermann",), text="Viele Grüße, Tom Mustermann"),
        Evidence(addresses=("Hugo-Junkers-Str. 5, 82031 Grünwald",)),
        Evidence(names=("Tim Mustermann",), addresses=("Hugo-Junkers-Str. 5, 82031 Grünwald",)),
        Evidence(numbers=("999999",), correspondents=("someone@else.example",)),
        Evidence(correspondents=("",), emails=("",), phones=("",), numbers=("",), names=("",), addresses=("",)),
    ],
)
def test_a_name_alone_an_address_alone_or_nothing_finds_nobody(evidence: Evidence) -> None:
    assert found_by(evidence) is None


def test_a_company_with_its_address_is_found() -> None:
    firm = customer("5", contract("50", "5"), company="Bäckerei Schulze GmbH", address="Hauptstr. 5, 10587 Berlin")
    evidence = Evidence(names=("Baeckerei Schulze",), addresses=("Hauptstraße 5, 10587 Berlin",))
    assert found_by(evidence, firm, TOM) == "5"


TOMS = [
    Evidence(numbers=("83771",)),
    Evidence(correspondents=("tom@mustermann.example",)),
    Evidence(emails=("tom@mustermann.example",)),
    Evidence(names=("Tom Mustermann",), addresses=("Hugo-Junkers-Str. 5",)),
]
ERIKAS = [
    Evidence(numbers=("83772",)),
    Evidence(correspondents=("erika@mustermann.example",)),
    Evidence(emails=("erika@mustermann.example",)),
    Evidence(names=("Erika Mustermann",), addresses=("Hugo-Junkers-Str. 5",)),
]


def together(one: Evidence, other: Evidence) -> Evidence:
    names = "correspondents", "numbers", "ibans", "emails", "phones", "names", "addresses"
    return Evidence(**{name: getattr(one, name) + getattr(other, name) for name in names})


@pytest.mark.parametrize(("earlier", "later"), list(itertools.combinations(range(4), 2)))
def test_numbers_go_before_sender_before_other_addresses_before_name_and_postal_address(
    earlier: int, later: int
) -> None:
    assert found_by(together(TOMS[earlier], ERIKAS[later])) == "83771"
    assert found_by(together(TOMS[later], ERIKAS[earlier])) == "83772"


@pytest.mark.parametrize("kind", range(4))
def test_of_two_equally_good_candidates_none_is_taken(kind: int) -> None:
    assert found_by(together(TOMS[kind], ERIKAS[kind])) is None


def test_a_later_ground_decides_between_equal_earlier_ones() -> None:
    evidence = Evidence(numbers=("83771", "83772"), correspondents=("erika@mustermann.example",))
    assert found_by(evidence) == "83772"


def test_a_shared_mailbox_finds_nobody_even_with_a_name() -> None:
    pair = (customer("1", email="we@home.example", lastname="A"), customer("2", email="we@home.example", lastname="B"))
    assert found_by(Evidence(correspondents=("we@home.example",), names=("A",)), *pair) is None


def test_a_candidate_given_twice_is_one_candidate() -> None:
    assert found_by(Evidence(numbers=("83771",)), TOM, TOM) == "83771"


@given(st.permutations([TOM, ERIKA, customer("1"), customer("2")]), st.sampled_from(TOMS), st.sampled_from(ERIKAS))
def test_the_order_of_the_candidates_does_not_matter(
    candidates: list[Customer], one: Evidence, other: Evidence
) -> None:
    evidence = together(one, other)
    assert identify(evidence, candidates) == identify(evidence, sorted(candidates, key=lambda each: each.id))


A = contract("10", "1", counterNumber="METER10", iban="DE1", email="a@a.example", deliveryAddress="Weg 1, 10587 Berlin")
B = contract("20", "1", counterNumber="METER20", iban="DE2", email="b@b.example", deliveryAddress="Weg 2, 10587 Berlin")
ENDED = contract("30", "1", status="terminated", counterNumber="METER30")


@pytest.mark.parametrize(
    "evidence",
    [
        Evidence(numbers=("10",)),
        Evidence(numbers=("METER10",)),
        Evidence(ibans=("DE1",)),
        Evidence(correspondents=("a@a.example",)),
        Evidence(emails=("a@a.example",)),
        Evidence(addresses=("Weg 1, 10587 Berlin",)),
        Evidence(numbers=("10", "METER20")),
    ],
)
def test_the_contract_that_the_message_names_is_taken(evidence: Evidence) -> None:
    assert contract_by(evidence, A, B, ENDED) == "10"


def test_an_ended_contract_is_taken_when_it_is_named() -> None:
    assert contract_by(Evidence(numbers=("METER30",)), A, ENDED) == "30"


def test_without_a_name_the_only_active_contract_is_taken() -> None:
    assert contract_by(Evidence(), A, ENDED) == "10"


def test_the_only_contract_is_taken_though_it_has_ended() -> None:
    assert contract_by(Evidence(), ENDED) == "30"


@pytest.mark.parametrize("evidence", [Evidence(), Evidence(numbers=("10", "20"))])
def test_of_two_equally_good_contracts_none_is_taken(evidence: Evidence) -> None:
    assert contract_by(evidence, A, B) is None


UNKNOWN = ("someone@else.example",)


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        (Evidence(numbers=("746839",)), 10),
        (Evidence(numbers=("746839",), correspondents=UNKNOWN), 12),
        (Evidence(numbers=("1ESY1160669167",), correspondents=UNKNOWN, text="Gruß, Mustermann"), 12),
        (Evidence(numbers=("83771",), correspondents=("erika@mustermann.example",)), 10),
        (Evidence(numbers=("746839",), names=("Tom Mustermann",)), 13),
        (Evidence(numbers=("83771",), text="Mit freundlichen Grüßen\nT. MUSTERMANN"), 13),
        (Evidence(numbers=("83771",), names=("John Doe",), correspondents=UNKNOWN), 13),
        (Evidence(numbers=("83771", "746839")), 15),
        (Evidence(numbers=("83771", "746839"), names=("Tom Mustermann",), correspondents=UNKNOWN), 15),
        (Evidence(correspondents=("tom@mustermann.example",)), 20),
        (Evidence(correspondents=("johndoe@example.com",)), 20),
        (Evidence(numbers=("83771", "746839"), correspondents=("tom@mustermann.example",)), 20),
        (Evidence(correspondents=("0172 1041689",)), 10),
        (Evidence(emails=("tom@mustermann.example",)), 10),
        (Evidence(names=("Tom Mustermann",), addresses=("Hugo-Junkers-Str. 5",)), 10),
    ],
)
@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.PORTAL, Channel.CHAT, Channel.PHONE])
def test_the_evidence_gives_the_level(evidence: Evidence, expected: int, channel: Channel) -> None:
    assert level(identify(evidence, (TOM, ERIKA)), channel, Direction.IN) == expected


def test_a_letter_with_the_customers_address_is_level_20() -> None:
    evidence = Evidence(numbers=("746839",), addresses=("Rechnungsstr. 24, 10587 Berlin",))
    assert level(identify(evidence, (TOM,)), Channel.LETTER, Direction.IN) == 20


def test_an_address_in_an_email_does_not_lift_the_level() -> None:
    evidence = Evidence(numbers=("746839",), addresses=("Rechnungsstr. 24, 10587 Berlin",))
    assert level(identify(evidence, (TOM,)), Channel.EMAIL, Direction.IN) == 10


def test_a_letter_with_another_address_has_the_default_level() -> None:
    evidence = Evidence(numbers=("746839",), addresses=("Rechnungsstr. 25, 10587 Berlin",))
    assert level(identify(evidence, (TOM,)), Channel.LETTER, Direction.IN) == 10


def test_the_sender_of_another_contract_does_not_lift_the_level() -> None:
    two = customer("1", A, B)
    evidence = Evidence(numbers=("10",), correspondents=("b@b.example",))
    assert level(identify(evidence, (two,)), Channel.EMAIL, Direction.IN) == 10


@pytest.mark.parametrize(
    ("channel", "direction"),
    [(Channel.SYSTEM, Direction.IN), (Channel.EMAIL, Direction.OUT), (Channel.EMAIL, Direction.INTERNAL)],
)
def test_system_outgoing_and_internal_tickets_are_level_20_with_a_contract(
    channel: Channel, direction: Direction
) -> None:
    assert level(identify(Evidence(numbers=("746839",)), (TOM,)), channel, direction) == 20
    assert level(identify(Evidence(), (TOM,)), channel, direction) == 0


def test_without_a_contract_the_level_is_0_whoever_was_found() -> None:
    bare = customer("1", email="a@a.example")
    found = identify(Evidence(correspondents=("a@a.example",)), (bare,))
    assert found.customer == bare
    assert level(found, Channel.EMAIL, Direction.IN) == 0


def test_a_last_name_is_no_part_of_a_word() -> None:
    evidence = Evidence(numbers=("746839",), text="Das ist mustermannhaft")
    assert Ground.LAST_NAME not in identify(evidence, (TOM,)).grounds


def test_a_very_short_last_name_is_looked_for_among_the_names_alone() -> None:
    short = customer("1", A, lastname="An")
    assert Ground.LAST_NAME not in identify(Evidence(numbers=("1",), text="An alle"), (short,)).grounds
    assert Ground.LAST_NAME in identify(Evidence(numbers=("1",), names=("Li An",)), (short,)).grounds


@given(
    st.sets(st.sampled_from(Ground)),
    st.sampled_from(Channel),
    st.sampled_from(Direction),
    st.sampled_from([None, TOM]),
    st.sampled_from([None, POWER]),
)
def test_a_computed_level_is_always_one_of_the_pages_below_30(
    grounds: set[Ground], channel: Channel, direction: Direction, who: Customer | None, which: Contract | None
) -> None:
    found = Identification(who, which, frozenset(grounds))
    assert level(found, channel, direction) in {0, 10, 12, 13, 15, 20}
    assert (level(found, channel, direction) == 0) is (who is None or which is None)


@pytest.mark.parametrize("number", [10, 12, 13, 15])
def test_the_computed_levels_from_10_to_19_have_a_message(number: int) -> None:
    assert message(number)


@pytest.mark.parametrize("number", [0, 9, 20, 30, 40])
def test_other_levels_have_no_message(number: int) -> None:
    assert message(number) is None


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"direction": "in", "from": "a@a.example", "to": ["b@b.example"]}, ("a@a.example",)),
        ({"direction": "internal", "from": "a@a.example", "to": ["b@b.example"]}, ("a@a.example",)),
        ({"direction": "out", "from": "a@a.example", "to": ["b@b.example", ""]}, ("b@b.example",)),
        ({"direction": "out", "to": "+49172104"}, ("+49172104",)),
        ({"direction": "in", "from": None}, ()),
    ],
)
def test_the_customers_side_of_a_ticket_is_its_sender_or_its_recipients(
    values: dict[str, str | list[str] | None], expected: tuple[str, ...]
) -> None:
    assert correspondents(values) == expected
