from __future__ import annotations

import socket

import pytest

from tests.worker.ai.messages import message
from worker.ai.embedded.engine import EmbeddedEngine
from worker.ai.embedded.language import Languages
from worker.ai.protocol import Language

GERMAN, ENGLISH = Language("German", "de"), Language("English", "en")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ich ziehe nächsten Monat um und möchte meinen Vertrag mitnehmen.", GERMAN),
        ("moin, wollte nur kurz den stand durchgeben 77812. lg", GERMAN),
        ("Kündigung zum 31.12.2026, Vertrag 4711", GERMAN),
        ("Dear team, as of next month I'll live at Rosenstraße 17, 01067 Dresden.", ENGLISH),
        ("There's no electricity in Bahnhofstraße since last night.", ENGLISH),
        ("Bonjour, je voudrais résilier mon contrat d'électricité.", Language("French", "fr")),
        ("Merhaba, sözleşmemi iptal etmek istiyorum.", Language("Turkish", "tr")),
        ("Здравствуйте, я переезжаю в новую квартиру.", Language("Russian", "ru")),
        ("Guete Tag, i ha es Problem mit em Strom dihei", GERMAN),
    ],
)
def test_a_language_has_its_english_name_and_iso_code(text: str, expected: Language, engine: EmbeddedEngine) -> None:
    assert engine.language(message(text)) == expected


@pytest.mark.parametrize("text", ["", "12345", "1ESY1160669167 DE89370400440532013000", "tom@example.com", "?!", "ok"])
def test_a_text_without_words_has_no_language(text: str, engine: EmbeddedEngine) -> None:
    assert engine.language(message(text)) is None


def test_the_language_is_that_of_the_own_words_and_not_of_the_quoted_mail(engine: EmbeddedEngine) -> None:
    quoted = "\n".join(["> Sehr geehrter Kunde, bitte nennen Sie uns Ihren Zählerstand."] * 20)
    body = f"Hi, the meter shows 4711 as of today.\n\nAm 05.05.2026 um 10:11 schrieb Service <s@example.com>:\n{quoted}"
    assert engine.language(message(body)) == ENGLISH


def test_a_very_short_body_is_told_by_its_subject(engine: EmbeddedEngine) -> None:
    assert engine.language(message("s.u.", subject="Frage zu meiner Jahresabrechnung")) == GERMAN


def test_markup_is_no_language(engine: EmbeddedEngine) -> None:
    body = '<html><body><p style="color:red">Ich m&ouml;chte meinen Vertrag k&uuml;ndigen.</p></body></html>'
    assert engine.language(message(body)) == GERMAN


def test_the_model_is_never_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert Languages().detect("Ich brauche eine Kopie der Rechnung.") == GERMAN
