"""The directory: customers with contracts, people, and AI agents' definitions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from worker.storage.tables.base import Base, Big, Short


class CustomerRow(Base):
    """A customer; the `_key` columns are normalised for look-up."""

    __tablename__ = "customer"

    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    email_key: Mapped[Short | None] = mapped_column(index=True)
    phone_key: Mapped[Short | None] = mapped_column(index=True)
    name_key: Mapped[Short | None] = mapped_column(index=True)
    definition: Mapped[dict[str, Any]]  # the page's object without its contracts


class ContractRow(Base):
    """A contract of a customer; the `_key` columns are normalised for look-up."""

    __tablename__ = "contract"

    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    customer_id: Mapped[Short] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"), index=True)
    email_key: Mapped[Short | None] = mapped_column(index=True)
    phone_key: Mapped[Short | None]
    meter_key: Mapped[Short | None]
    iban_key: Mapped[Short | None]
    definition: Mapped[dict[str, Any]]

    __table_args__ = (
        Index("ix_contract_meter_key", "meter_key"),
        Index("ix_contract_iban_key", "iban_key"),
        Index("ix_contract_phone_key", "phone_key"),
    )


class PersonRow(Base):
    """A person who works on tickets (the page's agent), without password and image: nothing here needs them."""

    __tablename__ = "agent"

    id: Mapped[int] = mapped_column(Big, primary_key=True, autoincrement=False)
    definition: Mapped[dict[str, Any]]


class AiAgentRow(Base):
    """An AI agent's definition, as loaded."""

    __tablename__ = "ai_agent"

    id: Mapped[int] = mapped_column(Big, primary_key=True, autoincrement=False)
    code: Mapped[Short] = mapped_column(unique=True)
    definition: Mapped[dict[str, Any]]
