from __future__ import annotations

import pytest

from tests.worker.ai.messages import message
from worker.ai.embedded.body import text_of

REPLY_HEADERS = {
    "outlook_german": (
        "Von: Service <service@example.com>\nGesendet: Montag, 4. Mai 2026 10:11\nAn: Tom <tom@example.org>\n"
        "Betreff: AW: Ihr Vertrag\n"
    ),
    "outlook_english": (
        "From: Service <service@example.com>\nSent: Monday, May 4, 2026 10:11 AM\nTo: Tom\nSubject: RE: Contract\n"
    ),
    "outlook_classic": (
        "-----Ursprüngliche Nachricht-----\nVon: Service [mailto:service@example.com] \nGesendet: Montag, 4. Mai 2026\n"
        "An: Tom\nBetreff: Ihr Vertrag\n"
    ),
    "gmx": "Gesendet: Montag, 04. Mai 2026 um 10:11 Uhr\nVon: service@example.com\nAn: Tom\nBetreff: Vertrag\n",
    "gmail_german": "Am Mo., 4. Mai 2026 um 10:11 Uhr schrieb Service <service@example.com>:\n",
    "gmail_wrapped": "On Mon, May 4, 2026 at 10:11 AM Service Team\n<service@example.com> wrote:\n",
    "apple_german": "Am 04.05.2026 um 10:11 schrieb Service <service@example.com>:\n",
    "apple_english": "On 4. May 2026, at 10:11, Service <service@example.com> wrote:\n",
    "thunderbird": "Am 04.05.26 um 10:11 schrieb Service:\n",
    "separator": "-----Original Message-----\n",
    "ticket_system": "##- Bitte geben Sie Ihre Antwort oberhalb dieser Zeile ein -##\n",
}


@pytest.mark.parametrize("header", REPLY_HEADERS.values(), ids=REPLY_HEADERS.keys())
def test_what_stands_below_a_reply_header_is_dropped(header: str) -> None:
    body = f"Hallo,\n\nmein Zähler steht bei 4711.\n\n{header}\nSehr geehrter Kunde,\nbitte nennen Sie uns den Stand."
    clean = text_of(message(body)).clean
    assert "4711" in clean
    assert "nennen" not in clean
    assert "service@" not in clean


@pytest.mark.parametrize("header", REPLY_HEADERS.values(), ids=REPLY_HEADERS.keys())
def test_the_plain_text_keeps_what_was_quoted(header: str) -> None:
    assert "bitte nennen" in text_of(message(f"Danke, mache ich.\n\n{header}\nbitte nennen Sie den Stand")).plain


def test_answers_between_quoted_lines_are_kept() -> None:
    body = "> Wie lautet Ihre Zählernummer?\n1ESY1160669167\n> Und der Stand?\n123,4 kWh\n"
    assert text_of(message(body)).clean == "1ESY1160669167\n123,4 kWh"


def test_an_answer_below_the_quoted_mail_is_kept() -> None:
    body = (
        "Am 04.05.2026 um 10:11 schrieb Service <s@example.com>:\n> Wie ist Ihre IBAN?\n\nDE89 3704 0044 0532 0130 00"
    )
    assert text_of(message(body)).clean == "DE89 3704 0044 0532 0130 00"


@pytest.mark.parametrize(
    "sentence",
    [
        "Am 3. Mai schrieb mir Ihr Kollege folgendes: die Rechnung werde korrigiert.",
        "Von: meiner alten Wohnung nach Berlin ziehe ich am 1. Juni.",
        "On 3 May your colleague wrote that the bill will be corrected.",
    ],
)
def test_prose_that_resembles_a_header_is_kept(sentence: str) -> None:
    assert text_of(message(f"Hallo,\n{sentence}\nBisher ist nichts passiert.")).clean.endswith("nichts passiert.")


