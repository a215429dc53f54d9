"""Names of tasks and queues, and the one table that joins them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Queue(StrEnum):
    """The queues of the broker. Foreign senders use `ingest` alone."""

    INGEST = "ingest"
    REFRESH = "refresh"
    REFRESH_FAST = "refresh_fast"
    WEBHOOKS = "webhooks"
    ADMIN = "admin"
    UPKEEP = "upkeep"


class TaskName(StrEnum):
    """Every task a queue may hold; anything else is refused at the transport."""

    BULK_PATCH = "tasks.ingest.bulk_patch"
    RESUME_BATCH = "tasks.ingest.resume"
    REFRESH_FULL = "tasks.refresh.full"
    REFRESH_SUMMARY_AND_TEXT = "tasks.refresh.summary_and_text"
    REFRESH_CUSTOMER = "tasks.refresh.customer"
    REFRESH_TAGS = "tasks.refresh.tags"
    REFRESH_TAGS_RULE_BASED = "tasks.refresh.tags_rule_based"
    REFRESH_AGENTS = "tasks.refresh.agents"
    DELIVER_WEBHOOKS = "tasks.webhooks.deliver"
    RELAY_OUTBOX = "tasks.outbox.relay"
    REOPEN_PENDING = "tasks.upkeep.reopen_pending"
    ANNOUNCE_OVERDUE = "tasks.upkeep.announce_overdue"
    EXECUTE_DUE = "tasks.upkeep.execute_due"
    RUN_SCHEDULE = "tasks.upkeep.run_schedule"
    SYNC_SCHEDULES = "tasks.upkeep.sync_schedules"
    COLLECT_DEAD = "tasks.upkeep.collect_dead"
    CLEAN_UP = "tasks.upkeep.clean_up"
    RERUN = "tasks.admin.rerun"
    RETRY_FAILED = "tasks.admin.retry_failed"
    CANCEL_BATCH = "tasks.admin.cancel_batch"
    PAUSE = "tasks.admin.pause"
    RESUME = "tasks.admin.resume"
    EXPLAIN = "tasks.admin.explain"
    REPLAY_WEBHOOK = "tasks.admin.replay_webhook"
    DEAD_LETTERS = "tasks.admin.dead_letters"


@dataclass(frozen=True, slots=True)
class Route:
    """Where a task runs: its queue, how many ids one message carries, and how long it may take."""

    queue: Queue
    chunk: int = 1
    time_limit: timedelta = timedelta(minutes=5)


ROUTES: dict[TaskName, Route] = {
    TaskName.BULK_PATCH: Route(Queue.INGEST, time_limit=timedelta(minutes=10)),
    TaskName.RESUME_BATCH: Route(Queue.INGEST, time_limit=timedelta(minutes=10)),
    TaskName.REFRESH_FULL: Route(Queue.REFRESH, chunk=20),
    TaskName.REFRESH_SUMMARY_AND_TEXT: Route(Queue.REFRESH, chunk=50),
    TaskName.REFRESH_CUSTOMER: Route(Queue.REFRESH, chunk=50),
    TaskName.REFRESH_TAGS: Route(Queue.REFRESH, chunk=50),
    TaskName.REFRESH_TAGS_RULE_BASED: Route(Queue.REFRESH_FAST, chunk=500),
    TaskName.REFRESH_AGENTS: Route(Queue.REFRESH, chunk=50),
    TaskName.DELIVER_WEBHOOKS: Route(Queue.WEBHOOKS, chunk=100),
    TaskName.RELAY_OUTBOX: Route(Queue.UPKEEP),
    TaskName.REOPEN_PENDING: Route(Queue.UPKEEP),
    TaskName.ANNOUNCE_OVERDUE: Route(Queue.UPKEEP),
    TaskName.EXECUTE_DUE: Route(Queue.UPKEEP),
    TaskName.RUN_SCHEDULE: Route(Queue.UPKEEP),
    TaskName.SYNC_SCHEDULES: Route(Queue.UPKEEP),
    TaskName.COLLECT_DEAD: Route(Queue.UPKEEP),
    TaskName.CLEAN_UP: Route(Queue.UPKEEP),
    TaskName.RERUN: Route(Queue.ADMIN),
    TaskName.RETRY_FAILED: Route(Queue.ADMIN),
    TaskName.CANCEL_BATCH: Route(Queue.ADMIN),
    TaskName.PAUSE: Route(Queue.ADMIN),
    TaskName.RESUME: Route(Queue.ADMIN),
    TaskName.EXPLAIN: Route(Queue.ADMIN),
    TaskName.REPLAY_WEBHOOK: Route(Queue.ADMIN),
    TaskName.DEAD_LETTERS: Route(Queue.ADMIN),
}
