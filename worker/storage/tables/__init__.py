"""Every table of the system; importing this package fills `Base.metadata`."""

from worker.storage.tables.base import Base
from worker.storage.tables.batches import BatchChunkRow, BatchItemRow, BatchRow, BatchSpendingRow
from worker.storage.tables.directory import AiAgentRow, ContractRow, CustomerRow, PersonRow
from worker.storage.tables.queue import DeadLetterRow, OutboxRow, ScheduleFireRow, ScheduleRow
from worker.storage.tables.refreshes import RefreshRunRow, StageResultRow
from worker.storage.tables.tickets import (
    ExecutionRow,
    HistoryRow,
    IntentRow,
    TagRow,
    TicketRow,
    TicketTagRow,
    WorklogRow,
)
from worker.storage.tables.webhooks import AttemptRow, DeliveryRow, EndpointRow, EventRow

__all__ = [
    "AiAgentRow",
    "AttemptRow",
    "Base",
    "BatchChunkRow",
    "BatchItemRow",
    "BatchRow",
    "BatchSpendingRow",
    "ContractRow",
    "CustomerRow",
    "DeadLetterRow",
    "DeliveryRow",
    "EndpointRow",
    "EventRow",
    "ExecutionRow",
    "HistoryRow",
    "IntentRow",
    "OutboxRow",
    "PersonRow",
    "RefreshRunRow",
    "ScheduleFireRow",
    "ScheduleRow",
    "StageResultRow",
    "TagRow",
    "TicketRow",
    "TicketTagRow",
    "WorklogRow",
]
