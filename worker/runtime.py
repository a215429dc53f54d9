"""Composition root: builds the one Context of a process from its settings."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache, lru_cache

from redis import Redis

from config.routing import TaskName
from config.settings import Settings
from worker.ai.protocol import Engine
from worker.app import Envelope, app
from worker.collector import collect_rarely
from worker.context import Context
from worker.directories.protocol import Directory
from worker.domain.words import Lane
from worker.embedded import database_url
from worker.operations.spending import BatchPurse
from worker.signals import after_fork, before_fork
from worker.storage.database import Database
from worker.storage.outbox import Message
from worker.storage.schema import migrate
from worker.webhooks.sending import Limits, Sender


@cache
def context() -> Context:
    """The Context of this process; made when first asked for."""
    return build(app.settings)


def build(settings: Settings) -> Context:
    """A Context on these settings. An embedded database is brought to the current schema: nobody else would do it."""
    embedded = settings.database_url is None
    url = settings.database_url.get_secret_value() if settings.database_url else database_url(settings.data_dir)
    database = Database(url)
    if embedded:
        migrate(database)
    return Context(
        settings=settings,
        database=database,
        clock=lambda: datetime.now(UTC),
        jitter=random.random,
        engine=engine,
        sender=lru_cache(maxsize=1)(lambda: _sender(settings)),
        send=send,
        other_directory=_directory(settings),
    )


def engine() -> Engine:
    """An engine for the work of one task; models and connections stay with the process."""
    return _engines()()


@cache
def _engines() -> Callable[[], Engine]:
    if app.settings.engine == "llm":
        from worker.ai.llm.engine import Engines  # noqa: PLC0415 - two seconds that only this engine needs

        return Engines(app.settings, BatchPurse(context().database, app.settings))
    from worker.ai.embedded.engine import EmbeddedEngine  # noqa: PLC0415 - half a second that no command needs

    embedded = EmbeddedEngine()
    return lambda: embedded


def _directory(settings: Settings) -> Directory | None:
    if settings.directory_url is None:
        return None
    from worker.directories.http import HttpDirectory  # noqa: PLC0415 - httpx takes a tenth of a second to import

    return HttpDirectory(settings.directory_url, settings.directory_token, settings.directory_timeout)


def _sender(settings: Settings) -> Sender:
    return Sender(allowed=settings.webhook_allowed_hosts, limits=Limits(total=settings.webhook_timeout))


PRIORITIES = {Lane.INTERACTIVE: 0, Lane.BULK: 9}
"""kombu's Redis transport looks for priority 0 in all queues before it looks for priority 9 in any.

A message of a foreign sender has priority 0, unless it says otherwise. RabbitMQ knows no priorities in queues that were
declared without them, and a queue declared in two ways is an error there: on RabbitMQ all messages wait in one line.
"""


def send(messages: Sequence[Message]) -> None:
    """Put outbox messages on the broker under their own ids."""
    app.send_all(
        [
            Envelope(TaskName(message.task), message.arguments, message.id, PRIORITIES[message.lane])
            for message in messages
        ]
    )


@contextmanager
def broker() -> Iterator[Redis]:
    """A client of the Redis where refused queue entries wait: the broker's, if it is one."""
    with Redis.from_url(app.broker_url if app.broker_url.startswith("redis") else app.redis_url) as client:
        yield client


def sync_schedules() -> None:
    """Tell beat of the schedules in the database."""
    from worker.beat_entries import sync_schedules  # noqa: PLC0415 - RedBeat takes as long to import as the rest

    sync_schedules(context(), app)


@before_fork
def _load_models() -> None:
    context()
    engine().preload()
    collect_rarely()


@after_fork
def _own_connections() -> None:
    context().database.after_fork()
