from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from tests.worker.ai.definitions import (
    AGENTS,
    CANCELLATION,
    NEW_BANK,
    NEW_DEPOSIT,
    READING,
    RELOCATION,
)
from tests.worker.ai.messages import message
from worker.ai.embedded.engine import EmbeddedEngine
from worker.ai.protocol import Finding
from worker.domain.entities import AgentField, AiAgent, Contract, Detection
from worker.domain.words import DetectionType


def findings(engine: EmbeddedEngine, text: str, today: date = date(2026, 5, 6)) -> dict[int, Finding]:
    return {found.agent_id: found for found in engine.agents(message(text, today=today), AGENTS)}


def data(engine: EmbeddedEngine, text: str, agent: int) -> dict[str, object]:
    return dict(findings(engine, text)[agent].data)


def test_the_page_example_is_a_relocation_and_a_cancellation(
    engine: EmbeddedEngine, page_example: dict[str, str]
) -> None:
    found = findings(engine, page_example["bodyPlain"], today=date(2022, 12, 13))
    assert dict(found[RELOCATION].data) == {
        "newAddress": "Hugo-Junkers-Str. 5, 82031 Grünwald",
        "moveInDate": "2022-12-15",
    }
    assert dict(found[CANCELLATION].data) == {"endDate": "2023-11-01"}
    assert found.keys() <= {READING, RELOCATION, CANCELLATION}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Zählernummer 1ESY1160669167, Stand am 30.04.2026: 12.345,6 kWh. Gruß",
            {"reading": 12345.6, "readingDate": "2026-04-30", "meterNumber": "1ESY1160669167"},
        ),
        (
            "Hi, my electricity meter number 1LOG0065512 shows 10,233 on 28 April.",
            {"reading": 10233, "readingDate": "2026-04-28", "meterNumber": "1LOG0065512"},
        ),
        ("The gas meter reads 8,912.5 m3.", {"reading": 8912.5}),
        ("moin, wollte nur kurz den stand durchgeben 77812. lg", {"reading": 77812}),
        (
            "Ihr Zähler hat die Nummer 33901852 und steht bei 40.958. Das war gestern.",
            {"reading": 40958, "readingDate": "2026-05-05", "meterNumber": "33901852"},
        ),
        (
            (
                "Formular: Zählerstand melden\nVertragsnummer: 747018\nZählernummer: 1DMO0077120465\n"
                "Ablesedatum: 05.05.2026\nZählerstand: 9210 kWh\nBemerkung: -"
            ),
            {"reading": 9210, "readingDate": "2026-05-05", "meterNumber": "1DMO0077120465"},
        ),
    ],
)
def test_readings_are_found_with_day_and_meter(text: str, expected: dict[str, object], engine: EmbeddedEngine) -> None:
    assert data(engine, text, READING) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Ich ziehe um. Neue Adresse ab 1. Juli: Am Markt 3, 99084 Erfurt. Tel 0171 2345678",
            {"newAddress": "Am Markt 3, 99084 Erfurt", "moveInDate": "2026-07-01", "phone": "+491712345678"},
        ),
        (
            "We are moving on 3 August to 5 Main Street, 10115 Berlin. My date of birth is 12.03.1980.",
            {"newAddress": "5 Main Street, 10115 Berlin", "moveInDate": "2026-08-03"},
        ),
        (
            "Wir ziehen am 15.6. von der Goethestr. 4, 50667 Köln in die Lindenallee 4, 50670 Köln um.",
            {"newAddress": "Lindenallee 4, 50670 Köln", "moveInDate": "2026-06-15"},
        ),
        (
            "bin umgezogen am 1.5., alte adresse turnerstraße 58 bielefeld, neue ist wiesenplan 6, 33615 bielefeld",
            {"newAddress": "wiesenplan 6, 33615 bielefeld", "moveInDate": "2026-05-01"},
        ),
    ],
)
def test_relocations_are_found_with_the_new_address_and_not_the_old(
    text: str, expected: dict[str, object], engine: EmbeddedEngine
) -> None:
    assert data(engine, text, RELOCATION) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "hiermit kündige ich meinen Vertrag Nr. 4711234 zum 31.12.2026.",
            {"endDate": "2026-12-31", "contractNumber": "4711234"},
        ),
        ("Please cancel my contract with immediate effect.", {"endDate": "2026-05-06"}),
        (
            "Formular: Vertrag kündigen\nZum: 30.06.2026\nGrund: Anbieterwechsel",
            {"endDate": "2026-06-30", "reason": "Anbieterwechsel"},
        ),
    ],
)
def test_cancellations_are_found_with_their_day(text: str, expected: dict[str, object], engine: EmbeddedEngine) -> None:
    assert data(engine, text, CANCELLATION) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Bitte senken Sie den Abschlag von 120 auf 90 Euro ab Juni.", {"betrag": 90, "gueltigAb": "2026-06-01"}),
        ("Could I pay €60 a month instead of €49?", {"betrag": 60}),
        ("Formular: Abschlag ändern\nBisher: 56 €\nNeu: 75 €", {"betrag": 75}),
    ],
)
def test_the_new_amount_is_told_from_the_old(text: str, expected: dict[str, object], engine: EmbeddedEngine) -> None:
    assert data(engine, text, NEW_DEPOSIT) == expected


