"""`docs/webhooks.md` shows events as they are sent, endpoints as they are loaded, and a receiver that verifies."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from standardwebhooks import Webhook

from tests.worker.payload.loaded import complaints
from worker.payload.loading.webhooks import WebhookEvent
from worker.webhooks import body as bodies
from worker.webhooks.signing import signed_headers

PAGE = (Path(__file__).parents[3] / "docs" / "webhooks.md").read_text()
EXAMPLES: list[dict[str, Any]] = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
EVENTS = [one for one in EXAMPLES if "type" in one]


def test_every_event_there_is_has_an_example() -> None:
    assert {one["type"] for one in EVENTS} == {*WebhookEvent, bodies.DIGEST}


def built(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event that the same facts make."""
    facts = {key: event[key] for key in ("changes", "previous")}
    times = (*facts.values(), event["occurredAt"])
    if event["type"] == bodies.TICKET_REFRESHED:
        return bodies.ticket_refreshed(event["ticketId"], event["runId"], event["mode"], event["batchId"], *times)
    extra: dict[str, Any] = {"autoOpenedDueToDueDate": True} if "autoOpenedDueToDueDate" in event else {}
    return bodies.ticket_updated(event["ticketId"], event["userId"], event["batchId"], *times, **extra)


@pytest.mark.parametrize(
    "event", [one for one in EVENTS if "changes" in one], ids=lambda one: f"{one['type']}-{len(one)}"
)
def test_an_event_is_shown_as_it_is_made(event: dict[str, Any]) -> None:
    assert event == built(event)


def test_a_digest_is_shown_as_it_is_made() -> None:
    (digest,) = (one for one in EVENTS if one["type"] == bodies.DIGEST)

    assert digest == bodies.digest(digest["batchId"], [built(event) for event in digest["events"]])


def test_endpoints_are_shown_as_they_are_loaded() -> None:
    shown = [one for one in EXAMPLES if "webhooks" in one]

    assert shown
    assert [complaints(one) for one in shown] == [[]] * len(shown)


def test_the_receiver_verifies_with_the_secret_that_is_loaded() -> None:
    secrets = set(re.findall(r"whsec_[A-Za-z0-9+/=]+", PAGE))
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)

    compile(code, "receiver.py", "exec")
    (secret,) = secrets
    body = bodies.encode(EVENTS[0])
    headers = signed_headers("id", datetime.now(UTC), body, SecretStr(secret))
    assert Webhook(secret).verify(body.decode(), headers) == EVENTS[0]
