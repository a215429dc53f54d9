"""Files to load, and what is said about them without a database."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from worker.payload.loading.agreement import Stored, check_agreement
from worker.payload.loading.document import Document, LoadRules, read_document

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
NOTHING = Stored(tags={}, ai_agents={}, external_ids={}, contracts={}, intents={})


def _starts_with(prefix: str, text: str) -> None:
    if not text.startswith(prefix):
        raise ValueError(f"must start with {prefix}")


RULES = LoadRules(
    zone=ZoneInfo("Europe/Berlin"),
    now=NOW,
    check_url=lambda text: _starts_with("https://", text),
    check_secret=lambda text: _starts_with("whsec_", text),
)


def checked(raw: object, stored: Stored = NOTHING) -> Document:
    """A file, read and compared with what is stored."""
    document = read_document(raw, RULES)
    check_agreement(document, stored)
    return document


def complaints(raw: object, stored: Stored = NOTHING) -> list[tuple[str, str]]:
    """Path and code of every error."""
    return [(error.path, error.code.value) for error in checked(raw, stored).errors.told]
