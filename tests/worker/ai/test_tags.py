from __future__ import annotations

import pytest

from tests.worker.ai.definitions import (
    BANK,
    BILL,
    CANCEL,
    COMPLAINT,
    DEPOSIT,
    DUNNING,
    METER,
    MOVE,
    OUTAGE,
    PORTAL,
    TAGS,
    tag,
)
from tests.worker.ai.messages import message
from worker.ai.embedded.engine import EmbeddedEngine
from worker.domain.entities import Tag


def best(engine: EmbeddedEngine, text: str, subject: str = "") -> int | None:
    found = engine.tags(message(text, subject=subject), TAGS)
    return found[0].tag_id if found else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("moin, wollte nur kurz den stand durchgeben 77812. lg", METER),
        ("Good morning, the figures on our gas meter are 8,912 m3 as of today.", METER),
        ("Wir sind umgezogen, unsere neue Adresse ist Gartenweg 7 in 80331 München.", MOVE),
        ("I'm leaving my flat on 30 June and moving abroad.", MOVE),
        ("Ich möchte aus dem Gasvertrag raus, bitte zum nächstmöglichen Termin.", CANCEL),
        ("Please terminate my contract at the earliest possible date.", CANCEL),
        ("Bitte setzen Sie meine monatlichen Abschläge von 120 auf 90 Euro herunter.", DEPOSIT),
        ("140 euros a month is too much, could you lower what I pay?", DEPOSIT),
        ("Bitte buchen Sie ab sofort von meinem neuen Konto ab.", BANK),
        ("I changed banks, please use the new account for direct debits.", BANK),
        ("Ich verstehe die Nachzahlung auf meiner Jahresabrechnung nicht.", BILL),
        ("Why does the bill list two meters? I have only one.", BILL),
        ("Seit Wochen antwortet niemand, das ist eine Frechheit!", COMPLAINT),
        ("This is the worst customer service I have ever had.", COMPLAINT),
        ("Seit heute Morgen haben wir keinen Strom in der ganzen Straße.", OUTAGE),
        ("There is a smell of gas in the basement.", OUTAGE),
        ("Ich habe mein Passwort vergessen und kann mich nicht einloggen.", PORTAL),
        ("I received a payment reminder although I already paid everything.", DUNNING),
    ],
)
def test_a_message_gets_the_tag_it_is_about_in_either_language(
    text: str, expected: int, engine: EmbeddedEngine
) -> None:
    assert best(engine, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ok danke",
        "Vielen Dank für Ihre Nachricht, ich wünsche Ihnen ein schönes Wochenende!",
        "Ich suche ein Hotel in Rom für drei Nächte mit Frühstück.",
        "My laptop does not boot any more after the update.",
        "Unser Fußballspiel am Samstag fällt wegen Regen aus.",
        "Happy birthday! Hope you have a lovely day.",
        "Guten Tag, anbei wie besprochen die Unterlagen. Mit freundlichen Grüßen, H. Vogt",
    ],
)
def test_a_message_about_something_else_gets_none(text: str, engine: EmbeddedEngine) -> None:
    assert best(engine, text) is None


def test_a_message_of_several_requests_gets_several_tags_surest_first(engine: EmbeddedEngine) -> None:
    found = engine.tags(
        message("Ich ziehe um nach Köln.\n\nMein Zähler steht bei 4711 kWh.\n\nBitte kündigen Sie den alten Vertrag."),
        TAGS,
    )
    assert {METER, MOVE, CANCEL} <= {match.tag_id for match in found}
    assert [match.confidence for match in found] == sorted((match.confidence for match in found), reverse=True)


def test_the_page_example_gets_its_three_tags(engine: EmbeddedEngine, page_example: dict[str, str]) -> None:
    found = {match.tag_id for match in engine.tags(message(page_example["body"]), TAGS)}
    assert {METER, MOVE, CANCEL} <= found


def test_what_is_denied_is_no_request(engine: EmbeddedEngine) -> None:
    found = {match.tag_id for match in engine.tags(message("Ich möchte nicht kündigen, sondern nur umziehen."), TAGS)}
    assert CANCEL not in found


def test_the_subject_counts(engine: EmbeddedEngine) -> None:
    assert best(engine, "siehe Anhang", subject="Kündigung meines Stromvertrags") == CANCEL


def test_a_definition_outside_energy_is_found_by_its_own_words(engine: EmbeddedEngine) -> None:
    pool = tag(90, "Swimming pool", "Opening hours and tickets of the public baths", "When does the pool open?")
    water = tag(91, "Wasserqualität", "Fragen zur Härte des Trinkwassers", "Wie hart ist unser Wasser?")
    text = message("Wie hart ist das Trinkwasser in der Altstadt?")
    assert engine.tags(text, [pool, water])[0].tag_id == 91
    assert engine.tags(message("Ich ziehe nach Köln um."), [pool, water]) == []


def test_names_without_meaning_are_known_by_their_description(engine: EmbeddedEngine) -> None:
    coded = [tag(1, "K-17", "Kunde kündigt seinen Vertrag"), tag(2, "Z-03", "Kunde meldet seinen Zählerstand")]
    found = engine.tags(message("Hiermit kündige ich meinen Stromvertrag zum Jahresende."), coded)
    assert [match.tag_id for match in found] == [1]


def test_an_empty_definition_matches_nothing(engine: EmbeddedEngine) -> None:
    assert engine.tags(message("Hiermit kündige ich meinen Vertrag."), [Tag(1, ""), Tag(2, " ")]) == []
