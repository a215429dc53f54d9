"""On a transport without a guard of its own, as AMQP is, the consumer is the door."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from celery.app.log import Logging
from celery.contrib.testing.worker import start_worker

from config.routing import TaskName
from config.settings import Settings
from tests.acceptance.shapes import CHAIN
from tests.services.waiting import wait_until
from worker.app import Application, make_app

SECRET = "Frau-Geheim"
DONE: list[str] = []


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[Application]:
    monkeypatch.setattr(Logging, "_setup", True)  # leave pytest its handlers
    app = make_app(lambda: Settings(redis_url="redis://127.0.0.1:1/0"), include=())
    app.conf.update(broker_url="memory://", result_backend="cache+memory://", worker_send_task_events=False)

    @app.declare(TaskName.BULK_PATCH)
    def bulk_patch(items: list[str]) -> None:
        DONE.extend(items)

    DONE.clear()
    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=30, loglevel="INFO"):
        yield app


def publish(app: Application, body: object, **headers: object) -> None:
    head = {"task": "tasks.ingest.bulk_patch", "id": "one", "argsrepr": SECRET, "kwargsrepr": SECRET}
    with app.producer_pool.acquire() as producer:
        producer.publish(body, exchange="", routing_key="ingest", headers=head | headers, serializer="json")


GOOD = [[], {"items": ["good"]}, {}]
BAD: list[tuple[Any, dict[str, Any]]] = [
    ([], {}),
    ([[], {}], {}),
    (SECRET, {}),
    ([[], {"items": [SECRET]}, {"chain": CHAIN}], {}),
    ([[], {"items": [SECRET]}, {}], {"task": "celery.backend_cleanup"}),
    ([[], {"items": [SECRET]}, {}], {"task": SECRET}),
    ([[], {"items": [SECRET]}, {}], {"task": [SECRET]}),
    ([[], {"items": [SECRET]}, {}], {"id": {}}),
    ([[], {"items": [SECRET]}, {}], {"timelimit": 5}),
    ([[], {"items": [SECRET]}, {}], {"eta": SECRET}),
]


def test_what_cannot_be_used_is_dropped_without_a_word_of_what_it_holds(
    app: Application, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    for body, headers in BAD:
        publish(app, body, **headers)
    publish(app, GOOD)
    assert wait_until(lambda: DONE == ["good"]), DONE
    told = caplog.text + "".join(capsys.readouterr())
    assert told.count("message_dropped") == len(BAD)
    assert SECRET not in told
