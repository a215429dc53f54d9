"""Bodies that nobody wrote by hand: every stage answers, soon, and keeps what there is to keep."""

from __future__ import annotations

from dataclasses import replace
from time import process_time

import pytest

from tests.worker.ai.definitions import AGENTS, TAGS, tag
from tests.worker.ai.messages import message
from worker.ai.embedded.engine import EmbeddedEngine
from worker.ai.protocol import Message, Text

_HUGE = 5_000_000  # characters
_SOON = 4.0  # seconds of one core, for all stages together: one on a quiet machine; a stuck pattern takes minutes

_WORDS = "Mein Zähler 1ABC0001112223 steht auf 4711 kWh."

HUGE = {
    "prose": f"{_WORDS} " * (_HUGE // 47),
    "one word": "a" * _HUGE,
    "groups of digits": "12 " * (_HUGE // 3),
    "short lines": "x\n" * (_HUGE // 2),
    "quoted lines": "> x\n" * (_HUGE // 4),
    "half an address": "a@" * (_HUGE // 2),
    "headers of mails": "Von: a\n" * (_HUGE // 7),
    "closings": "Mit freundlichen Grüßen\n" * (_HUGE // 24),
    "half an IBAN": "DE89 3704 " * (_HUGE // 10),
}
BOMBS = {
    "5,000 levels": f"<html>{'<div>' * 5_000}{_WORDS}{'</div>' * 5_000}",
    "3,000 tables": f"<html>{'<table><tr><td>' * 3_000}{_WORDS}",
    "100,000 tags": f"<html><p>{_WORDS}</p>{'<p>a</p>' * 100_000}",
    "a huge attribute": f'<p title="{"x" * _HUGE}">{_WORDS}</p>',
    "a huge style": f"<html><style>{'a{b:c}' * 700_000}</style><p>{_WORDS}</p>",
    "a wide table": f"<p>{_WORDS}</p><table><tr>{'<td>a</td>' * 50_000}</tr></table>",
    "tags that never end": f"<p>{_WORDS}</p>{'<div ' * 100_000}",
    "comments that never end": f"<p>{_WORDS}</p>{'<!--' * 200_000}",
    "an inline picture": f'<p><img src="data:image/png;base64,{"A" * _HUGE}"></p><p>{_WORDS}</p>',
}
BROKEN = {
    "NULs": _WORDS.replace(" ", "\x00 \x00"),
    "halves of surrogate pairs": f"\udc80{_WORDS}\ud800",
    "letters of a wrong encoding": _WORDS.replace("ä", "Ã¤"),
    "letters that cannot be seen": "\u202e\u200b".join(_WORDS.split(" ")).replace("\u202e", " "),
    "a mark of byte order": f"\ufeff{_WORDS}",
}


def _all_stages(engine: EmbeddedEngine, first: Message) -> Text:
    found = engine.language(first)
    text = engine.text(first)
    later = replace(first, language_code=found.code if found else None, body_plain=text.plain, body_clean=text.clean)
    for stage in (engine.summary, engine.sentiment, engine.spam, engine.clues):
        stage(later)
    engine.tags(later, TAGS)
    engine.agents(later, AGENTS)
    return text


@pytest.mark.parametrize("kind", [*HUGE, *BOMBS])
def test_all_stages_of_a_huge_body_end_soon(kind: str, engine: EmbeddedEngine) -> None:
    engine.tags(message(_WORDS), TAGS)  # definitions are read once, whatever the message
    engine.agents(message(_WORDS), AGENTS)
    began = process_time()

    _all_stages(engine, message((HUGE | BOMBS)[kind], subject="Zähler"))

    assert process_time() - began < _SOON


@pytest.mark.parametrize("kind", BOMBS)
def test_markup_that_is_a_bomb_loses_no_words(kind: str, engine: EmbeddedEngine) -> None:
    assert "4711 kWh" in engine.text(message(BOMBS[kind])).clean


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_encoding_loses_no_facts(kind: str, engine: EmbeddedEngine) -> None:
    text = _all_stages(engine, message(BROKEN[kind]))

    assert "4711" in text.clean
    assert "\x00" not in text.plain
    text.plain.encode()  # nothing is left that a database would refuse


@pytest.mark.parametrize("body", ["", " \n\t ", "\u200b\u200b", "<html><body></body></html>", "<p>&nbsp;</p>", "?!"])
def test_an_empty_body_has_no_language_no_mood_and_no_tags(body: str, engine: EmbeddedEngine) -> None:
    empty = message(body)

    assert engine.language(empty) is None
    assert engine.summary(empty) is None
    assert engine.sentiment(empty) is None
    assert not engine.tags(empty, TAGS)
    assert not engine.agents(empty, AGENTS)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Merhaba, sayacımın değeri 4711 kWh. Lütfen kaydedin.", "tr"),
        ("Dzień dobry, proszę o fakturę za zeszły rok.", "pl"),
        ("Здравствуйте, у нас с утра нет электричества.", "ru"),
        ("Bonjour, je voudrais changer mon adresse de facturation.", "fr"),
        ("مرحبا، ليس لدينا كهرباء منذ الصباح", "ar"),
        ("你好，我们今天早上没有电。", "zh"),
    ],
)
def test_other_languages_are_told_and_harm_nothing(text: str, code: str, engine: EmbeddedEngine) -> None:
    found = engine.language(message(text))

    assert found is not None
    assert found.code == code
    assert _all_stages(engine, message(text)).clean == text


def test_definitions_may_hold_letters_that_no_model_reads(engine: EmbeddedEngine) -> None:
    assert not engine.tags(message("Guten Tag"), [tag(99, "\ud800", "\x00\udfff")])


def test_the_same_message_is_answered_the_same_by_another_process_s_engine(engine: EmbeddedEngine) -> None:
    other, asked = EmbeddedEngine(), message(f"{_WORDS} Bitte um Rückruf: 030 23125 011.", subject="Zählerstand")

    assert other.tags(asked, TAGS) == engine.tags(asked, TAGS)
    assert other.agents(asked, AGENTS) == engine.agents(asked, AGENTS)
    assert other.summary(asked) == engine.summary(asked)
