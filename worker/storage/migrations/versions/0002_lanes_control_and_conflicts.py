"""Lanes and windows of messages, control of batches, conflicts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from worker.storage.tables.base import Big, Json, UtcTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NOT_HELD = sa.text("state <> 'held'")


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("batch") as batch:
        batch.add_column(sa.Column("conflict", Big, nullable=False, server_default="0"))
        batch.add_column(sa.Column("parent_id", sa.String(length=255), nullable=True))
        batch.add_column(sa.Column("started_at", UtcTime, nullable=True))
    op.create_index(op.f("ix_batch_parent_id"), "batch", ["parent_id"])
    with op.batch_alter_table("batch_item") as batch_item:
        batch_item.add_column(sa.Column("current", Json, nullable=True))
    with op.batch_alter_table("outbox") as outbox:
        outbox.add_column(sa.Column("lane", sa.String(length=255), nullable=False, server_default="interactive"))
        outbox.add_column(sa.Column("state", sa.String(length=255), nullable=False, server_default="ready"))
    op.drop_index(op.f("ix_outbox_batch_id"), table_name="outbox")
    op.drop_index(op.f("ix_outbox_due_at"), table_name="outbox")
    op.create_index("ix_outbox_batch_id_state", "outbox", ["batch_id", "state"])
    op.create_index("ix_outbox_due_at", "outbox", ["due_at"], postgresql_where=NOT_HELD, sqlite_where=NOT_HELD)


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_outbox_due_at", table_name="outbox")
    op.drop_index("ix_outbox_batch_id_state", table_name="outbox")
    op.create_index(op.f("ix_outbox_due_at"), "outbox", ["due_at"])
    op.create_index(op.f("ix_outbox_batch_id"), "outbox", ["batch_id"])
    with op.batch_alter_table("outbox") as outbox:
        outbox.drop_column("state")
        outbox.drop_column("lane")
    with op.batch_alter_table("batch_item") as batch_item:
        batch_item.drop_column("current")
    op.drop_index(op.f("ix_batch_parent_id"), table_name="batch")
    with op.batch_alter_table("batch") as batch:
        batch.drop_column("started_at")
        batch.drop_column("parent_id")
        batch.drop_column("conflict")
