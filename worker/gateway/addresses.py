"""Where things are: the paths of the public interface."""

from __future__ import annotations

TICKET = "/api/mind/ticket"
BATCH = "/api/mind/batch/{batchId}"
HEALTH = "/healthz"
OPENAPI = "/openapi.json"


def batch_address(batch_id: str) -> str:
    """Where the ledger of a batch is."""
    return BATCH.format(batchId=batch_id)
