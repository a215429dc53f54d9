"""Tickets, their tags, intents, history and worklog."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from worker.storage.tables.base import Base, Big, Json, Key, Long, Moment, Number, Serial, Short

_PENDING = text("status = 'pending'")
_TO_EXECUTE = text("auto_execute_at IS NOT NULL")
_OPEN_AND_NOT_ANNOUNCED = text(
    "status <> 'closed' AND (overdue_announced_for IS NULL OR overdue_announced_for <> due_by)"
)


class TicketRow(Base):
    """One ticket; columns are the page's fields in snake case (`worker.domain.fields` names the exceptions)."""

    __tablename__ = "ticket"

    id: Mapped[int] = mapped_column(Big, primary_key=True, autoincrement=False)
    version: Mapped[Number] = mapped_column(Big, server_default="0")  # grows with every write
    external_ticket_id: Mapped[Short | None] = mapped_column(unique=True)
    direction: Mapped[Short]
    channel: Mapped[Short]
    channel_id: Mapped[Short | None]
    subchannel_id: Mapped[Number | None]
    interface: Mapped[Short]
    status: Mapped[Short]
    priority: Mapped[Short]
    spam_status: Mapped[Short | None]
    sender: Mapped[Long | None]
    from_name: Mapped[Long | None]
    recipients: Mapped[Any] = mapped_column(Json, nullable=False)
    reply_cc: Mapped[list[Any]]
    reply_bcc: Mapped[list[Any]]
    subject: Mapped[Long]
    summary: Mapped[Long]
    body: Mapped[Long | None]
    body_plain: Mapped[Long | None]
    body_clean: Mapped[Long | None]
    sentiment: Mapped[Short | None]
    language: Mapped[Short | None]
    language_code: Mapped[Short | None]
    ai_support_level: Mapped[Short]
    auto_execute_at: Mapped[Moment | None]
    is_escalated: Mapped[bool]
    is_customer_active: Mapped[bool]
    created_at: Mapped[Moment]
    modified_at: Mapped[Moment | None]
    closed_at: Mapped[Moment | None]
    first_response_due_by: Mapped[Moment | None]
    first_response_due_by_manual: Mapped[bool]
    due_by: Mapped[Moment | None]
    due_by_manual: Mapped[bool]  # set by hand: automatic due dates leave it alone
    overdue_announced_for: Mapped[Moment | None]  # the `due_by` whose passing was announced
    customer_id: Mapped[Short | None]
    contract_id: Mapped[Short | None]
    partner_id: Mapped[Number | None]
    customer_legitimation: Mapped[Number]
    customer_legitimation_message: Mapped[Long | None]
    customer_evidence: Mapped[list[Any] | None]
    responder_id: Mapped[Number | None]
    agent_id: Mapped[Number | None]
    assigned_agent_ids: Mapped[list[Any]]
    additional_data: Mapped[dict[str, Any] | None]
    attachments: Mapped[list[Any] | None]
    template: Mapped[Long | None]
    raw_data: Mapped[dict[str, Any] | None]
    workitem: Mapped[dict[str, Any] | None]

    __table_args__ = (
        Index("ix_ticket_status_id", "status", "id"),  # a page of a backlog, however many tickets are closed
        # Each sweep touches what is due alone.
        Index("ix_ticket_pending_due_by", "due_by", postgresql_where=_PENDING, sqlite_where=_PENDING),
        Index("ix_ticket_auto_execute_at", "auto_execute_at", postgresql_where=_TO_EXECUTE, sqlite_where=_TO_EXECUTE),
        Index(
            "ix_ticket_overdue",
            "due_by",
            postgresql_where=_OPEN_AND_NOT_ANNOUNCED,
            sqlite_where=_OPEN_AND_NOT_ANNOUNCED,
        ),
    )


