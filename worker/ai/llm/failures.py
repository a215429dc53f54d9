"""What a failed call means: which may be tried again, under static reasons that hold nothing of the message."""

from __future__ import annotations

from pydantic_ai import exceptions as ai

from worker.domain.failures import Permanent, TooSlow, Transient

# The first kind that fits counts; subclasses stand before their bases.
_PASSING: tuple[tuple[type[Exception], str], ...] = (
    (ai.ModelRateLimitError, "llm_rate_limited"),
    (ai.ModelConnectionError, "llm_unreachable"),
    (ai.ModelUnavailableError, "llm_unavailable"),
    (ai.ModelServerError, "llm_server_error"),
)
_LASTING: tuple[tuple[type[Exception], str], ...] = (
    (ai.ModelQuotaExceededError, "llm_quota_exceeded"),
    (ai.ModelAuthenticationError, "llm_unauthorized"),
    (ai.ModelNotFoundError, "llm_model_not_found"),
    (ai.ModelContextWindowExceededError, "llm_input_too_long"),
    (ai.ModelAPIError, "llm_request_refused"),
    (ai.ContentFilterError, "llm_content_filter"),
    (ai.UnexpectedModelBehavior, "llm_bad_answer"),
)
_SLOW = (TimeoutError, ai.ModelTimeoutError)


def failure_of(error: Exception) -> Transient | Permanent:
    """The failure to raise for an error of a call; what nobody expected is permanent, `llm_failed`."""
    if isinstance(error, _SLOW):
        return TooSlow("llm_too_slow")
    for kind, reason in _PASSING:
        if isinstance(error, kind):
            return Transient(reason, getattr(error, "retry_after", None))
    return Permanent(next((reason for kind, reason in _LASTING if isinstance(error, kind)), "llm_failed"))
