from __future__ import annotations

import pytest

from tests.worker.ai.messages import message
from worker.ai.embedded.engine import EmbeddedEngine
from worker.domain.words import Sentiment


@pytest.mark.parametrize(
    "text",
    [
        "Das ist eine Frechheit, seit Wochen warte ich auf eine Antwort!",
        "Ich bin mit der Abrechnung nicht zufrieden und enttäuscht.",
        "Wenn das so weitergeht, schalte ich meinen Anwalt ein.",
        "Immer noch keine Rückmeldung?! Langsam reicht es mir.",
        "I am really disappointed, nobody answers my emails.",
        "Your hotline is a joke. Third time I am writing!",
        "The technician was rude and did not even apologise.",
    ],
)
def test_anger_and_disappointment_are_negative(text: str, engine: EmbeddedEngine) -> None:
    assert engine.sentiment(message(text)) is Sentiment.NEGATIVE


@pytest.mark.parametrize(
    "text",
    [
        "Vielen lieben Dank für die schnelle und unkomplizierte Hilfe!",
        "Alles hat prima geklappt, ich bin rundum zufrieden.",
        "Ein großes Lob für den tollen Service.",
        "I am very happy with how quickly you solved my issue.",
        "Your colleague was so helpful and kind, five stars.",
    ],
)
def test_praise_and_thanks_for_help_are_positive(text: str, engine: EmbeddedEngine) -> None:
    assert engine.sentiment(message(text)) is Sentiment.POSITIVE


@pytest.mark.parametrize(
    "text",
    [
        "Sehr geehrte Damen und Herren, hiermit kündige ich meinen Vertrag zum 31.12. Mit freundlichen Grüßen",
        "Mein Zählerstand beträgt 12345 kWh. Vielen Dank im Voraus für Ihre Mühe.",
        "Leider ist mein Mann verstorben. Bitte ändern Sie den Vertrag.",
        "Kein Problem, der Termin passt mir.",
        "Guten Tag, wir haben seit heute Morgen keinen Strom. Wann geht es weiter?",
        "Could you please call me back tomorrow? I look forward to hearing from you. Kind regards",
        "I can't log in to the portal, please reset my password. Thanks for your help.",
    ],
)
def test_politeness_and_bad_luck_are_neutral(text: str, engine: EmbeddedEngine) -> None:
    assert engine.sentiment(message(text)) is Sentiment.NEUTRAL


def test_a_message_without_words_has_no_mood(engine: EmbeddedEngine) -> None:
    assert engine.sentiment(message("")) is None
