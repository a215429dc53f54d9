"""Brings a database to the current schema."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text

from worker.storage.database import Database

_MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x7469636B6574  # two starts at once: the second waits, then finds nothing to do


def migrate(database: Database) -> None:
    """Apply the migrations that are missing, in one transaction."""
    # Alembic costs a second of import and is needed here alone.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    with database.write() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
