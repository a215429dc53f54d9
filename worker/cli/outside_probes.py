"""Probes of other people's servers: the language model, and the directory of customers."""

from __future__ import annotations

from collections.abc import Mapping

from worker.cli.findings import Finding, State, Surroundings
from worker.domain.failures import Permanent, Transient

NOBODY = "ticket-worker-check"
"""A customer id that no directory knows."""

Advice = Mapping[str, tuple[State, str]]

_MODEL: Advice = {
    "llm_unreachable": (State.AWAY, "see that it runs and that TICKETS_LLM_BASE_URL is right"),
    "llm_unavailable": (State.FAILED, "it says that it is not ready: look at it, or try again later"),
    "llm_server_error": (State.FAILED, "it failed by itself: look at its log, or try again later"),
    "llm_too_slow": (State.FAILED, "it may have to load the model: try again, or raise TICKETS_LLM_TIMEOUT"),
    "llm_rate_limited": (State.WARNING, "others use it too: lower TICKETS_LLM_CALLS_IN_FLIGHT, or have it allow more"),
    "llm_quota_exceeded": (State.FAILED, "have its owner raise the quota"),
    "llm_unauthorized": (State.FAILED, "see that TICKETS_LLM_API_KEY is right and may use this model"),
    "llm_model_not_found": (
        State.FAILED,
        "see that it has the model TICKETS_LLM_MODEL, and that TICKETS_LLM_BASE_URL is a whole one, such as …/v1",
    ),
    "llm_request_refused": (State.FAILED, "see that it has the model TICKETS_LLM_MODEL and that this can call tools"),
    "llm_bad_answer": (State.FAILED, "take a model that can call tools: it does not fill in a form"),
}
_DIRECTORY: Advice = {
    "directory_unavailable": (State.AWAY, "see that it runs and that TICKETS_DIRECTORY_URL is right"),
    "directory_refused": (State.FAILED, "see that TICKETS_DIRECTORY_TOKEN and TICKETS_DIRECTORY_URL are right"),
    "directory_answer_invalid": (State.FAILED, "have it answer as docs/directory.md says"),
}
_OTHERWISE = (State.FAILED, "see that the settings of it are right")


def model(around: Surroundings) -> Finding | None:
    """Whether the configured model fills in a form, by the shortest question: server, key, model, its abilities."""
    settings = around.settings
    if settings.engine != "llm":
        return None
    from worker.ai.llm.trial import try_model  # noqa: PLC0415 - two seconds that only this engine needs

    try:
        spent, took = try_model(settings)
    except (Transient, Permanent) as failure:
        return _failed("model", f"{settings.llm_model}: {failure.reason}", failure, _MODEL)
    return Finding("model", State.OK, f"{settings.llm_model} answers, {took:.1f} s, {spent.tokens:,} tokens")


def directory(around: Surroundings) -> Finding | None:
    """Whether the directory of customers answers as it should when it is asked for somebody who does not exist."""
    settings = around.settings
    if settings.directory_url is None:
        return None
    from worker.directories.http import HttpDirectory  # noqa: PLC0415 - httpx takes a tenth of a second to import

    asked = HttpDirectory(settings.directory_url, settings.directory_token, settings.directory_timeout)
    try:
        asked.by_id({NOBODY})
    except (Transient, Permanent) as failure:
        return _failed("directory", failure.reason, failure, _DIRECTORY)
    return Finding("directory", State.OK, "answers")


def _failed(name: str, told: str, failure: Transient | Permanent, advice: Advice) -> Finding:
    state, remedy = advice.get(failure.reason, _OTHERWISE)
    return Finding(name, state, told, remedy)
