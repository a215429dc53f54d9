"""What becomes of calls that fail, against a real server on loopback."""

from __future__ import annotations

import logging
import time
import traceback
from datetime import timedelta

import pytest

from tests.services.llm_server import LlmServer
from tests.worker.ai.conftest import MODEL_KEY, MakeEngine, MakeEngines
from tests.worker.ai.definitions import TAGS
from tests.worker.ai.messages import message
from worker.domain.failures import Permanent, TooSlow, Transient

MOVING = message("Ich ziehe am 1. Juni um. Geheim: Lindenallee 4.")


@pytest.mark.parametrize(
    ("status", "reason"),
    [(429, "llm_rate_limited"), (500, "llm_server_error"), (503, "llm_unavailable")],
)
def test_a_busy_or_broken_server_is_a_passing_failure(
    server: LlmServer, engine_with: MakeEngine, status: int, reason: str
) -> None:
    server.status, server.headers = status, {"retry-after": "7"}
    with pytest.raises(Transient) as failed:
        engine_with().summary(MOVING)
    assert (failed.value.reason, failed.value.retry_after) == (reason, 7.0)
    assert len(server.requests) == 1  # tried again by our own clock only


@pytest.mark.parametrize(
    ("status", "reason"),
    [(400, "llm_request_refused"), (401, "llm_unauthorized"), (404, "llm_model_not_found")],
)
def test_a_refused_call_is_a_lasting_failure(
    server: LlmServer, engine_with: MakeEngine, status: int, reason: str
) -> None:
    server.status = status
    with pytest.raises(Permanent) as failed:
        engine_with().summary(MOVING)
    assert failed.value.reason == reason


def test_a_hanging_server_is_given_up_in_time(server: LlmServer, engine_with: MakeEngine) -> None:
    server.delay = 6
    began = time.monotonic()
    with pytest.raises(TooSlow, match="llm_too_slow"):
        engine_with(llm_timeout=timedelta(seconds=0.3)).summary(MOVING)
    assert time.monotonic() - began < 5


def test_a_reset_connection_is_a_passing_failure(server: LlmServer, engine_with: MakeEngine) -> None:
    server.reset = True
    with pytest.raises(Transient, match="llm_unreachable"):
        engine_with().summary(MOVING)


@pytest.mark.parametrize("raw", ["{not json", '{"summary": 7}', "[]", '{"mood": "fine"}'])
def test_an_answer_in_the_wrong_shape_is_asked_for_once_more_and_then_fails(
    server: LlmServer, engine_with: MakeEngine, raw: str
) -> None:
    server.raw = raw
    with pytest.raises(Permanent, match="llm_bad_answer"):
        engine_with().summary(MOVING)
    assert len(server.requests) == 2


@pytest.mark.parametrize("status", [400, 429, 500])
def test_nothing_of_the_message_or_the_key_is_told_by_a_failure(
    server: LlmServer, engine_with: MakeEngine, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    server.status = status
    with caplog.at_level(logging.INFO), pytest.raises((Transient, Permanent)) as failed:
        engine_with().summary(MOVING)
    told = "".join(traceback.format_exception(failed.value)) + caplog.text
    assert "Geheim" not in told
    assert MODEL_KEY not in told
    assert failed.value.__context__ is None


def test_an_answer_that_trickles_in_is_too_slow(server: LlmServer, engine_with: MakeEngine) -> None:
    server.trickle = 0.1
    began = time.monotonic()
    with pytest.raises(TooSlow, match="llm_too_slow"):
        engine_with(llm_timeout=timedelta(seconds=0.5)).summary(MOVING)
    assert time.monotonic() - began < 5


def test_an_answer_in_the_right_shape_at_the_second_attempt_counts(server: LlmServer, engine_with: MakeEngine) -> None:
    server.raw, server.raw_times = "{not json", 1
    assert engine_with().summary(MOVING) == "Der Kunde zieht um."
    assert len(server.requests) == 2


def test_a_task_asks_no_question_again_that_failed(server: LlmServer, engine_with: MakeEngine) -> None:
    engine = engine_with()
    server.status = 400
    for ask in (engine.summary, engine.sentiment, engine.spam):
        with pytest.raises(Permanent, match="llm_request_refused"):
            ask(MOVING)
    assert len(server.requests) == 1


def test_the_next_task_asks_again(server: LlmServer, engines_with: MakeEngines) -> None:
    engines = engines_with()
    server.status = 500
    with pytest.raises(Transient):
        engines().summary(MOVING)
    server.status = 200
    assert engines().summary(MOVING)


def test_a_task_makes_no_more_calls_than_it_may(server: LlmServer, engine_with: MakeEngine) -> None:
    engine = engine_with(llm_calls_per_task=2)
    engine.summary(MOVING)
    engine.tags(MOVING, TAGS)
    with pytest.raises(Permanent, match="llm_call_limit"):
        engine.summary(message("Noch eine Frage."))
    assert len(server.requests) == 2


def test_calls_that_were_asked_for_twice_count_twice(server: LlmServer, engine_with: MakeEngine) -> None:
    engine = engine_with(llm_calls_per_task=2)
    server.raw, server.raw_times = "{not json", 1
    engine.summary(MOVING)
    with pytest.raises(Permanent, match="llm_call_limit"):
        engine.tags(MOVING, TAGS)


def test_a_task_uses_no_more_tokens_than_it_may(server: LlmServer, engine_with: MakeEngine) -> None:
    engine = engine_with(llm_tokens_per_task=1_000)
    server.tokens = 1_200
    engine.summary(MOVING)
    with pytest.raises(Permanent, match="llm_token_limit"):
        engine.tags(MOVING, TAGS)
    assert len(server.requests) == 1


def test_a_task_out_of_time_asks_nothing(server: LlmServer, engine_with: MakeEngine) -> None:
    engine = engine_with(lease=timedelta(seconds=0.2))
    time.sleep(0.2)
    with pytest.raises(Transient, match="llm_task_out_of_time"):
        engine.summary(MOVING)
    assert not server.requests


def test_an_answer_takes_no_longer_than_the_task_may(server: LlmServer, engine_with: MakeEngine) -> None:
    server.delay = 6
    began = time.monotonic()
    with pytest.raises(TooSlow):
        engine_with(lease=timedelta(seconds=0.5)).summary(MOVING)
    assert time.monotonic() - began < 5
