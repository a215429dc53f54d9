"""Refresh runs: one ticket, one mode, one life from waiting to an end."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from worker.storage.tables.base import Base, Big, Key, Moment, Number, Short


class StageResultRow(Base):
    """What the last result of a ticket's stage rests on, in one word; text, engine and definitions behind it."""

    __tablename__ = "stage_result"

    ticket_id: Mapped[int] = mapped_column(Big, ForeignKey("ticket.id", ondelete="CASCADE"), primary_key=True)
    stage: Mapped[str] = mapped_column(String(32), primary_key=True)
    digest: Mapped[str] = mapped_column(String(32))


class RefreshRunRow(Base):
    """A requested refresh. After `lease_until` a running one may be taken over; `merged_into` is what covers it."""

    __tablename__ = "refresh_run"

    id: Mapped[Key]
    ticket_id: Mapped[int] = mapped_column(Big, ForeignKey("ticket.id", ondelete="CASCADE"), index=True)
    mode: Mapped[Short]
    state: Mapped[Short]
    reason: Mapped[Short | None]
    force: Mapped[bool]
    batch_id: Mapped[Short | None] = mapped_column(index=True)
    requested_by: Mapped[Short]  # batch, rerun or schedule:NAME
    merged_into: Mapped[Short | None]
    attempt: Mapped[Number]
    crashes: Mapped[Number]  # attempts whose process was lost
    ticket_version: Mapped[Number | None]  # when the first attempt began: what people change later goes before it
    lease_until: Mapped[Moment | None]
    stages: Mapped[list[Any]]
    created_at: Mapped[Moment]
    started_at: Mapped[Moment | None]
    finished_at: Mapped[Moment | None] = mapped_column(index=True)

    __table_args__ = (
        # At most one waiting run a ticket and mode: what makes merging safe when two requests meet.
        Index(
            "uq_refresh_run_waiting",
            "ticket_id",
            "mode",
            unique=True,
            postgresql_where=text("state = 'waiting'"),
            sqlite_where=text("state = 'waiting'"),
        ),
    )
