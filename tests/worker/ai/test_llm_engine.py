"""What the engine makes of a model's answers, against a real server on loopback."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.services.llm_server import LlmServer
from tests.worker.ai.conftest import MakeEngine
from tests.worker.ai.definitions import AGENTS, READING, TAGS
from tests.worker.ai.messages import message
from worker.domain.failures import Permanent
from worker.domain.words import Sentiment, SpamStatus

ROOT = Path(__file__).parents[3]
MOVING = message("Ich ziehe am 1. Juni um. Geheim: Lindenallee 4.")


def test_summary_mood_and_spam_of_a_message_are_one_call(server: LlmServer, engine_with: MakeEngine) -> None:
    engine = engine_with()
    assert engine.summary(MOVING) == "Der Kunde zieht um."
    assert engine.sentiment(MOVING) is Sentiment.NEUTRAL
    verdict = engine.spam(MOVING)
    assert verdict is not None
    assert verdict.status is SpamStatus.AUTO_CLEAN
    assert len(server.requests) == 1


def test_what_headers_prove_costs_no_call(server: LlmServer, engine_with: MakeEngine) -> None:
    verdict = engine_with().spam(message("Bin im Urlaub", headers={"auto-submitted": ["auto-replied"]}))
    assert verdict is not None
    assert verdict.status is SpamStatus.AUTO_PROGRAMMATIC
    assert not server.requests


def test_unknown_tags_and_unlikely_ones_are_dropped(server: LlmServer, engine_with: MakeEngine) -> None:
    choices = [{"id": 999, "confidence": 1}, {"id": 2, "confidence": 0.1}, {"id": 1, "confidence": 0.7}]
    server.answers["tags"] = {"tags": choices}
    assert [match.tag_id for match in engine_with().tags(MOVING, TAGS)] == [1]


def test_fields_nobody_asked_for_and_values_of_other_types_are_dropped(
    server: LlmServer, engine_with: MakeEngine
) -> None:
    values = {"reading": "viel", "readingDate": "31.2.", "meterNumber": 4711, "vip": True}
    fields = [{"name": name, "value": value} for name, value in values.items()]
    server.answers["agents"] = {"agents": [{"id": READING, "confidence": 0.9, "fields": fields}]}
    (found,) = engine_with().agents(MOVING, AGENTS)
    assert found.data == {"meterNumber": "4711"}
    assert [info.code for info in found.infos] == ["MISSING_FIELD"]


def test_a_model_cannot_set_a_manual_status(server: LlmServer, engine_with: MakeEngine) -> None:
    server.answers["summary"] = {"summary": "x", "sentiment": "neutral", "spam": "manual_clean"}
    with pytest.raises(Permanent, match="llm_bad_answer"):
        engine_with().spam(MOVING)


def test_a_summary_is_one_line_of_bounded_length(server: LlmServer, engine_with: MakeEngine) -> None:
    server.answers["summary"] = {"summary": "a\n" * 5_000, "sentiment": "neutral", "spam": "clean"}
    summary = engine_with().summary(MOVING)
    assert summary is not None
    assert len(summary) <= 500
    assert "\n" not in summary


def test_as_many_calls_as_threads_are_in_flight(server: LlmServer, engine_with: MakeEngine) -> None:
    engine, server.delay = engine_with(), 0.3
    messages = [message(f"Mein Zähler {number} steht.") for number in range(32)]
    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(engine.summary, messages))
    assert server.most_at_once == 16


def test_the_fallback_is_a_setting(engine_with: MakeEngine) -> None:
    assert engine_with().fallback is None
    instead = engine_with(llm_fallback=True).fallback
    assert instead is not None
    assert instead.name == "embedded"
    assert instead.language(MOVING) is not None


def test_another_model_is_another_fingerprint(engine_with: MakeEngine) -> None:
    assert engine_with().fingerprint == engine_with().fingerprint
    assert engine_with().fingerprint != engine_with(llm_model="other").fingerprint


def test_a_message_without_words_costs_no_call(server: LlmServer, engine_with: MakeEngine) -> None:
    assert engine_with().summary(message("?!")) is None
    assert not server.requests


def test_a_model_behind_anthropic_s_protocol_answers_the_same(server: LlmServer, engine_with: MakeEngine) -> None:
    engine = engine_with(llm_provider="anthropic", llm_base_url=server.url.removesuffix("/v1"))
    assert engine.summary(MOVING) == "Der Kunde zieht um."
    assert [match.tag_id for match in engine.tags(MOVING, TAGS)] == [2, 1]
    assert len(server.requests) == 2


def test_a_key_in_the_environment_goes_to_no_other_server(
    server: LlmServer, engine_with: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-somebody-s")
    engine_with(llm_api_key=None).summary(MOVING)
    assert server.authorizations == ["Bearer none"]


def test_the_client_is_imported_only_when_a_model_is_configured() -> None:
    program = "import sys; from worker.runtime import engine; engine(); print('pydantic_ai' in sys.modules)"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TICKETS_")}
    model = {"TICKETS_ENGINE": "llm", "TICKETS_LLM_MODEL": "m", "TICKETS_LLM_BASE_URL": "http://127.0.0.1:9"}
    for settings, imported in (({}, "False"), (model, "True")):
        run = subprocess.run(  # noqa: S603 - the text above
            [sys.executable, "-c", program],
            cwd=ROOT,
            env=environment | settings,
            check=True,
            capture_output=True,
            text=True,
        )
        assert run.stdout.strip() == imported
