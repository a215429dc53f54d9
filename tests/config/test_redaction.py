"""What must not be in a log, and what must stay readable."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from uuid import UUID

import pytest

from config.redaction import LONGEST_TEXT, MASK, redact_first_line, redact_text, redact_value

PERSONAL = [
    "max.muster+x@post.example.de",
    "müller@example.org",
    "DE89370400440532013000",
    "DE89 3704 0044 0532 0130 00",
    "de89-3704-0044-0532-0130-00",
    "+49 30 1234567",
    "+49 (0)30 123 45-67",
    "0049 30 1234567",
    "030 1234567",
    "(030) 123 45 67",
    "0171/1234567",
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "Bearer abc.def",
    "password=s3cret",
    "'iban': 'DE00'",
    '"body": "Dear \\"team\\", my meter"',
    "bodyPlain: my meter is broken and my name is Max",
    "body_clean='Dear team'",
    "client_secret: abc",
    "'image': b'\\x89PNG'",
]


@pytest.mark.parametrize("personal", PERSONAL)
@pytest.mark.parametrize("text", ["{}", "failed for {}, id 4", "({})"])
def test_personal_data_and_secrets_are_masked(personal: str, text: str) -> None:
    redacted = redact_text(text.format(personal))
    assert MASK in redacted
    value = re.split(r"=|: |Bearer ", personal)[-1]
    assert value.strip("'\"") not in redacted


def test_a_password_in_a_url_is_masked_and_the_rest_stays() -> None:
    assert redact_text("at redis://:hidden@host:6379/0 now") == f"at redis://:{MASK}@host:6379/0 now"


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23 20:06:00,123",
        "2026-11-23T20:06:00.000123Z",
        "succeeded in 0.0123456789s",
        "took 0.123456789 seconds",
        "task 01234567-0123-4567-8901-012345678901 received",
        "task ab12cdef-0123-4567-8901-ab1234567890 received",
        "celery@host ready.",
        "127.0.0.1:6379",
        "connected to redis://127.0.0.1:6379//",
        "pid 10053, 4 of 10000 items",
        "Task tasks.ingest.bulk_patch[3f2c0000-1111-4222-8333-444455556666] received",
    ],
)
def test_what_operators_need_stays_readable(text: str) -> None:
    assert redact_text(text) == text


def test_a_long_text_is_cut() -> None:
    assert len(redact_text("x" * 10_000)) == LONGEST_TEXT + 1


def test_only_the_first_line_of_a_message_is_kept() -> None:
    assert redact_first_line("duplicate key\nDETAIL:  Key (name)=(Max) already exists.") == "duplicate key"


def test_quotes_are_masked_on_demand() -> None:
    assert redact_first_line("invalid literal: 'Max'", quoted=True) == f"invalid literal: {MASK}"
    assert redact_first_line("no attribute 'name'") == "no attribute 'name'"


@pytest.mark.parametrize("key", ["body", "bodyPlain", "body_plain", "IBAN", "password", "image", "token", "kwargs"])
def test_secret_keys_are_masked_at_any_depth(key: str) -> None:
    assert redact_value(key, "x") == MASK
    assert redact_value("counts", {"deep": [{key: {"any": "thing"}}]}) == {"deep": [{key: MASK}]}


class _Color(Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, None),
        (True, True),
        (4, 4),
        (0.5, 0.5),
        ("plain", "plain"),
        (_Color.RED, "red"),
        (datetime(2026, 11, 23, tzinfo=UTC), "2026-11-23 00:00:00+00:00"),
        (timedelta(seconds=5), "0:00:05"),
        (Path("/x"), "/x"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ((1, "a"), [1, "a"]),
        ({1: {"a": 2}}, {"1": {"a": 2}}),
    ],
)
def test_values_are_shown_as_json_has_them(value: object, shown: object) -> None:
    assert redact_value("found", value) == shown


def test_an_unknown_object_is_only_its_type() -> None:
    class Person:
        def __repr__(self) -> str:
            return "Max Muster"

    assert redact_value("found", Person()) == "<Person>"


def test_long_lists_are_cut_and_counted() -> None:
    shown = redact_value("ticket_ids", list(range(250)))
    assert isinstance(shown, list)
    assert shown[-2:] == [99, "150 more"]
