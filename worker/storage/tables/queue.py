"""What must still be sent, what was given up, and what is run on a schedule."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from worker.storage.tables.base import Base, Key, Moment, Number, Serial, Short


class OutboxRow(Base):
    """A message that must reach the broker and be finished; its id is the Celery task id.

    A row leaves when its work has ended. Until then it is sent whenever `due_at` has passed, unless it is held back.
    """

    __tablename__ = "outbox"

    id: Mapped[Key]
    task: Mapped[Short]
    arguments: Mapped[dict[str, Any]]  # ids alone
    batch_id: Mapped[Short | None]
    lane: Mapped[Short] = mapped_column(server_default="interactive")
    state: Mapped[Short] = mapped_column(server_default="ready")
    due_at: Mapped[Moment]
    sent: Mapped[Number]  # how often
    created_at: Mapped[Moment]

    __table_args__ = (
        Index("ix_outbox_batch_id_state", "batch_id", "state"),
        Index(
            "ix_outbox_due_at",
            "due_at",
            postgresql_where=text("state <> 'held'"),
            sqlite_where=text("state <> 'held'"),
        ),
    )


class DeadLetterRow(Base):
    """What could not be done: a refused message, a run or a delivery given up. `detail` holds ids, never contents."""

    __tablename__ = "dead_letter"

    id: Mapped[Serial]
    kind: Mapped[Short]  # message, run, webhook, endpoint, execution
    reason: Mapped[Short]
    subject: Mapped[Short | None]  # the id of the run, delivery, endpoint, intent or message
    task: Mapped[Short | None]
    detail: Mapped[dict[str, Any]]
    created_at: Mapped[Moment]


class ScheduleRow(Base):
    """A scheduled re-run: a cron line, a mode, a filter, and how many hours back it looks."""

    __tablename__ = "schedule"

    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    cron: Mapped[Short]
    mode: Mapped[Short]
    where: Mapped[dict[str, Any]]
    window_hours: Mapped[Number | None]
    created_at: Mapped[Moment]


class ScheduleFireRow(Base):
    """A slot of a schedule that has run: the key makes two beats fire once."""

    __tablename__ = "schedule_fire"

    name: Mapped[str] = mapped_column(ForeignKey("schedule.name", ondelete="CASCADE"), primary_key=True)
    slot: Mapped[str] = mapped_column(String(32), primary_key=True)
    requested: Mapped[Number]
    at: Mapped[Moment]
