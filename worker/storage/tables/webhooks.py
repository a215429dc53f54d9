"""Webhooks: endpoints, events, and the delivery of each event to each endpoint."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from worker.storage.tables.base import Base, Key, Moment, Number, Serial, Short


class EndpointRow(Base):
    """Somebody who wants to be told; `definition` is what `load` takes, without the secret."""

    __tablename__ = "webhook_endpoint"

    id: Mapped[Key]
    url: Mapped[str] = mapped_column(Text)
    secret: Mapped[str] = mapped_column(Text)
    enabled: Mapped[bool]
    events: Mapped[list[Any]]
    channels: Mapped[list[Any]]
    subchannels: Mapped[list[Any]]


class EventRow(Base):
    """What happened to one ticket in one batch; written with the change itself."""

    __tablename__ = "webhook_event"

    id: Mapped[Key]
    type: Mapped[Short]
    ticket_id: Mapped[Number]
    batch_id: Mapped[Short | None]
    body: Mapped[dict[str, Any]]
    created_at: Mapped[Moment]


class DeliveryRow(Base):
    """One event on its way to one endpoint; its id is the `webhook-id` header, `sequence` keeps the order."""

    __tablename__ = "webhook_delivery"

    sequence: Mapped[Serial]
    id: Mapped[Short] = mapped_column(unique=True)
    event_id: Mapped[str] = mapped_column(ForeignKey("webhook_event.id", ondelete="CASCADE"))
    endpoint_id: Mapped[str] = mapped_column(ForeignKey("webhook_endpoint.id", ondelete="CASCADE"))
    ticket_id: Mapped[Number]
    batch_id: Mapped[Short | None] = mapped_column(index=True)
    state: Mapped[Short]
    attempts: Mapped[Number]
    status: Mapped[int | None]  # of the last answer
    error: Mapped[Short | None]
    lease_until: Mapped[Moment | None]
    next_attempt_at: Mapped[Moment | None]
    delivered_at: Mapped[Moment | None]

    __table_args__ = (Index("ix_webhook_delivery_order", "endpoint_id", "ticket_id", "sequence"),)


class AttemptRow(Base):
    """One attempt at one delivery: status, static error code and duration in milliseconds."""

    __tablename__ = "webhook_attempt"

    id: Mapped[Serial]
    delivery_id: Mapped[Short] = mapped_column(index=True)
    status: Mapped[int | None]
    error: Mapped[Short | None]
    duration_ms: Mapped[int]
    at: Mapped[Moment]
