"""What every engine must keep, whatever it is made of."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass

import pytest

from config.settings import Settings
from tests.services.llm_server import llm_server
from tests.worker.ai.definitions import AGENTS, TAGS
from tests.worker.ai.messages import message
from worker.ai.embedded.engine import EmbeddedEngine
from worker.ai.llm.engine import Engines
from worker.ai.protocol import Clues, Engine, Finding, Language, Message, SpamVerdict, TagMatch, Text
from worker.domain.words import Sentiment, SpamStatus


@contextmanager
def _embedded() -> Iterator[Engine]:
    yield EmbeddedEngine()


@contextmanager
def _llm() -> Iterator[Engine]:
    with llm_server() as server:
        settings = Settings(engine="llm", llm_model="scripted", llm_base_url=server.url)
        with closing(Engines(settings)) as engines:
            yield engines()


Make = Callable[[], AbstractContextManager[Engine]]
ENGINES: dict[str, Make] = {"embedded": _embedded, "llm": _llm}

LARGEST = 5_000_000  # characters of a body; more is refused before an engine sees it
LONGEST = 20.0  # seconds for all questions about one message, on a busy machine

ORDINARY = (
    "Sehr geehrte Damen und Herren,\n\nich ziehe am 1. Juni in die Lindenallee 4, 50667 Köln. Mein Zähler "
    "1ESY1160669167 steht bei 12.345 kWh.\n\nMit freundlichen Grüßen\nErika Muster\nerika@example.com, 0171 2345678"
)
WEIRD = {
    "empty": "",
    "blank": " \n\t\r\n ",
    "punctuation": "?!.,;:-_#'+*~",
    "emoji": "👍🏽👨‍👩‍👧‍👦🇩🇪" * 50,
    "control": "\x00\x01\x02\x1b[31mrot\x7f\ufeff\u202e",
    "lone_surrogate": "Z\ud800hler \udfff 4711",
    "private_use": "\ue000\ue001 quoted \ue001\ue000",
    "right_to_left": "أريد إلغاء عقد الكهرباء الخاص بي",
    "chinese": "我想取消我的合同",
    "one_word": "Kündigung",
    "broken_html": "<p><b>Hallo <i>Welt</p></b> &auml &#xZZ; <unknown attr='",
    "only_quoted": "> > > alt\n> alt\n",
    "numbers": "1" * 500 + " " + "1.2.3.4.5.6.7.8.9 " * 50,
    "impossible_dates": "31.02.2026 99.99.9999 0.0.0000 in 999 Jahren vor 999 Monaten zum 31.",
    "json": json.dumps({"a": [1, None, {"b": "c"}]}),
    "format": "%s %d {0} {name} ${x} \\1 (?P<a>",
}
HUGE: dict[str, Callable[[], str]] = {
    "words": lambda: "Zähler " * (LARGEST // 7),
    "one_word": lambda: "x" * LARGEST,
    "lines": lambda: "Am 3.5. um 10:11\n" * (LARGEST // 17),
    "quotes": lambda: ">\n" * (LARGEST // 2),
    "nested": lambda: "<div>" * (LARGEST // 5),
    "unclosed": lambda: "<script" * (LARGEST // 7),
    "angles": lambda: "<" * LARGEST,
    "table": lambda: "<table>" + "<tr><td>a</td><td>b</td></tr>" * (LARGEST // 29) + "</table>",
    "entities": lambda: "&auml;" * (LARGEST // 6),
    "at_signs": lambda: "a@" * (LARGEST // 2),
    "digits": lambda: "1" * LARGEST,
    "capitals": lambda: "Aa " * (LARGEST // 3),
    "blanks": lambda: " " * LARGEST,
    "sentences": lambda: "Ich ziehe um. " * (LARGEST // 14),
    "headers": lambda: "Von: a\nGesendet: b\n" * (LARGEST // 19),
}


@dataclass(frozen=True)
class Answers:
    """Everything an engine says about one message."""

    language: Language | None
    text: Text
    summary: str | None
    sentiment: Sentiment | None
    spam: SpamVerdict | None
    clues: Clues
    tags: Sequence[TagMatch]
    agents: Sequence[Finding]


def ask(engine: Engine, of: Message) -> Answers:
    return Answers(
        engine.language(of),
        engine.text(of),
        engine.summary(of),
        engine.sentiment(of),
        engine.spam(of),
        engine.clues(of),
        list(engine.tags(of, TAGS)),
        list(engine.agents(of, AGENTS)),
    )


@pytest.fixture(scope="module", params=list(ENGINES.values()), ids=list(ENGINES))
def any_engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    make: Make = request.param
    with make() as engine:
        ask(engine, message(ORDINARY))  # models are loaded before anything is timed
        yield engine


def check(answers: Answers) -> None:
    """Types, ranges, and that nothing is returned that was not handed in."""
    assert answers.language is None or (answers.language.name[0].isupper() and len(answers.language.code) == 2)
    assert isinstance(answers.text.plain, str)
    assert isinstance(answers.text.clean, str)
    assert answers.summary is None or answers.summary.strip()
    assert answers.sentiment is None or answers.sentiment in Sentiment
    if answers.spam is not None:
        assert answers.spam.status in {SpamStatus.AUTO_CLEAN, SpamStatus.AUTO_SPAM, SpamStatus.AUTO_PROGRAMMATIC}
        assert answers.spam.reason.replace("_", "").isalpha()
    check_clues(answers.clues)
    check_tags(answers.tags)
    check_agents(answers.agents)


def check_clues(clues: Clues) -> None:
    groups = (clues.numbers, clues.ibans, clues.emails, clues.phones, clues.names, clues.addresses)
    assert all(len(set(group)) == len(group) for group in groups)
    assert all(value.strip() == value and value for group in groups for value in group)
    assert all(number == number.upper() and " " not in number for number in (*clues.numbers, *clues.ibans))
    assert all(phone.startswith("+") and phone[1:].isdecimal() for phone in clues.phones)


def check_tags(tags: Sequence[TagMatch]) -> None:
    ids = [match.tag_id for match in tags]
    assert len(set(ids)) == len(ids)
    assert set(ids) <= {tag.id for tag in TAGS}
    assert all(0 <= match.confidence <= 1 for match in tags)
    assert [match.confidence for match in tags] == sorted((match.confidence for match in tags), reverse=True)


def check_agents(findings: Sequence[Finding]) -> None:
    fields = {agent.id: {field.name: field.type for field in agent.fields} for agent in AGENTS}
    types: dict[str, type | tuple[type, ...]] = {"number": (int, float), "boolean": bool}
    assert len({found.agent_id for found in findings}) == len(findings)
    for found in findings:
        assert 0 <= found.confidence <= 1
        assert found.data.keys() <= fields[found.agent_id].keys()
        for name, value in found.data.items():
            assert isinstance(value, types.get(fields[found.agent_id][name], str))
        assert json.loads(json.dumps(dict(found.data))) == dict(found.data)
        assert all(info.type in {"info", "warning", "error"} for info in found.infos)


def test_an_engine_has_a_name(any_engine: Engine) -> None:
    assert any_engine.name


def test_an_ordinary_message_is_answered_in_full(any_engine: Engine) -> None:
    answers = ask(any_engine, message(ORDINARY))
    check(answers)
    assert answers.language == Language("German", "de")
    assert answers.summary
    assert answers.clues.numbers
    assert answers.tags
    assert answers.agents


@pytest.mark.parametrize("body", WEIRD.values(), ids=WEIRD.keys())
def test_no_text_is_too_strange(body: str, any_engine: Engine) -> None:
    check(ask(any_engine, message(body, subject=body[:900])))
    check(ask(any_engine, message(plain=body)))
    check(ask(any_engine, message(clean=body)))


@pytest.mark.parametrize("make", HUGE.values(), ids=HUGE.keys())
def test_the_largest_bodies_are_answered_in_bounded_time(make: Callable[[], str], any_engine: Engine) -> None:
    huge = message(make())
    began = time.monotonic()
    check(ask(any_engine, huge))
    assert time.monotonic() - began < LONGEST


@pytest.mark.parametrize("channel", ["email", "portal", "phone", "letter", "system", "chat", "walkIn"])
@pytest.mark.parametrize("direction", ["in", "out", "internal"])
def test_every_channel_and_direction_is_answered(channel: str, direction: str, any_engine: Engine) -> None:
    check(ask(any_engine, message(ORDINARY, channel=channel, direction=direction)))


def test_the_same_message_gets_the_same_answers(any_engine: Engine) -> None:
    others = [message(f"Mein Zählerstand ist {number}.") for number in range(40)]
    first = ask(any_engine, message(ORDINARY))
    for other in others:
        ask(any_engine, other)
    assert ask(any_engine, message(ORDINARY)) == first


@pytest.mark.parametrize("make", ENGINES.values(), ids=ENGINES.keys())
def test_another_instance_gives_the_same_answers(make: Make) -> None:
    with make() as one, make() as another:
        assert ask(one, message(ORDINARY)) == ask(another, message(ORDINARY))


def test_only_known_candidates_are_returned(any_engine: Engine) -> None:
    of = message(ORDINARY)
    for count in range(len(TAGS)):
        assert {match.tag_id for match in any_engine.tags(of, TAGS[:count])} <= {tag.id for tag in TAGS[:count]}
    assert not any_engine.tags(of, [])
    assert not any_engine.agents(of, [])


def test_the_order_of_candidates_changes_no_answer(any_engine: Engine) -> None:
    of = message(ORDINARY)
    forward = {match.tag_id: match.confidence for match in any_engine.tags(of, TAGS)}
    backward = {match.tag_id: match.confidence for match in any_engine.tags(of, TAGS[::-1])}
    assert forward == backward
    assert sorted(f.agent_id for f in any_engine.agents(of, AGENTS)) == sorted(
        f.agent_id for f in any_engine.agents(of, AGENTS[::-1])
    )


def test_cleaned_text_is_never_longer_than_it_needs_to_be(any_engine: Engine) -> None:
    text = any_engine.text(message(ORDINARY))
    assert len(text.clean) <= len(text.plain)
    assert "1ESY1160669167" in text.clean


def test_cleaning_what_is_clean_changes_nothing(any_engine: Engine) -> None:
    clean = any_engine.text(message(ORDINARY)).clean
    assert any_engine.text(message(clean)).clean == clean
