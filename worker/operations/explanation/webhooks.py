"""Why a webhook was sent, is not sent yet, or never was: a sentence for each state and error."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from sqlalchemy import RowMapping

from worker.domain.words import DeliveryState
from worker.operations.explanation.wording import moment
from worker.storage.webhooks import webhook_id
from worker.webhooks.result import SendError

DELIVERIES: dict[DeliveryState, str] = {
    DeliveryState.WAITING: "It waits to be sent.",
    DeliveryState.DELIVERED: "Endpoint {endpoint} took it at {at}, with HTTP status {status}; attempts: {attempts}.",
    DeliveryState.DEAD: "Given up, because {error}; attempts: {attempts}.",
}

ERRORS: dict[SendError, str] = {
    SendError.INVALID_URL: "the endpoint's URL is none",
    SendError.FORBIDDEN_ADDRESS: "the endpoint's address is private and not among those allowed",
    SendError.UNRESOLVABLE: "the endpoint's host has no address",
    SendError.TIMEOUT: "the endpoint did not answer in time",
    SendError.CONNECTION_FAILED: "the endpoint can't be reached",
    SendError.TLS_FAILED: "the endpoint's certificate is not to be trusted",
    SendError.INVALID_ANSWER: "what the endpoint answered is no HTTP",
    SendError.REDIRECT_REFUSED: "the endpoint points elsewhere, and redirects are not followed",
    SendError.HTTP_STATUS: "the endpoint answered with HTTP status {status}",
    SendError.ENDPOINT_DISABLED: "the endpoint is switched off or removed",
}

UNWANTED = "The change was recorded, but no enabled endpoint wants events of these fields, channel and subchannel."

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """What is ahead of deliveries (sequence and id by endpoint), the dead letters of those given up, all attempts."""

    first: Mapping[str, tuple[int, str]]
    letters: Mapping[str, int]
    attempts: Mapping[str, Sequence[RowMapping]]
    now: datetime
    zone: tzinfo


def explained_webhooks(deliveries: Sequence[RowMapping], line: Line, *, changed: bool) -> list[Document]:
    """The deliveries of a ticket with the reasons for their states; one without an endpoint when nobody wanted any."""
    if changed and not deliveries:
        nobody = dict.fromkeys(("id", "endpointId", "state", "status", "error"))
        return [{**nobody, "attempts": 0, "why": [UNWANTED], "tries": []}]
    return [_explained(one, line) for one in deliveries]


def _explained(delivery: RowMapping, line: Line) -> Document:
    return {
        "id": webhook_id(delivery),
        "endpointId": delivery["endpoint_id"],
        "state": delivery["state"],
        "status": delivery["status"],
        "error": delivery["error"],
        "attempts": delivery["attempts"],
        "why": list(_why(delivery, line)),
        "tries": [_try(one, line.zone) for one in line.attempts.get(webhook_id(delivery), ())],
    }


def _try(attempt: RowMapping, zone: tzinfo) -> Document:
    """One attempt whose end was recorded; those of a replay stand among them."""
    shown = {"status": attempt["status"], "error": attempt["error"], "durationMs": attempt["duration_ms"]}
    return {"at": moment(attempt["at"], zone), **shown}


def _why(delivery: RowMapping, line: Line) -> Iterator[str]:
    state = DeliveryState(delivery["state"])
    error = _error(delivery)
    yield DELIVERIES[state].format(
        endpoint=delivery["endpoint_id"],
        at=moment(delivery["delivered_at"], line.zone),
        status=delivery["status"],
        attempts=delivery["attempts"],
        error=error,
    )
    if delivery["digest_id"] is not None:
        yield from _in_digest(delivery)
    if state is DeliveryState.WAITING:
        yield from _held_up(delivery, line, error)
    if state is DeliveryState.DEAD:
        number = line.letters.get(webhook_id(delivery))
        yield f"Dead letter {number} can be tried again." if number else "Its dead letter is gone."


def _in_digest(delivery: RowMapping) -> Iterator[str]:
    if delivery["digest_id"] == delivery["batch_id"]:
        yield "It goes in a digest, when all of its batch has been applied."
    else:
        yield f"It goes in digest {delivery['digest_id']}, one call for the whole batch."


def _error(delivery: RowMapping) -> str:
    code = delivery["error"]
    return ERRORS[SendError(code)].format(status=delivery["status"]) if code in set(SendError) else f"of {code}"


def _held_up(delivery: RowMapping, line: Line, error: str) -> Iterator[str]:
    ahead = line.first.get(delivery["endpoint_id"])
    if ahead is not None and ahead[0] < delivery["sequence"]:
        yield f"Webhook {ahead[1]} of this ticket goes first: an endpoint is told of a ticket's changes in their order."
    if delivery["error"] is not None:
        again = delivery["next_attempt_at"]
        when = f"at {moment(again, line.zone)}" if again and again > line.now else "now"
        yield f"Attempt {delivery['attempts']} failed, because {error}; it is tried again {when}."