class TagRow(Base):
    """A tag's definition, as loaded."""

    __tablename__ = "tag"

    id: Mapped[int] = mapped_column(Big, primary_key=True, autoincrement=False)
    name: Mapped[Short]
    parent: Mapped[Number | None]
    visibility: Mapped[Short]
    definition: Mapped[dict[str, Any]]  # the page's object


class TicketTagRow(Base):
    """A tag on a ticket and who put it there."""

    __tablename__ = "ticket_tag"

    ticket_id: Mapped[int] = mapped_column(Big, ForeignKey("ticket.id", ondelete="CASCADE"), primary_key=True)
    tag_id: Mapped[int] = mapped_column(Big, ForeignKey("tag.id"), primary_key=True, index=True)
    source: Mapped[Short]


class HistoryRow(Base):
    """One changed field of one write: old, new, who, which batch or run."""

    __tablename__ = "history"

    id: Mapped[Serial]
    ticket_id: Mapped[Number]  # a `Reference`, as in every row that is only added
    version: Mapped[Number]  # the ticket's version after the write
    field: Mapped[Short]
    old: Mapped[Any | None] = mapped_column(Json)
    new: Mapped[Any | None] = mapped_column(Json)
    cause: Mapped[dict[str, Any] | None]  # why it changed, where nobody asked for it
    actor_type: Mapped[Short]
    actor_id: Mapped[Number | None]
    batch_id: Mapped[Short | None]
    run_id: Mapped[Short | None]
    at: Mapped[Moment]

    __table_args__ = (Index("ix_history_ticket_id_version", "ticket_id", "version"),)


class WorklogRow(Base):
    """One entry a saved ticket and batch, for time tracking."""

    __tablename__ = "worklog"

    id: Mapped[Serial]
    ticket_id: Mapped[Number] = mapped_column(index=True)
    action: Mapped[Short]
    user_id: Mapped[Number | None]
    batch_id: Mapped[Short | None]
    run_id: Mapped[Short | None]
    automatic: Mapped[bool]
    at: Mapped[Moment]


class IntentRow(Base):
    """What an AI agent found in a ticket. `contract_id` is empty for none, so that uniqueness counts it."""

    __tablename__ = "intent"

    id: Mapped[Serial]
    ticket_id: Mapped[int] = mapped_column(Big, ForeignKey("ticket.id", ondelete="CASCADE"), index=True)
    ai_agent_id: Mapped[Number]
    contract_id: Mapped[Short]
    open: Mapped[bool]  # not executed yet
    status: Mapped[Short]
    confidence: Mapped[float]
    confidence_color: Mapped[Short]
    verified: Mapped[bool]
    data: Mapped[dict[str, Any]]
    options: Mapped[list[Any]]
    infos: Mapped[list[Any]]
    outcome: Mapped[dict[str, Any] | None]
    created_at: Mapped[Moment]
    modified_at: Mapped[Moment | None]

    __table_args__ = (
        # One open intent per ticket, agent and contract (contract section 4).
        Index(
            "uq_intent_open",
            "ticket_id",
            "ai_agent_id",
            "contract_id",
            unique=True,
            postgresql_where=text("open"),
            sqlite_where=text("open"),
        ),
    )


class ExecutionRow(Base):
    """An intent that an AI agent's action carries out by itself; gone when the outcome stands on the intent.

    Its id is the key under which the action may run again without doing anything twice.
    """

    __tablename__ = "execution"

    id: Mapped[Key]
    ticket_id: Mapped[int] = mapped_column(Big, ForeignKey("ticket.id", ondelete="CASCADE"), index=True)
    intent_id: Mapped[Number] = mapped_column(Big, unique=True)
    option: Mapped[Short]  # its type
    attempts: Mapped[int]  # that ended with a passing failure
    crashes: Mapped[int]  # starts since then of which nothing was heard
    lease_until: Mapped[Moment | None] = mapped_column(index=True)  # None: waits for the ticket's `autoExecuteAt`
