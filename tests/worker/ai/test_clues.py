from __future__ import annotations

import pytest

from tests.worker.ai.messages import message
from worker.ai.embedded.engine import EmbeddedEngine
from worker.ai.protocol import Clues


def clues(text: str) -> Clues:
    return EmbeddedEngine().clues(message(text))


def test_a_letter_gives_everything_that_tells_who_wrote_it() -> None:
    text = (
        "Sehr geehrte Damen und Herren,\n\nmein Name ist Erika Musterfrau, Kundennummer 4711-0815. Meine "
        "Vertragsnummer ist 746839, Zähler 1ESY1160669167, IBAN de89 3704 0044 0532 0130 00.\n"
        "Ich wohne in der Hauptstr. 5, 10115 Berlin. Stand am 03.05.2026: 12345 kWh.\n"
        "Sie erreichen mich per 0171/2345678, Erika@Muster.example.\n\n"
        "Mit freundlichen Grüßen\nErika Musterfrau"
    )
    assert clues(text) == Clues(
        numbers=("4711-0815", "746839", "1ESY1160669167"),
        ibans=("DE89370400440532013000",),
        emails=("erika@muster.example",),
        phones=("+491712345678",),
        names=("Erika Musterfrau",),
        addresses=("Hauptstr. 5, 10115 Berlin",),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Kundennummer: 99887766", ("99887766",)),
        ("my customer number is C-99-1234", ("C-99-1234",)),
        ("contract 774411, meter number 1 ESY 11 6066 9167", ("774411", "1ESY1160669167")),
        ("Vertragskonto 300 123 456.", ("300123456",)),
        ("Verträge 749477 und 749478", ("749477", "749478")),
        ("Stromliefervertrag 747633", ("747633",)),
        ("Ihr Zähler hat die Nummer 33901852 und steht bei 40.958", ("33901852",)),
        ("Kd.-Nr. 123", ("123",)),
        ("bei Ihnen bin ich 4455667", ("4455667",)),
    ],
)
def test_numbers_are_found_with_and_without_a_word_for_them(text: str, expected: tuple[str, ...]) -> None:
    assert clues(text).numbers == expected


@pytest.mark.parametrize(
    "text",
    [
        "Zählerstand 12345",
        "Der Zähler zeigt 45123 kWh",
        "Abschlag 120 Euro",
        "in 10115 Berlin",
        "am 03.05.2026",
        "0171 2345678",
        "Kunde seit 2015",
    ],
)
def test_readings_amounts_dates_phones_and_postal_codes_are_no_numbers_of_a_customer(text: str) -> None:
    assert clues(text).numbers == ()


def test_only_valid_ibans_are_found() -> None:
    text = "DE89 3704 0044 0532 0130 00, DE89370400440532013001, gb82 west 1234 5698 7654 32 und XX12 3456 7890 1234"
    assert clues(text).ibans == ("DE89370400440532013000", "GB82WEST12345698765432")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tel. (089) 123 456 78", ("+498912345678",)),
        ("+49 171 2345678 oder 0171/2345678", ("+491712345678",)),
        ("Termin am 03.05.2026 um 10:30 Uhr", ()),
        ("Stand: 040911", ()),
        ("Vertrag 0301234567", ()),
    ],
)
def test_phones_are_told_from_dates_readings_and_contracts(text: str, expected: tuple[str, ...]) -> None:
    assert clues(text).phones == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Bitte ändern.\n\nViele Grüße\nDr. Max von Berg\nGeschäftsführer", ("Max von Berg",)),
        ("Please change it.\n\nBest regards,\nTom Smith", ("Tom Smith",)),
        ("Ich danke Ihnen, Tom Mustermann", ("Tom Mustermann",)),
        ("Hallo, ich heiße jetzt Anna Schneider-Krause.", ("Anna Schneider-Krause",)),
        ("Name: Müller, Hans\nZähler 4711", ("Hans Müller",)),
        ("Gruß K. Weber", ("K. Weber",)),
        ("Mit freundlichen Grüßen\nIhr Kundenservice Team", ()),
        ("Anbei der Stand.\nViele Grüße", ()),
    ],
)
def test_full_names_come_from_introductions_and_closings(text: str, expected: tuple[str, ...]) -> None:
    assert clues(text).names == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Adresse Hugo-Junkers-Str. 5 in 82031 Grünwald wechseln", ("Hugo-Junkers-Str. 5, 82031 Grünwald",)),
        ("Erika Muster\nHauptstr. 5a\n10115 Berlin", ("Hauptstr. 5a, 10115 Berlin",)),
        ("Unter den Linden 77, 10117 Berlin", ("Unter den Linden 77, 10117 Berlin",)),
        ("I moved to 5 Main Street, 10115 Berlin.", ("5 Main Street, 10115 Berlin",)),
        ("Berliner Straße 12-14, 60311 Frankfurt am Main", ("Berliner Straße 12-14, 60311 Frankfurt am Main",)),
        ("Straße des 17. Juni 135, 10623 Berlin", ("Straße des 17. Juni 135, 10623 Berlin",)),
        ("82031 Grünwald, Hugo-Junkers-Str. 5", ("Hugo-Junkers-Str. 5, 82031 Grünwald",)),
        ("hauptstr. 5, 10115 berlin", ("hauptstr. 5, 10115 berlin",)),
        ("on 20 November 2026 to Elbkaskade 14, 22763 Hamburg", ("Elbkaskade 14, 22763 Hamburg",)),
        ("Ich bin auf dem Weg 5 Minuten entfernt, Vertrag 4711", ()),
    ],
)
def test_postal_addresses_are_found_as_street_number_code_and_town(text: str, expected: tuple[str, ...]) -> None:
    assert clues(text).addresses == expected


def test_what_the_service_wrote_is_no_clue() -> None:
    body = (
        "Meine Kundennummer ist 99887766.\n\nVon: Service <service@example.com>\nGesendet: Montag, 4. Mai 2026\n"
        "An: Tom\nBetreff: Ihr Vertrag\n\nKundennummer 11111111, Tel. 089 12345678"
    )
    found = clues(body)
    assert (found.numbers, found.phones, found.emails) == (("99887766",), (), ())


def test_the_subject_gives_clues_too() -> None:
    assert EmbeddedEngine().clues(message("bitte", subject="Vertrag 746839")).numbers == ("746839",)
