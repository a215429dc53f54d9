"""Builds the messages that the tests of the engines read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from worker.ai.protocol import Message

TODAY = date(2026, 5, 6)  # a Wednesday


def message(
    body: str = "",
    *,
    subject: str = "",
    channel: str = "email",
    direction: str = "in",
    today: date = TODAY,
    headers: dict[str, Sequence[str]] | None = None,
    plain: str = "",
    clean: str = "",
    language_code: str | None = None,
) -> Message:
    """An incoming mail of Wednesday, 6 May 2026, unless told otherwise."""
    return Message(
        channel=channel,
        direction=direction,
        today=today,
        subject=subject,
        body=body,
        body_plain=plain,
        body_clean=clean,
        language_code=language_code,
        headers=headers or {},
    )
