"""The Celery application, and the one way to declare a task and to send one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypedDict, Unpack

import celery
from celery.app.amqp import AMQP
from kombu.exceptions import BatchPublishError
from kombu.messaging import Producer

from config.celery import Options, celery_options
from config.logging import configure
from config.routing import ROUTES, TaskName
from config.settings import Settings, settings_or_exit
from worker import embedded, signals
from worker.broker.headers import HIDDEN
from worker.broker.transport import install
from worker.task import Task

FLOWER_CONF = Path(__file__).parents[1] / "config" / "flower.py"
INCLUDE = ("tasks.ingest", "tasks.refresh", "tasks.webhooks", "tasks.outbox", "tasks.admin", "tasks.upkeep")


class TaskOptions(TypedDict, total=False):
    """What a task may say of itself; queue and limits come from its route.

    `bind`: the task comes as the first argument. `ignore_result`: nobody waits for what it returns. `endless`: retried
    for a passing reason as long as it takes. `sliced`: no answer means that a message of the same id will bring it.
    """

    bind: bool
    ignore_result: bool
    endless: bool
    sliced: bool


@dataclass(frozen=True, slots=True)
class Envelope:
    """One message to send: a task, its keyword arguments in plain JSON, the id, and a priority from 0, the first."""

    task: TaskName
    arguments: Mapping[str, object]
    task_id: str
    priority: int = 0


class _Amqp(AMQP):  # type: ignore[misc] # celery ships no types
    def as_task_v2(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - Celery's own arguments
        """Celery would write the arguments, shortened, into headers and events."""
        return super().as_task_v2(*args, **options | {"argsrepr": HIDDEN, "kwargsrepr": HIDDEN})


class Application(celery.Celery):  # type: ignore[misc] # celery ships no types
    """Celery with our settings. They are read, and an embedded server is started, when first needed: not on import."""

    def __init__(self, load: Callable[[], Settings], include: Sequence[str]) -> None:
        super().__init__("tickets", amqp=_Amqp, task_cls=Task, include=list(include), fixups=[])
        self._load_settings = load
        self._declared: set[TaskName] = set()
        self.add_defaults(self._options)
        install()
        signals.connect(self)
        # Flower started without its configuration would be open to everybody, on every address.
        os.environ.setdefault("FLOWER_CONF", str(FLOWER_CONF))

    @cached_property
    def settings(self) -> Settings:
        """The settings of this process; a wrong one ends it with one line."""
        return self._load_settings()

    @cached_property
    def redis_url(self) -> str:
        """Where results and locks are: the setting, or the private server of the data folder, which is started."""
        url = self.settings.redis_url
        return url.get_secret_value() if url else embedded.redis_url(self.settings.data_dir)

    @cached_property
    def broker_url(self) -> str:
        """Where the queues are."""
        url = self.settings.broker_url
        return url.get_secret_value() if url else self.redis_url

    def _options(self) -> Options:
        return celery_options(self.settings, broker_url=self.broker_url, result_url=self.redis_url)

    def set_up_logging(self) -> None:
        """Our one pipeline for everybody's lines, in every process."""
        configure(self.settings.log_format, self.settings.log_level)

    def declare(self, name: TaskName, **options: Unpack[TaskOptions]) -> Callable[[Callable[..., object]], Task]:
        """Decorator: makes a function the task of that name.

        Raises:
            ValueError: an unknown name, or one that is taken.
            TypeError: an unknown option.
        """
        name = TaskName(name)
        if unknown := options.keys() - TaskOptions.__annotations__.keys():
            raise TypeError(f"not an option of a task: {', '.join(sorted(unknown))}")
        if name in self._declared:
            raise ValueError(f"declared twice: {name}")
        self._declared.add(name)
        return self.task(name=str(name), shared=False, **options)  # type: ignore[no-any-return]

    def send(self, name: TaskName, arguments: Mapping[str, object], *, task_id: str, priority: int = 0) -> None:
        """Puts a message on the task's queue.

        Not by `send_task`: outside of workers that would listen for the result of each, and wait for the result store.

        Args:
            name: the task.
            arguments: its keyword arguments, plain JSON.
            task_id: the id of what the message stands for, so that the same thing sent twice has one id.
            priority: from 0, the first, to 9.

        Raises:
            kombu.exceptions.OperationalError: the broker has been away for some seconds.
        """
        self.send_all([Envelope(name, arguments, task_id, priority)])

    def send_all(self, envelopes: Sequence[Envelope]) -> None:
        """Puts messages on the queues of their tasks, many in one round trip where the broker allows it.

        When it raises, some of them may have arrived.

        Raises:
            kombu.exceptions.OperationalError: the broker has been away for some seconds.
        """
        with self.producer_or_acquire() as producer:
            try:
                with producer.batch():
                    self._put(producer, envelopes)
            except BatchPublishError:
                # The connection was lost, or had been since the last time. Again, as patiently as Celery sends one.
                self._put(producer, envelopes)

    def _put(self, producer: Producer, envelopes: Iterable[Envelope]) -> None:
        for one in envelopes:
            message = self.amqp.create_task_message(
                one.task_id, str(one.task), kwargs=dict(one.arguments), ignore_result=None
            )
            queue = str(ROUTES[one.task].queue)
            self.amqp.send_task_message(producer, str(one.task), message, queue=queue, priority=one.priority)


def make_app(load: Callable[[], Settings] = settings_or_exit, include: Sequence[str] = INCLUDE) -> Application:
    """An application of its own, with those modules of tasks."""
    return Application(load, include)


app = make_app()
task = app.declare
