"""The shapes of answers, for the OpenAPI document; what is sent is made by the operations."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from worker.domain.words import (
    BatchState,
    DeliveryState,
    ErrorCode,
    IgnoredReason,
    Lane,
    Outcome,
    RefreshMode,
    RunState,
)
from worker.operations.inspection.phases import PhaseName


class _Answer(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid")


class Success(_Answer):
    """The batch is accepted and will be applied; the header Location says where its ledger is."""

    success: Annotated[bool, Field(examples=[True])]


class Alive(_Answer):
    """The process answers."""

    status: Annotated[str, Field(examples=["ok"])]


class Problem(_Answer):
    """What went wrong (RFC 9457); `code` says it for programs."""

    type: Annotated[str, Field(examples=["about:blank"])]
    title: Annotated[str, Field(examples=["Bad Request"])]
    status: Annotated[int, Field(examples=[400])]
    detail: Annotated[str, Field(examples=["the text holds NaN or Infinity"])]
    code: Annotated[str, Field(examples=["invalid_json"])]


class Counts(_Answer):
    """How many items came, and how many ended in each way; `conflict` only where there are any."""

    received: int
    updated: int
    unchanged: int
    refresh_scheduled: int
    refresh_skipped: int
    rejected: int
    conflict: int = 0


class IgnoredField(_Answer):
    """A field that was left aside."""

    field: str
    reason: IgnoredReason


class ItemError(_Answer):
    """Why an item was rejected; `field` is a path such as `to[1]`."""

    code: ErrorCode
    field: str | None
    message: str


class LedgerItem(_Answer):
    """How one item ended; `id` is its ticket, null when what was sent is no id.

    Only a conflict has `current`: the ticket's values of the fields concerned, as they were then.
    """

    index: int
    id: int | None
    outcome: Outcome
    reason: str | None
    changed_fields: list[str]
    ignored_fields: list[IgnoredField]
    deprecations: list[str]
    errors: list[ItemError]
    current: dict[str, Any] = {}


class Refresh(_Answer):
    """A refresh that an item asked for."""

    run_id: str
    ticket_id: int
    mode: RefreshMode
    state: RunState
    reason: str | None
    stages: list[dict[str, Any]]


class Webhook(_Answer):
    """A delivery that told of a change; `id` is the header `webhook-id`, `status` the receiver's last HTTP status."""

    id: str
    ticket_id: int
    endpoint_id: str
    state: DeliveryState
    attempts: int
    status: int | None
    error: str | None


class Phase(_Answer):
    """How long a phase of the batch took or takes, in seconds (null: it never began), and how far it is.

    `waiting` ends with the first chunk; `done`, `total` and `perSecond` count items, then refreshes, then webhooks.
    """

    phase: PhaseName
    seconds: float | None
    done: int
    total: int
    per_second: float | None
    running: bool


class OpenRefreshes(_Answer):
    """Refreshes that the batch still waits for; its own, or those of others that its own were merged into."""

    mode: RefreshMode
    state: RunState
    count: int
    of_this_batch: bool


class OpenWebhooks(_Answer):
    """Webhooks that the batch still waits for; its own, or those of others' refreshes that it waits for."""

    endpoint_id: str
    state: DeliveryState
    count: int
    of_this_batch: bool


class StillOpen(_Answer):
    """What the batch still waits for."""

    refreshes: list[OpenRefreshes]
    webhooks: list[OpenWebhooks]


class Page(_Answer):
    """How to go on: `after` is the index of the last item here, null when there is none."""

    after: int | None
    more: bool


class Ledger(_Answer):
    """A batch: the items that have ended so far, in the order of the batch, and what they caused.

    With any of the parameters it is a page: its items, the refreshes and webhooks of their tickets, and `page`. Times
    are in the configured time zone; `parentId` is the batch whose failed items this one retries.
    """

    batch_id: str
    state: BatchState
    counts: Counts
    created_at: str
    started_at: str | None
    finished_at: str | None
    user_id: int | None
    source: str | None
    lane: Lane
    parent_id: str | None
    children: list[str]
    phases: list[Phase]
    refresh_counts: dict[RunState, int]
    webhook_counts: dict[DeliveryState, int]
    still_open: StillOpen
    items: list[LedgerItem]
    refreshes: list[Refresh]
    webhooks: list[Webhook]
    page: Page = Page(after=None, more=False)
