from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.worker.ai.messages import message
from worker.ai.embedded.engine import EmbeddedEngine
from worker.domain.words import SpamStatus

judge = EmbeddedEngine().spam

CLEAN, SPAM, PROGRAMMATIC = SpamStatus.AUTO_CLEAN, SpamStatus.AUTO_SPAM, SpamStatus.AUTO_PROGRAMMATIC
REQUEST = "Bitte senken Sie meinen Abschlag auf 80 Euro."


@pytest.mark.parametrize(
    ("headers", "status", "reason"),
    [
        ({"auto-submitted": ["auto-replied"]}, PROGRAMMATIC, "header_auto_submitted"),
        ({"auto-submitted": ["auto-generated (vacation)"]}, PROGRAMMATIC, "header_auto_submitted"),
        ({"x-autoreply": ["yes"]}, PROGRAMMATIC, "header_auto_reply"),
        ({"precedence": ["auto_reply"]}, PROGRAMMATIC, "header_auto_reply"),
        ({"precedence": ["Bulk"]}, PROGRAMMATIC, "header_precedence"),
        ({"list-unsubscribe": ["<mailto:u@news.example>"]}, PROGRAMMATIC, "header_list"),
        ({"list-id": ["News <news.shop.example>"]}, PROGRAMMATIC, "header_list"),
        ({"return-path": ["<>"]}, PROGRAMMATIC, "header_bounce"),
        ({"from": ["Mail Delivery <MAILER-DAEMON@mx.example>"]}, PROGRAMMATIC, "header_bounce"),
        ({"content-type": ["multipart/report; report-type=delivery-status"]}, PROGRAMMATIC, "header_bounce"),
        ({"x-spam-flag": ["YES"]}, SPAM, "header_spam_flag"),
        ({"x-spam-status": ["Yes, score=9.1 required=5.0"]}, SPAM, "header_spam_flag"),
        ({"x-ms-exchange-organization-scl": ["9"]}, SPAM, "header_junk_level"),
        ({"x-spam-flag": ["YES"], "list-id": ["<a.b>"]}, SPAM, "header_spam_flag"),
    ],
)
def test_headers_decide_before_the_text(headers: dict[str, Sequence[str]], status: SpamStatus, reason: str) -> None:
    verdict = judge(message(REQUEST, headers=headers))
    assert verdict is not None
    assert (verdict.status, verdict.reason) == (status, reason)


@pytest.mark.parametrize(
    "headers",
    [
        {"auto-submitted": ["no"]},
        {"x-spam-flag": ["NO"]},
        {"x-spam-status": ["No, score=-1.2"]},
        {"x-ms-exchange-organization-scl": ["-1"]},
        {"precedence": ["normal"]},
        {"return-path": ["<tom@example.com>"]},
        {"return-path": [""]},
        {"list-unsubscribe": [""]},
        {"list-id": ["<service.energy.example>"], "to": ["service@energy.example"], "precedence": ["list"]},
        {"content-type": ["text/plain"]},
        {"x-autoreply": ["no"]},
    ],
)
def test_headers_of_an_ordinary_mail_are_clean(headers: dict[str, Sequence[str]]) -> None:
    verdict = judge(message(REQUEST, headers=headers))
    assert verdict is not None
    assert verdict.status is CLEAN


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("Automatische Antwort: Ihr Vertrag", "Ich bin bis 3.5. nicht da."),
        ("Out of Office: bill", "I am away."),
        ("Abwesenheitsnotiz", "Bin im Urlaub."),
        ("Undelivered Mail Returned to Sender", "host said 550"),
        ("Unzustellbar: Ihre Rechnung", "Postfach voll"),
        ("Ihre Anfrage", "Bitte antworten Sie nicht auf diese automatisch erzeugte Mitteilung."),
        ("Deals", "Sie erhalten diesen Brief, weil Sie sich angemeldet haben. Hier abmelden."),
    ],
)
def test_automatic_replies_bounces_and_newsletters_are_told_without_headers(subject: str, body: str) -> None:
    verdict = judge(message(body, subject=subject))
    assert verdict is not None
    assert verdict.status is PROGRAMMATIC


