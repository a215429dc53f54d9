"""Webhooks: endpoints, events, and the delivery of each event to each endpoint."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Index, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column

from worker.storage.tables.base import Base, Key, Moment, Number, Reference, Serial, Short

_IN_DIGEST = text("digest_id IS NOT NULL")


class EndpointRow(Base):
    """Somebody who wants to be told: what `load` says of them, and how they have been doing.

    It is told of things while it is `enabled` and was not switched off (`disabled_at`) by a command, by failing for
    long, or by removal. A removed one keeps its row, since deliveries speak of it.
    """

    __tablename__ = "webhook_endpoint"

    id: Mapped[Key]
    url: Mapped[str] = mapped_column(Text)
    secret: Mapped[str] = mapped_column(Text)
    previous_secret: Mapped[str | None] = mapped_column(Text)  # signs, too
    previous_secret_until: Mapped[Moment | None]  # None: as long as it stands there
    enabled: Mapped[bool]
    events: Mapped[list[Any]]
    fields: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    channels: Mapped[list[Any]]
    subchannels: Mapped[list[Any]]
    digest: Mapped[bool] = mapped_column(server_default=false())
    last_success_at: Mapped[Moment | None]
    failing_since: Mapped[Moment | None]  # the first failure since the last success
    resting_until: Mapped[Moment | None]  # gave no answer or asked for patience: nothing is sent before
    probing_until: Mapped[Moment | None]  # one process sends it one delivery; the others wait for what comes of it
    disabled_at: Mapped[Moment | None]
    disabled_reason: Mapped[Short | None]


class EventRow(Base):
    """What happened to one ticket in one batch; written with the change itself."""

    __tablename__ = "webhook_event"

    id: Mapped[Key]
    type: Mapped[Short]
    ticket_id: Mapped[Number]
    batch_id: Mapped[Short | None]
    body: Mapped[dict[str, Any]]
    created_at: Mapped[Moment] = mapped_column(index=True)


class DeliveryRow(Base):
    """One event on its way to one endpoint; `sequence` keeps the order.

    Its id is the `webhook-id` header, unless it goes in a digest: then that is `digest_id`, the id of the first one in
    it, whose row alone is claimed and tried; the others end with it. While the batch goes on, `digest_id` is the
    batch's id, and there is no time for an attempt.
    """

    __tablename__ = "webhook_delivery"

    sequence: Mapped[Serial]
    id: Mapped[Short] = mapped_column(unique=True)
    event_id: Mapped[Reference] = mapped_column(index=True)
    endpoint_id: Mapped[Reference]
    ticket_id: Mapped[Number]
    batch_id: Mapped[Short | None] = mapped_column(index=True)
    digest_id: Mapped[Short | None]
    state: Mapped[Short]
    attempts: Mapped[Number]
    status: Mapped[int | None]  # of the last answer
    error: Mapped[Short | None]
    lease_until: Mapped[Moment | None]
    next_attempt_at: Mapped[Moment | None]
    delivered_at: Mapped[Moment | None]

    __table_args__ = (
        Index("ix_webhook_delivery_order", "endpoint_id", "ticket_id", "sequence"),
        Index("ix_webhook_delivery_digest_id", "digest_id", postgresql_where=_IN_DIGEST, sqlite_where=_IN_DIGEST),
    )


class AttemptRow(Base):
    """One attempt at one delivery, of a digest its first: status, static error code and duration in milliseconds."""

    __tablename__ = "webhook_attempt"

    id: Mapped[Serial]
    delivery_id: Mapped[Short] = mapped_column(index=True)
    status: Mapped[int | None]
    error: Mapped[Short | None]
    duration_ms: Mapped[int]
    at: Mapped[Moment]
