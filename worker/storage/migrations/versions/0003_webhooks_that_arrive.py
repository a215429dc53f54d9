"""Webhooks: secrets, health of endpoints, digests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from worker.storage.tables.base import Json, UtcTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

IN_DIGEST = sa.text("digest_id IS NOT NULL")
ENDPOINT = "fk_webhook_delivery_endpoint_id"
MOMENTS = (
    "previous_secret_until",
    "last_success_at",
    "failing_since",
    "resting_until",
    "probing_until",
    "disabled_at",
)


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("webhook_endpoint") as endpoint:
        endpoint.add_column(sa.Column("previous_secret", sa.Text(), nullable=True))
        endpoint.add_column(sa.Column("fields", Json, nullable=False, server_default=sa.text("'[]'")))
        endpoint.add_column(sa.Column("digest", sa.Boolean(), nullable=False, server_default=sa.false()))
        endpoint.add_column(sa.Column("disabled_reason", sa.String(length=255), nullable=True))
        for name in MOMENTS:
            endpoint.add_column(sa.Column(name, UtcTime, nullable=True))
    with op.batch_alter_table("webhook_delivery") as delivery:
        delivery.add_column(sa.Column("digest_id", sa.String(length=255), nullable=True))
        delivery.drop_constraint(op.f(ENDPOINT), type_="foreignkey")
        delivery.create_foreign_key(op.f(ENDPOINT), "webhook_endpoint", ["endpoint_id"], ["id"])
    op.create_index(
        "ix_webhook_delivery_digest_id",
        "webhook_delivery",
        ["digest_id"],
        postgresql_where=IN_DIGEST,
        sqlite_where=IN_DIGEST,
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_webhook_delivery_digest_id", table_name="webhook_delivery")
    with op.batch_alter_table("webhook_delivery") as delivery:
        delivery.drop_constraint(op.f(ENDPOINT), type_="foreignkey")
        delivery.create_foreign_key(op.f(ENDPOINT), "webhook_endpoint", ["endpoint_id"], ["id"], ondelete="CASCADE")
        delivery.drop_column("digest_id")
    with op.batch_alter_table("webhook_endpoint") as endpoint:
        for name in ("previous_secret", "fields", "digest", "disabled_reason", *MOMENTS):
            endpoint.drop_column(name)
