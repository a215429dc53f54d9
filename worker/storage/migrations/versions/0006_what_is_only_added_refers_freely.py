"""Rows that are only ever added, with what they speak of locked or written beside them, have no foreign keys."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

REFERENCES = (
    ("history", "ticket_id", "ticket", "CASCADE"),
    ("worklog", "ticket_id", "ticket", "CASCADE"),
    ("batch_item", "batch_id", "batch", "CASCADE"),
    ("webhook_delivery", "event_id", "webhook_event", "CASCADE"),
    ("webhook_delivery", "endpoint_id", "webhook_endpoint", None),
)


def upgrade() -> None:
    """Apply."""
    for table, column, _, _ in REFERENCES:
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint(op.f(f"fk_{table}_{column}"), type_="foreignkey")


def downgrade() -> None:
    """Take back."""
    for table, column, other, ondelete in REFERENCES:
        with op.batch_alter_table(table) as batch:
            batch.create_foreign_key(op.f(f"fk_{table}_{column}"), other, [column], ["id"], ondelete=ondelete)
