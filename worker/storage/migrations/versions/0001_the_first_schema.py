"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from worker.storage.tables.base import Big, Json, UtcTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "agent",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("definition", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent")),
    )
    op.create_table(
        "ai_agent",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("code", sa.String(length=255), nullable=False),
        sa.Column("definition", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ai_agent")),
        sa.UniqueConstraint("code", name=op.f("uq_ai_agent_code")),
    )
    op.create_table(
        "batch",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("digest", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=255), nullable=False),
        sa.Column("source", sa.String(length=255), nullable=True),
        sa.Column("user_id", Big, nullable=True),
        sa.Column("lane", sa.String(length=255), nullable=False),
        sa.Column("include_in_worklog", sa.Boolean(), nullable=False),
        sa.Column("atomic", sa.Boolean(), nullable=False),
        sa.Column("received", Big, nullable=False),
        sa.Column("chunks", Big, nullable=False),
        sa.Column("next_chunk", Big, nullable=False),
        sa.Column("updated", Big, nullable=False),
        sa.Column("unchanged", Big, nullable=False),
        sa.Column("refresh_scheduled", Big, nullable=False),
        sa.Column("refresh_skipped", Big, nullable=False),
        sa.Column("rejected", Big, nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("finished_at", UtcTime, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch")),
        sa.UniqueConstraint("key", name=op.f("uq_batch_key")),
    )
    op.create_table(
        "customer",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("email_key", sa.String(length=255), nullable=True),
        sa.Column("phone_key", sa.String(length=255), nullable=True),
        sa.Column("name_key", sa.String(length=255), nullable=True),
        sa.Column("definition", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer")),
    )
    op.create_index(op.f("ix_customer_email_key"), "customer", ["email_key"], unique=False)
    op.create_index(op.f("ix_customer_name_key"), "customer", ["name_key"], unique=False)
    op.create_index(op.f("ix_customer_phone_key"), "customer", ["phone_key"], unique=False)
    op.create_table(
        "dead_letter",
        sa.Column("id", Big, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=255), nullable=False),
        sa.Column("reason", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=True),
        sa.Column("task", sa.String(length=255), nullable=True),
        sa.Column("detail", Json, nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dead_letter")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("task", sa.String(length=255), nullable=False),
        sa.Column("arguments", Json, nullable=False),
        sa.Column("batch_id", sa.String(length=255), nullable=True),
        sa.Column("due_at", UtcTime, nullable=False),
        sa.Column("sent", Big, nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index(op.f("ix_outbox_batch_id"), "outbox", ["batch_id"], unique=False)
    op.create_index(op.f("ix_outbox_due_at"), "outbox", ["due_at"], unique=False)
    op.create_table(
        "schedule",
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("cron", sa.String(length=255), nullable=False),
        sa.Column("mode", sa.String(length=255), nullable=False),
        sa.Column("where", Json, nullable=False),
        sa.Column("window_hours", Big, nullable=True),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_schedule")),
    )
    op.create_table(
        "tag",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("parent", Big, nullable=True),
        sa.Column("visibility", sa.String(length=255), nullable=False),
        sa.Column("definition", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag")),
    )
    op.create_table(
        "ticket",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("version", Big, server_default="0", nullable=False),
        sa.Column("external_ticket_id", sa.String(length=255), nullable=True),
        sa.Column("direction", sa.String(length=255), nullable=False),
        sa.Column("channel", sa.String(length=255), nullable=False),
        sa.Column("channel_id", sa.String(length=255), nullable=True),
        sa.Column("subchannel_id", Big, nullable=True),
        sa.Column("interface", sa.String(length=255), nullable=False),
        sa.Column("status", sa.String(length=255), nullable=False),
        sa.Column("priority", sa.String(length=255), nullable=False),
        sa.Column("spam_status", sa.String(length=255), nullable=True),
        sa.Column("sender", sa.Text(), nullable=True),
        sa.Column("from_name", sa.Text(), nullable=True),
        sa.Column("recipients", Json, nullable=False),
        sa.Column("reply_cc", Json, nullable=False),
        sa.Column("reply_bcc", Json, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("body_plain", sa.Text(), nullable=True),
        sa.Column("body_clean", sa.Text(), nullable=True),
        sa.Column("sentiment", sa.String(length=255), nullable=True),
        sa.Column("language", sa.String(length=255), nullable=True),
        sa.Column("language_code", sa.String(length=255), nullable=True),
        sa.Column("ai_support_level", sa.String(length=255), nullable=False),
        sa.Column("auto_execute_at", UtcTime, nullable=True),
        sa.Column("is_escalated", sa.Boolean(), nullable=False),
        sa.Column("is_customer_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("modified_at", UtcTime, nullable=True),
        sa.Column("closed_at", UtcTime, nullable=True),
        sa.Column("first_response_due_by", UtcTime, nullable=True),
        sa.Column("first_response_due_by_manual", sa.Boolean(), nullable=False),
        sa.Column("due_by", UtcTime, nullable=True),
        sa.Column("due_by_manual", sa.Boolean(), nullable=False),
        sa.Column("customer_id", sa.String(length=255), nullable=True),
        sa.Column("contract_id", sa.String(length=255), nullable=True),
        sa.Column("partner_id", Big, nullable=True),
        sa.Column("customer_legitimation", Big, nullable=False),
        sa.Column("customer_legitimation_message", sa.Text(), nullable=True),
        sa.Column("customer_evidence", Json, nullable=True),
        sa.Column("responder_id", Big, nullable=True),
        sa.Column("agent_id", Big, nullable=True),
        sa.Column("assigned_agent_ids", Json, nullable=False),
        sa.Column("additional_data", Json, nullable=True),
        sa.Column("attachments", Json, nullable=True),
        sa.Column("template", sa.Text(), nullable=True),
        sa.Column("raw_data", Json, nullable=True),
        sa.Column("workitem", Json, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket")),
        sa.UniqueConstraint("external_ticket_id", name=op.f("uq_ticket_external_ticket_id")),
    )
    op.create_index(
        "ix_ticket_pending_due_by",
        "ticket",
        ["due_by"],
        unique=False,
        postgresql_where=sa.text("status = 'pending'"),
        sqlite_where=sa.text("status = 'pending'"),
    )
    op.create_table(
        "webhook_attempt",
        sa.Column("id", Big, autoincrement=True, nullable=False),
        sa.Column("delivery_id", sa.String(length=255), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.String(length=255), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("at", UtcTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_attempt")),
    )
    op.create_index(op.f("ix_webhook_attempt_delivery_id"), "webhook_attempt", ["delivery_id"], unique=False)
    op.create_table(
        "webhook_endpoint",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("events", Json, nullable=False),
        sa.Column("channels", Json, nullable=False),
        sa.Column("subchannels", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoint")),
    )
    op.create_table(
        "webhook_event",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("type", sa.String(length=255), nullable=False),
        sa.Column("ticket_id", Big, nullable=False),
        sa.Column("batch_id", sa.String(length=255), nullable=True),
        sa.Column("body", Json, nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_event")),
    )
    op.create_table(
        "batch_chunk",
        sa.Column("batch_id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("items", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_batch_chunk_batch_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("batch_id", "position", name=op.f("pk_batch_chunk")),
    )
    op.create_table(
        "batch_item",
        sa.Column("batch_id", sa.String(length=36), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("ticket_id", Big, nullable=True),
        sa.Column("outcome", sa.String(length=255), nullable=False),
        sa.Column("reason", sa.String(length=255), nullable=True),
        sa.Column("changed_fields", Json, nullable=False),
        sa.Column("ignored_fields", Json, nullable=False),
        sa.Column("deprecations", Json, nullable=False),
        sa.Column("errors", Json, nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_batch_item_batch_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("batch_id", "index", name=op.f("pk_batch_item")),
    )
    op.create_index("ix_batch_item_ticket_id", "batch_item", ["ticket_id"], unique=False)
    op.create_table(
        "contract",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("customer_id", sa.String(length=255), nullable=False),
        sa.Column("email_key", sa.String(length=255), nullable=True),
        sa.Column("phone_key", sa.String(length=255), nullable=True),
        sa.Column("meter_key", sa.String(length=255), nullable=True),
        sa.Column("iban_key", sa.String(length=255), nullable=True),
        sa.Column("definition", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_contract_customer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract")),
    )
    op.create_index(op.f("ix_contract_customer_id"), "contract", ["customer_id"], unique=False)
    op.create_index(op.f("ix_contract_email_key"), "contract", ["email_key"], unique=False)
    op.create_index("ix_contract_iban_key", "contract", ["iban_key"], unique=False)
    op.create_index("ix_contract_meter_key", "contract", ["meter_key"], unique=False)
    op.create_index("ix_contract_phone_key", "contract", ["phone_key"], unique=False)
    op.create_table(
        "history",
        sa.Column("id", Big, autoincrement=True, nullable=False),
        sa.Column("ticket_id", Big, nullable=False),
        sa.Column("version", Big, nullable=False),
        sa.Column("field", sa.String(length=255), nullable=False),
        sa.Column("old", Json, nullable=True),
        sa.Column("new", Json, nullable=True),
        sa.Column("actor_type", sa.String(length=255), nullable=False),
        sa.Column("actor_id", Big, nullable=True),
        sa.Column("batch_id", sa.String(length=255), nullable=True),
        sa.Column("run_id", sa.String(length=255), nullable=True),
        sa.Column("at", UtcTime, nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_history_ticket_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_history")),
    )
    op.create_index("ix_history_ticket_id_version", "history", ["ticket_id", "version"], unique=False)
    op.create_table(
        "intent",
        sa.Column("id", Big, autoincrement=True, nullable=False),
        sa.Column("ticket_id", Big, nullable=False),
        sa.Column("ai_agent_id", Big, nullable=False),
        sa.Column("contract_id", sa.String(length=255), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=255), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("confidence_color", sa.String(length=255), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.Column("options", Json, nullable=False),
        sa.Column("infos", Json, nullable=False),
        sa.Column("outcome", Json, nullable=True),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("modified_at", UtcTime, nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_intent_ticket_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intent")),
    )
    op.create_index(op.f("ix_intent_ticket_id"), "intent", ["ticket_id"], unique=False)
    op.create_index(
        "uq_intent_open",
        "intent",
        ["ticket_id", "ai_agent_id", "contract_id"],
        unique=True,
        postgresql_where=sa.text("open"),
        sqlite_where=sa.text("open"),
    )
    op.create_table(
        "refresh_run",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("ticket_id", Big, nullable=False),
        sa.Column("mode", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=255), nullable=False),
        sa.Column("reason", sa.String(length=255), nullable=True),
        sa.Column("force", sa.Boolean(), nullable=False),
        sa.Column("batch_id", sa.String(length=255), nullable=True),
        sa.Column("requested_by", sa.String(length=255), nullable=False),
        sa.Column("merged_into", sa.String(length=255), nullable=True),
        sa.Column("attempt", Big, nullable=False),
        sa.Column("crashes", Big, nullable=False),
        sa.Column("ticket_version", Big, nullable=True),
        sa.Column("lease_until", UtcTime, nullable=True),
        sa.Column("stages", Json, nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("started_at", UtcTime, nullable=True),
        sa.Column("finished_at", UtcTime, nullable=True),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_refresh_run_ticket_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refresh_run")),
    )
    op.create_index(op.f("ix_refresh_run_batch_id"), "refresh_run", ["batch_id"], unique=False)
    op.create_index(op.f("ix_refresh_run_ticket_id"), "refresh_run", ["ticket_id"], unique=False)
    op.create_index(
        "uq_refresh_run_waiting",
        "refresh_run",
        ["ticket_id", "mode"],
        unique=True,
        postgresql_where=sa.text("state = 'waiting'"),
        sqlite_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "schedule_fire",
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("slot", sa.String(length=32), nullable=False),
        sa.Column("requested", Big, nullable=False),
        sa.Column("at", UtcTime, nullable=False),
        sa.ForeignKeyConstraint(["name"], ["schedule.name"], name=op.f("fk_schedule_fire_name"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("name", "slot", name=op.f("pk_schedule_fire")),
    )
    op.create_table(
        "ticket_tag",
        sa.Column("ticket_id", Big, nullable=False),
        sa.Column("tag_id", Big, nullable=False),
        sa.Column("source", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(["tag_id"], ["tag.id"], name=op.f("fk_ticket_tag_tag_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_tag_ticket_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("ticket_id", "tag_id", name=op.f("pk_ticket_tag")),
    )
    op.create_index(op.f("ix_ticket_tag_tag_id"), "ticket_tag", ["tag_id"], unique=False)
    op.create_table(
        "webhook_delivery",
        sa.Column("sequence", Big, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("event_id", sa.String(length=36), nullable=False),
        sa.Column("endpoint_id", sa.String(length=36), nullable=False),
        sa.Column("ticket_id", Big, nullable=False),
        sa.Column("batch_id", sa.String(length=255), nullable=True),
        sa.Column("state", sa.String(length=255), nullable=False),
        sa.Column("attempts", Big, nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.String(length=255), nullable=True),
        sa.Column("lease_until", UtcTime, nullable=True),
        sa.Column("next_attempt_at", UtcTime, nullable=True),
        sa.Column("delivered_at", UtcTime, nullable=True),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["webhook_endpoint.id"], name=op.f("fk_webhook_delivery_endpoint_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["webhook_event.id"], name=op.f("fk_webhook_delivery_event_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_webhook_delivery")),
        sa.UniqueConstraint("id", name=op.f("uq_webhook_delivery_id")),
    )
    op.create_index(op.f("ix_webhook_delivery_batch_id"), "webhook_delivery", ["batch_id"], unique=False)
    op.create_index(
        "ix_webhook_delivery_order", "webhook_delivery", ["endpoint_id", "ticket_id", "sequence"], unique=False
    )
    op.create_table(
        "worklog",
        sa.Column("id", Big, autoincrement=True, nullable=False),
        sa.Column("ticket_id", Big, nullable=False),
        sa.Column("action", sa.String(length=255), nullable=False),
        sa.Column("user_id", Big, nullable=True),
        sa.Column("batch_id", sa.String(length=255), nullable=True),
        sa.Column("run_id", sa.String(length=255), nullable=True),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("at", UtcTime, nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_worklog_ticket_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_worklog")),
    )
    op.create_index(op.f("ix_worklog_ticket_id"), "worklog", ["ticket_id"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_index(op.f("ix_worklog_ticket_id"), table_name="worklog")
    op.drop_table("worklog")
    op.drop_index("ix_webhook_delivery_order", table_name="webhook_delivery")
    op.drop_index(op.f("ix_webhook_delivery_batch_id"), table_name="webhook_delivery")
    op.drop_table("webhook_delivery")
    op.drop_index(op.f("ix_ticket_tag_tag_id"), table_name="ticket_tag")
    op.drop_table("ticket_tag")
    op.drop_table("schedule_fire")
    op.drop_index(
        "uq_refresh_run_waiting",
        table_name="refresh_run",
        postgresql_where=sa.text("state = 'waiting'"),
        sqlite_where=sa.text("state = 'waiting'"),
    )
    op.drop_index(op.f("ix_refresh_run_ticket_id"), table_name="refresh_run")
    op.drop_index(op.f("ix_refresh_run_batch_id"), table_name="refresh_run")
    op.drop_table("refresh_run")
    op.drop_index("uq_intent_open", table_name="intent", postgresql_where=sa.text("open"), sqlite_where=sa.text("open"))
    op.drop_index(op.f("ix_intent_ticket_id"), table_name="intent")
    op.drop_table("intent")
    op.drop_index("ix_history_ticket_id_version", table_name="history")
    op.drop_table("history")
    op.drop_index("ix_contract_phone_key", table_name="contract")
    op.drop_index("ix_contract_meter_key", table_name="contract")
    op.drop_index("ix_contract_iban_key", table_name="contract")
    op.drop_index(op.f("ix_contract_email_key"), table_name="contract")
    op.drop_index(op.f("ix_contract_customer_id"), table_name="contract")
    op.drop_table("contract")
    op.drop_index("ix_batch_item_ticket_id", table_name="batch_item")
    op.drop_table("batch_item")
    op.drop_table("batch_chunk")
    op.drop_table("webhook_event")
    op.drop_table("webhook_endpoint")
    op.drop_index(op.f("ix_webhook_attempt_delivery_id"), table_name="webhook_attempt")
    op.drop_table("webhook_attempt")
    op.drop_index(
        "ix_ticket_pending_due_by",
        table_name="ticket",
        postgresql_where=sa.text("status = 'pending'"),
        sqlite_where=sa.text("status = 'pending'"),
    )
    op.drop_table("ticket")
    op.drop_table("tag")
    op.drop_table("schedule")
    op.drop_index(op.f("ix_outbox_due_at"), table_name="outbox")
    op.drop_index(op.f("ix_outbox_batch_id"), table_name="outbox")
    op.drop_table("outbox")
    op.drop_table("dead_letter")
    op.drop_index(op.f("ix_customer_phone_key"), table_name="customer")
    op.drop_index(op.f("ix_customer_name_key"), table_name="customer")
    op.drop_index(op.f("ix_customer_email_key"), table_name="customer")
    op.drop_table("customer")
    op.drop_table("batch")
    op.drop_table("ai_agent")
    op.drop_table("agent")
