"""What batches spend on a language model."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from worker.storage.tables.base import Big

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "batch_spending",
        sa.Column("batch_id", sa.String(length=36), nullable=False),
        sa.Column("calls", Big, nullable=False),
        sa.Column("tokens", Big, nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["batch.id"], name=op.f("fk_batch_spending_batch_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_batch_spending")),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("batch_spending")
