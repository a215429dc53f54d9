"""Alembic's entry: runs on the connection that `worker.storage.schema` hands in."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from worker.storage.tables import Base
from worker.storage.tables.base import Big, Json, UtcTime


def render_type(kind: str, item: object, autogen: AutogenContext) -> str | Literal[False]:
    """Write our own column types by name."""
    if kind != "type":
        return False
    name = "UtcTime" if isinstance(item, UtcTime) else "Json" if item is Json else "Big" if item is Big else None
    if name is None:
        return False
    autogen.imports.add(f"from worker.storage.tables.base import {name}")
    return name


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_item=render_type,
    compare_type=True,
)
context.run_migrations()
