"""What follows a save: stages that need not run again, automatic execution, overdue tickets, retention."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from worker.storage.tables.base import Big, Json, UtcTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TO_EXECUTE = sa.text("auto_execute_at IS NOT NULL")
TO_ANNOUNCE = sa.text("status <> 'closed' AND (overdue_announced_for IS NULL OR overdue_announced_for <> due_by)")

FOR_RETENTION = (
    ("batch", "finished_at"),
    ("refresh_run", "finished_at"),
    ("webhook_event", "created_at"),
    ("webhook_delivery", "event_id"),
)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "stage_result",
        sa.Column("ticket_id", Big, nullable=False),
        sa.Column("stage", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_stage_result_ticket_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("ticket_id", "stage", name=op.f("pk_stage_result")),
    )
    op.add_column("history", sa.Column("cause", Json, nullable=True))
    op.add_column("ticket", sa.Column("overdue_announced_for", UtcTime, nullable=True))
    op.create_index(
        "ix_ticket_auto_execute_at", "ticket", ["auto_execute_at"], postgresql_where=TO_EXECUTE, sqlite_where=TO_EXECUTE
    )
    op.create_index("ix_ticket_overdue", "ticket", ["due_by"], postgresql_where=TO_ANNOUNCE, sqlite_where=TO_ANNOUNCE)
    op.create_table(
        "execution",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("ticket_id", Big, nullable=False),
        sa.Column("intent_id", Big, nullable=False),
        sa.Column("option", sa.String(length=255), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("crashes", sa.Integer(), nullable=False),
        sa.Column("lease_until", UtcTime, nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_execution_ticket_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_execution")),
        sa.UniqueConstraint("intent_id", name=op.f("uq_execution_intent_id")),
    )
    op.create_index(op.f("ix_execution_lease_until"), "execution", ["lease_until"])
    op.create_index(op.f("ix_execution_ticket_id"), "execution", ["ticket_id"])
    op.create_index("ix_ticket_status_id", "ticket", ["status", "id"])
    for table, column in FOR_RETENTION:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def downgrade() -> None:
    """Take back."""
    for table, column in FOR_RETENTION:
        op.drop_index(op.f(f"ix_{table}_{column}"), table_name=table)
    op.drop_index("ix_ticket_status_id", table_name="ticket")
    op.drop_table("execution")
    op.drop_index("ix_ticket_overdue", table_name="ticket")
    op.drop_index("ix_ticket_auto_execute_at", table_name="ticket")
    # Not in a batch: SQLite would drop the old table, and with it what refers to its tickets.
    op.drop_column("ticket", "overdue_announced_for")
    op.drop_column("history", "cause")
    op.drop_table("stage_result")