def test_bank_details_are_found_with_their_holder(engine: EmbeddedEngine) -> None:
    text = "Meine neue Bankverbindung: DE89 3704 0044 0532 0130 00, Kontoinhaber: Erika Muster"
    assert data(engine, text, NEW_BANK) == {"iban": "DE89370400440532013000", "accountHolder": "Erika Muster"}


def test_each_request_of_a_message_keeps_its_own_facts(engine: EmbeddedEngine) -> None:
    found = findings(
        engine,
        "1. Gaszähler 7TST0010044812: 20.914 m³, abgelesen am 5.5.2026.\n"
        "2. Neue Bankverbindung: DE89 3704 0044 0532 0130 00\n"
        "3. Der monatliche Abschlag darf ab Juli auf 65 € steigen.",
    )
    assert found[READING].data["reading"] == 20914
    assert found[NEW_BANK].data["iban"] == "DE89370400440532013000"
    assert dict(found[NEW_DEPOSIT].data) == {"betrag": 65, "gueltigAb": "2026-07-01"}


def test_a_missing_required_field_is_named_and_lowers_the_confidence(engine: EmbeddedEngine) -> None:
    whole = findings(engine, "Ich ziehe am 1. Juli um. Neue Adresse: Am Markt 3, 99084 Erfurt")[RELOCATION]
    part = findings(engine, "Ich ziehe am 1. Juli um. Die neue Adresse teile ich noch mit.")[RELOCATION]
    assert [(info.code, info.type) for info in part.infos] == [("MISSING_FIELD", "warning")]
    assert "newAddress" in part.infos[0].message
    assert whole.infos == ()
    assert part.confidence < whole.confidence


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Vielen Dank für die nette Beratung!",
        "Ich suche ein Hotel in Rom für drei Nächte.",
        "Happy birthday!",
        "Wie hoch ist Ihr Ökostromanteil?",
    ],
)
def test_other_messages_call_for_no_agent(text: str, engine: EmbeddedEngine) -> None:
    assert findings(engine, text) == {}


@pytest.mark.parametrize(
    "text",
    [
        "Ich möchte nicht kündigen, sondern nur meine IBAN ändern: DE02120300000000202051.",
        "Ich habe gestern gekündigt. Bitte betrachten Sie meine Kündigung als gegenstandslos.",
        "Please forget the cancellation I sent, I will stay with you.",
        "I'm not cancelling right now, but when would I have to give notice?",
    ],
)
def test_what_is_denied_or_taken_back_is_no_cancellation(text: str, engine: EmbeddedEngine) -> None:
    assert CANCELLATION not in findings(engine, text)


def test_fields_are_filled_by_type_and_words_and_not_by_code(engine: EmbeddedEngine) -> None:
    agent = AiAgent(
        1,
        "x9",
        "Termin vereinbaren",
        "Kunde möchte einen Termin mit dem Techniker",
        Detection(DetectionType.AI, None, "", ("Ich kann den Termin nicht einhalten",)),
        (
            AgentField("termin", "date", "Wunschtermin"),
            AgentField("email", "email"),
            AgentField("rueckruf", "phone", "Telefonnummer"),
            AgentField("personen", "number", "Personen im Haushalt"),
            AgentField("energie", "string", "Energieart, entweder 'Strom' oder 'Gas'"),
            AgentField("hund", "boolean", "Hund im Haus"),
        ),
    )
    text = (
        "Bitte einen neuen Termin für den Techniker am nächsten Montag wegen Gas. Wir sind 4 Personen und haben keinen "
        "Hund im Haus. tom@example.com, 0171 2345678"
    )
    found = engine.agents(message(text), [agent])
    assert dict(found[0].data) == {
        "termin": "2026-05-11",
        "email": "tom@example.com",
        "rueckruf": "+491712345678",
        "personen": 4,
        "energie": "gas",
        "hund": False,
    }


def test_high_and_low_tariff_readings_are_told_apart(engine: EmbeddedEngine) -> None:
    agent = replace(
        AGENTS[0],
        fields=(AgentField("readingHt", "number", "Hochtarif"), AgentField("readingNt", "number", "Niedertarif")),
    )
    found = engine.agents(message("Zählerstand HT 23455 und NT 12003, abgelesen gestern"), [agent])
    assert dict(found[0].data) == {"readingHt": 23455, "readingNt": 12003}


def test_numbers_of_the_contract_are_no_readings(engine: EmbeddedEngine) -> None:
    contract = Contract("746839", "123", {"counterNumber": "45120"})
    text = message("Mein Zähler 45120 steht bei 8812.")
    found = engine.agents(text, AGENTS, contract)
    assert found[0].data["reading"] == 8812
