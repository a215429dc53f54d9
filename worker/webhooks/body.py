"""What a webhook says: the event of contract section 3, those made after it, and their bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

TICKET_UPDATED = "ticketUpdated"
TICKET_REFRESHED = "ticketRefreshed"
TICKET_OVERDUE = "ticketOverdue"
INTENT_EXECUTED = "intentExecuted"
DIGEST = "ticketUpdated.digest"


def ticket_updated(  # noqa: PLR0917 - the event's own keys, in its own order
    ticket_id: int,
    user_id: int | None,
    batch_id: str | None,
    changes: Mapping[str, object],
    previous: Mapping[str, object],
    occurred_at: str,
    **extra: object,
) -> dict[str, object]:
    """The event of one changed ticket, as JSON values in the page's spelling.

    Args:
        ticket_id: The ticket.
        user_id: Who changed it; None when no person did.
        batch_id: The batch that changed it; None when none did.
        changes: Field to new value.
        previous: Field to old value.
        occurred_at: When it was saved, ISO 8601 in UTC.
        **extra: What some events say beyond that, such as `autoOpenedDueToDueDate=True`.

    Raises:
        ValueError: An extra key would hide one of the event's own.
    """
    event: dict[str, object] = {
        "type": TICKET_UPDATED,
        "ticketId": ticket_id,
        "userId": user_id,
        "batchId": batch_id,
        "changes": changes,
        "previous": previous,
        "occurredAt": occurred_at,
    }
    if not extra:
        return event
    if hidden := sorted(event.keys() & extra.keys()):
        raise ValueError(f"an event has these keys already: {', '.join(hidden)}")
    return event | extra


def ticket_refreshed(  # noqa: PLR0917 - the event's own keys, in its own order
    ticket_id: int,
    run_id: str,
    mode: str,
    batch_id: str | None,
    changes: Mapping[str, object],
    previous: Mapping[str, object],
    occurred_at: str,
) -> dict[str, object]:
    """The event of one ticket that a refresh run changed; like `ticket_updated`, but a run stands for the user."""
    return {
        "type": TICKET_REFRESHED,
        "ticketId": ticket_id,
        "runId": run_id,
        "mode": mode,
        "batchId": batch_id,
        "changes": changes,
        "previous": previous,
        "occurredAt": occurred_at,
    }


def digest(batch_id: str | None, events: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """What is said of a batch in one call: its `ticketUpdated` events, whole and in order."""
    return {"type": DIGEST, "batchId": batch_id, "events": list(events)}


def encode(body: Mapping[str, object]) -> bytes:
    """The UTF-8 JSON of an event: equal events give equal bytes, whatever order a database kept their keys in.

    A lone surrogate, which JSON can spell and UTF-8 can't, becomes a question mark.

    Raises:
        ValueError: NaN or Infinity.
        TypeError: Something that is no JSON value.
    """
    text = json.dumps(body, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", errors="replace")