@pytest.mark.parametrize(
    ("subject", "marker"),
    [
        ("Fwd: Kündigung", "---------- Forwarded message ---------\n"),
        ("Kündigung", "Anfang der weitergeleiteten Nachricht:\n\n"),
        ("WG: Kündigung", "-----Ursprüngliche Nachricht-----\n"),
        ("WG: Kündigung", ""),
    ],
)
def test_what_a_customer_forwards_is_kept_without_its_header(subject: str, marker: str) -> None:
    header = "Von: Erika <erika@example.com>\nGesendet: Montag, 4. Mai 2026\nAn: hv@example.org\nBetreff: Kündigung\n"
    clean = text_of(message(f"Bitte bearbeiten.\n\n{marker}{header}\nIch kündige zum 1.6.", subject=subject)).clean
    assert clean.split() == "Bitte bearbeiten. Ich kündige zum 1.6.".split()


def test_a_mail_that_is_nothing_but_quoted_is_not_emptied() -> None:
    assert "4711" in text_of(message("> Mein Stand ist 4711.")).clean


@pytest.mark.parametrize(
    "closing",
    [
        "Mit freundlichen Grüßen\nTom Muster",
        "Viele Grüße aus Köln\nIhre Erika Muster",
        "LG Tom",
        "MfG\nT. Muster",
        "Kind regards,\nTom",
        "Best,\nTom Muster",
        "Thanks and best regards\nTom",
        "-- \nTom Muster | Leiter Einkauf | Muster GmbH",
        "Freundliche Grüße\n\nTom Muster\nGeschäftsführer\nMuster GmbH\nHRB 1, Amtsgericht Köln\nUSt-IdNr. DE123456789",
    ],
)
def test_closings_and_signatures_are_dropped(closing: str) -> None:
    assert (
        text_of(message(f"Bitte senden Sie mir die Rechnung.\n\n{closing}")).clean
        == "Bitte senden Sie mir die Rechnung."
    )


@pytest.mark.parametrize(
    "footer",
    [
        "Von meinem iPhone gesendet",
        "Sent from my iPhone",
        "Gesendet mit der GMX Mail App",
        "Get Outlook for iOS",
        "Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.",
        "Virenfrei. www.avast.com",
        "Please consider the environment before printing this e-mail.",
        (
            "Diese E-Mail enthält vertrauliche und/oder rechtlich geschützte Informationen.\nWenn Sie nicht "
            "der richtige\nAdressat sind, vernichten Sie diese Mail."
        ),
        "This e-mail may contain confidential information.\nIf you are not the intended recipient, please delete it.",
        "Confidentiality notice: the contents are privileged.\nAny disclosure is prohibited.",
    ],
)
def test_footers_and_disclaimers_are_dropped(footer: str) -> None:
    assert text_of(message(f"Mein Zähler steht bei 4711.\n\n{footer}")).clean == "Mein Zähler steht bei 4711."


@pytest.mark.parametrize(
    "fact",
    [
        "Kundennummer: 99887766",
        "Zähler-Nr. 1ESY1160669167",
        "Vertragskonto 300 123 456",
        "IBAN DE89 3704 0044 0532 0130 00",
        "Zählerstand 12.345 kWh",
        "Hauptstr. 5",
        "10115 Berlin",
        "Auszug am 31.05.2026",
        "Customer number 12345",
        "P.S. Der Schlüssel liegt beim Nachbarn.",
    ],
)
@pytest.mark.parametrize("closing", ["Mit freundlichen Grüßen\nTom Muster", "Kind regards\nTom", "-- \nTom Muster"])
def test_facts_below_a_closing_are_kept(fact: str, closing: str) -> None:
    clean = text_of(message(f"Bitte ändern Sie meine Daten.\n\n{closing}\n{fact}\nVon meinem iPhone gesendet")).clean
    assert clean.split("\n")[-1] == fact


