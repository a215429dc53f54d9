from __future__ import annotations

import pytest

from tests.worker.ai.messages import message
from worker.ai.embedded.engine import EmbeddedEngine


def summary(engine: EmbeddedEngine, body: str, subject: str = "") -> str:
    found = engine.summary(message(body, subject=subject))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (
            (
                "Sehr geehrte Damen und Herren,\n\nich bin Kunde. Bitte senken Sie meinen Abschlag auf 80 Euro.\n\n"
                "Mit freundlichen Grüßen\nTom"
            ),
            "Abschlag auf 80 Euro",
        ),
        (
            "Dear team,\n\nI hope you are well. Could you send me a copy of the last bill? Thank you.\n\nBest,\nTom",
            "copy of the last bill",
        ),
        ("Hallo, hiermit kündige ich meinen Vertrag zum 31.12.2026. Bitte um Bestätigung.", "kündige"),
        ("Guten Tag\nich ziehe am 1. Juni in die Lindenallee 4, 50667 Köln. Danke!", "Lindenallee 4"),
    ],
)
def test_it_names_the_request_and_does_not_greet(body: str, named: str, engine: EmbeddedEngine) -> None:
    text = summary(engine, body)
    assert named in text
    assert not text.lower().startswith(("sehr geehrte", "hallo", "dear", "guten tag"))
    assert "Grüßen" not in text
    assert len(text) < 700


def test_facts_that_the_sentences_leave_out_are_added(engine: EmbeddedEngine) -> None:
    text = summary(engine, "Ich habe die Bank gewechselt.\n\nIBAN: DE89 3704 0044 0532 0130 00\nKundennummer: 99887766")
    assert "gewechselt" in text
    assert "99887766" in text


def test_facts_are_named_in_the_language_of_the_message(engine: EmbeddedEngine) -> None:
    text = summary(engine, "Hello, my number is customer number 12345. Could you please explain my last bill to me?")
    assert "customer number 12345" in text


def test_the_page_example_is_summed_up_with_its_requests(engine: EmbeddedEngine, page_example: dict[str, str]) -> None:
    text = summary(engine, page_example["body"])
    assert "Hugo-Junkers-Str. 5" in text
    assert "1. November" in text
    assert not text.startswith("Sehr")


def test_without_words_the_subject_is_the_summary(engine: EmbeddedEngine) -> None:
    assert summary(engine, "", subject="AW: Kündigung Vertrag 4711") == "Kündigung Vertrag 4711."


@pytest.mark.parametrize("body", ["", "   \n", "???"])
def test_nothing_is_summed_up_as_nothing(body: str, engine: EmbeddedEngine) -> None:
    assert engine.summary(message(body)) is None


def test_a_sentence_without_end_is_cut_between_words(engine: EmbeddedEngine) -> None:
    text = summary(engine, "Bitte prüfen Sie die Rechnung " + "und noch etwas anderes " * 200)
    assert text.endswith("…")
    assert len(text) < 300
