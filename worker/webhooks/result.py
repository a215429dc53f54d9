"""What became of one attempt to send a webhook."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class SendError(StrEnum):
    """Why an attempt failed: static codes without any personal data."""

    INVALID_URL = "invalid_url"
    FORBIDDEN_ADDRESS = "forbidden_address"
    UNRESOLVABLE = "unresolvable"
    TIMEOUT = "timeout"
    CONNECTION_FAILED = "connection_failed"
    TLS_FAILED = "tls_failed"
    INVALID_ANSWER = "invalid_answer"  # the connection ended before an answer, or what came is no HTTP
    REDIRECT_REFUSED = "redirect_refused"
    HTTP_STATUS = "http_status"
    ENDPOINT_DISABLED = "endpoint_disabled"  # nothing was sent: the endpoint is switched off or removed


@dataclass(frozen=True, slots=True)
class SendResult:
    """One attempt: `error` is None exactly for a 2xx, `status` None when no answer came, `retry_after` in seconds."""

    status: int | None
    error: SendError | None
    duration: timedelta
    retry_after: float | None = None