def test_thanks_at_the_beginning_close_nothing() -> None:
    assert text_of(message("Vielen Dank!\nIch kündige zum 1. Juni.")).clean.endswith("zum 1. Juni.")


def test_html_becomes_plain_text_with_its_lines_and_letters() -> None:
    body = (
        "<html><head><style>p {color: red}</style><title>x</title></head><body><p>Guten Tag,</p>"
        "<p>mein Z&auml;hler<br>steht bei&nbsp;<b>4711</b>.</p>"
        "<table><tr><td>Kundennummer</td><td>99887766</td></tr></table><script>alert(1)</script></body></html>"
    )
    text = text_of(message(body)).plain
    assert text == "Guten Tag,\n\nmein Zähler\nsteht bei 4711.\n\nKundennummer 99887766"


@pytest.mark.parametrize(
    "hidden",
    [
        '<div style="display:none">unsichtbar</div>',
        '<span style="color:#fff;DISPLAY: none">unsichtbar</span>',
        "<p hidden>unsichtbar</p>",
        "<!-- unsichtbar -->",
        "<noscript>unsichtbar</noscript>",
    ],
)
def test_what_a_reader_does_not_see_is_no_text(hidden: str) -> None:
    assert text_of(message(f"<p>Hallo</p>{hidden}<p>Welt</p>")).plain.split() == ["Hallo", "Welt"]


@pytest.mark.parametrize(
    "quoted",
    [
        (
            '<div class="gmail_quote"><div class="gmail_attr">Am 4. Mai schrieb Service:<br></div>'
            '<blockquote class="gmail_quote">alte Mail</blockquote></div>'
        ),
        '<blockquote type="cite"><div>alte Mail</div></blockquote>',
        (
            '<div class="moz-cite-prefix">Am 04.05.26 um 10:11 schrieb Service:<br></div>'
            '<blockquote type="cite" cite="mid:1@example.com">alte Mail</blockquote>'
        ),
        '<div class="yahoo_quoted">alte Mail</div>',
        '<div name="quote" style="border-left:2px solid">alte Mail</div>',
        (
            "<div><p><b>Von:</b> Service &lt;s@example.com&gt;<br><b>Gesendet:</b> Montag<br><b>An:</b> Tom<br>"
            "<b>Betreff:</b> AW</p><p>alte Mail</p></div>"
        ),
    ],
)
def test_what_a_mail_program_quotes_in_html_is_dropped(quoted: str) -> None:
    assert text_of(message(f"<div>Mein Stand ist 4711.</div>{quoted}")).clean == "Mein Stand ist 4711."


def test_a_block_quote_that_the_customer_set_is_kept() -> None:
    body = "<p>Meine Daten:</p><blockquote>Zählernummer 1ESY1160669167</blockquote>"
    assert "1ESY1160669167" in text_of(message(body)).clean


def test_plain_text_with_angle_brackets_is_no_markup() -> None:
    assert text_of(message("Schreiben Sie an <tom@example.com>, wenn 3 < 5.")).plain.endswith("wenn 3 < 5.")


def test_without_a_body_the_plain_body_is_read() -> None:
    assert text_of(message(plain="Mein Stand: 4711\n\nGruß\nTom")).clean == "Mein Stand: 4711"


def test_words_that_a_scanner_split_at_the_end_of_a_line_are_joined_in_letters() -> None:
    assert "Zählerstand" in text_of(message("mein Zähler-\nstand ist 4711", channel="letter")).clean


@pytest.mark.parametrize("depth", [300, 3_000, 100_000])
def test_deeply_nested_markup_loses_no_text(depth: int) -> None:
    assert text_of(message("<div>" * depth + "Stand 4711" + "</div>" * depth)).plain == "Stand 4711"


def test_the_page_example_reads_the_same_from_html_and_from_plain_text(page_example: dict[str, str]) -> None:
    from_html = text_of(message(page_example["body"])).plain
    assert from_html.split() == page_example["bodyPlain"].split()
