"""Batches: the inbox (what was accepted, in chunks) and the ledger (how each item ended)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from worker.storage.tables.base import Base, Big, Key, Moment, Number, Reference, Short


class BatchRow(Base):
    """One accepted batch; `digest` tells the same body and flags from others, `next_chunk` where to go on.

    `parent_id` is the batch whose failed items this one tries again; `started_at` is when its first chunk began.
    """

    __tablename__ = "batch"

    id: Mapped[Key]
    key: Mapped[str] = mapped_column(String(255), unique=True)
    digest: Mapped[Short]
    state: Mapped[Short]
    source: Mapped[Short | None]
    user_id: Mapped[Number | None]
    lane: Mapped[Short]
    include_in_worklog: Mapped[bool]
    atomic: Mapped[bool]
    received: Mapped[Number]
    chunks: Mapped[Number]
    next_chunk: Mapped[Number]
    updated: Mapped[Number]
    unchanged: Mapped[Number]
    refresh_scheduled: Mapped[Number]
    refresh_skipped: Mapped[Number]
    rejected: Mapped[Number]
    conflict: Mapped[Number] = mapped_column(Big, server_default="0")
    parent_id: Mapped[Short | None] = mapped_column(index=True)
    created_at: Mapped[Moment]
    started_at: Mapped[Moment | None]
    finished_at: Mapped[Moment | None] = mapped_column(index=True)


class BatchChunkRow(Base):
    """A part of an accepted batch: `items` is JSON text, a list of [index, item as received]."""

    __tablename__ = "batch_chunk"

    batch_id: Mapped[str] = mapped_column(ForeignKey("batch.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    items: Mapped[str] = mapped_column(Text)  # text, since jsonb refuses what an item may wrongly hold


class BatchItemRow(Base):
    """The ledger: exactly one outcome an item (contract section 1).

    `current` holds what a conflict was about: the ticket's values of the item's fields at that time.
    """

    __tablename__ = "batch_item"

    batch_id: Mapped[Reference] = mapped_column(primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[Number | None]
    outcome: Mapped[Short]
    reason: Mapped[Short | None]
    changed_fields: Mapped[list[Any]]
    ignored_fields: Mapped[list[Any]]
    deprecations: Mapped[list[Any]]
    errors: Mapped[list[Any]]
    current: Mapped[dict[str, Any] | None]

    __table_args__ = (Index("ix_batch_item_ticket_id", "ticket_id"),)


class BatchSpendingRow(Base):
    """What a batch's refreshes have cost at a language model; calls under way are counted as reckoned beforehand."""

    __tablename__ = "batch_spending"

    batch_id: Mapped[str] = mapped_column(ForeignKey("batch.id", ondelete="CASCADE"), primary_key=True)
    calls: Mapped[Number]
    tokens: Mapped[Number]