@pytest.mark.parametrize(
    "text",
    [
        "Congratulations, you have won 2 BTC! Claim your prize now, risk-free.",
        "We are a team of SEO experts and bring you to the first page of Google. Plans start at $99.",
        "Bestätigen Sie innerhalb von 24 Stunden Ihr Passwort, sonst wird Ihr Konto dauerhaft gesperrt.",
        "Sofortkredit ohne Schufa, 100% risikofrei, jetzt zuschlagen und hier klicken!",
    ],
)
def test_a_text_beyond_doubt_is_spam(text: str) -> None:
    verdict = judge(message(text))
    assert verdict is not None
    assert verdict.status is SPAM


@pytest.mark.parametrize(
    "text",
    [
        REQUEST,
        "Ich habe einen Kredit aufgenommen und kann die Rechnung erst später bezahlen.",
        "Please click here to see the photo of my meter: https://photos.example/1",
        "Sie haben mir einen Gewinn versprochen, 100% kostenlos. Wo bleibt der Neukundenbonus aus meinem Vertrag?",
        "Ich habe eine Mail bekommen, in der ich meine Bankdaten bestätigen soll. Ist die von Ihnen?",
        "Your account has been charged twice, I want my money back.",
        "Unsubscribe me from your newsletter please.",
        "Hiermit kündige ich. SOFORT! Letzte Warnung!!!",
        "URGENT!!! No electricity since this morning!!!",
        "Guten Tag",
    ],
)
def test_a_customer_is_not_taken_for_spam(text: str) -> None:
    verdict = judge(message(text))
    assert verdict is not None
    assert verdict.status is CLEAN


def test_a_reply_to_an_automatic_answer_is_clean() -> None:
    verdict = judge(message(REQUEST, subject="AW: Automatische Antwort: Ihr Vertrag"))
    assert verdict is not None
    assert verdict.status is CLEAN


@pytest.mark.parametrize("direction", ["out", "internal"])
def test_own_messages_are_clean_whatever_they_say(direction: str) -> None:
    verdict = judge(message("You have won BTC", direction=direction, headers={"auto-submitted": ["auto-generated"]}))
    assert verdict is not None
    assert verdict.status is CLEAN


def test_without_headers_and_text_there_is_nothing_to_judge() -> None:
    assert judge(message("")) is None


@pytest.mark.parametrize(
    "headers",
    [
        {"x-spam-flag": ["YES"]},
        {"x-ms-exchange-organization-scl": ["9"]},
        {"list-id": ["<family.example.org>"]},
        {"precedence": ["list"]},
    ],
)
def test_what_others_think_of_a_mail_does_not_outweigh_a_customer_s_number(headers: dict[str, Sequence[str]]) -> None:
    verdict = judge(message(f"{REQUEST} Kundennummer 205901", headers=headers))

    assert verdict is not None
    assert verdict.status is CLEAN


def test_a_machine_s_mail_stays_one_whatever_numbers_it_names() -> None:
    verdict = judge(message("Ihre Kundennummer 205901", headers={"auto-submitted": ["auto-replied"]}))

    assert verdict is not None
    assert verdict.status is PROGRAMMATIC


@pytest.mark.parametrize(
    "text",
    [
        "Ich habe auf den Link geklickt: Bestätigen Sie Ihre Daten innerhalb von 24 Stunden. Ist das Betrug?",
        "Is this a scam? It says: verify your account within 24 hours or it will be suspended.",
    ],
)
def test_a_customer_who_asks_about_spam_sends_none(text: str) -> None:
    verdict = judge(message(text))

    assert verdict is not None
    assert verdict.status is CLEAN
