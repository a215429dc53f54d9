from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import kombu.exceptions
import pytest
import redis

from config.routing import ROUTES, Queue, TaskName
from config.settings import Settings
from tests.acceptance.processes import Broker
from worker.app import Application, Envelope, make_app
from worker.broker.envelope import admit
from worker.broker.headers import HIDDEN
from worker.broker.transport import Transport
from worker.domain.failures import Permanent

ROOT = Path(__file__).parents[2]


@pytest.fixture
def app() -> Application:
    return make_app(lambda: Settings(redis_url="redis://:pw@127.0.0.1:1/0"), include=())


def test_a_task_gets_its_queue_and_its_limits_from_its_route(app: Application) -> None:
    @app.declare(TaskName.BULK_PATCH)
    def bulk_patch() -> None: ...

    assert (bulk_patch.time_limit, bulk_patch.soft_time_limit) == (600, 540)
    assert app.amqp.router.route({}, bulk_patch.name)["queue"].name == "ingest"


@pytest.mark.parametrize("name", list(TaskName))
def test_every_task_has_a_route_to_a_queue_that_workers_take_from(app: Application, name: TaskName) -> None:
    assert app.amqp.router.route({}, name)["queue"].name == ROUTES[name].queue
    assert set(app.amqp.queues.consume_from) == set(Queue)


def test_an_unknown_name_is_refused(app: Application) -> None:
    with pytest.raises(ValueError, match="not a valid TaskName"):
        app.declare("tasks.ingest.bulk_pacth")  # type: ignore[arg-type]


def test_an_unknown_option_is_refused(app: Application) -> None:
    with pytest.raises(TypeError, match="acks_late"):
        app.declare(TaskName.RERUN, acks_late=False)  # type: ignore[call-arg]


def test_a_name_is_taken_once(app: Application) -> None:
    app.declare(TaskName.RERUN)
    with pytest.raises(ValueError, match="declared twice"):
        app.declare(TaskName.RERUN)


def test_an_application_knows_its_own_tasks_alone(app: Application) -> None:
    other = make_app(Settings, include=())

    @other.declare(TaskName.RERUN)
    def rerun() -> None: ...

    assert rerun.name in other.tasks
    assert rerun.name not in app.tasks


def test_an_unknown_queue_cannot_be_sent_to(app: Application) -> None:
    with pytest.raises(KeyError):
        app.send_task(str(TaskName.RERUN), queue="celery")


def test_redis_is_reached_through_the_guarded_transport(app: Application) -> None:
    with app.connection_for_read() as connection:
        assert isinstance(connection.transport, Transport)
        assert connection.as_uri().startswith("redis://")


def test_tls_asks_for_a_certificate() -> None:
    app = make_app(lambda: Settings(redis_url="rediss://127.0.0.1:1/0"), include=())
    with app.connection_for_read() as connection:
        assert isinstance(connection.transport, Transport)
        assert connection.ssl == {"ssl_cert_reqs": 2}
    assert app.backend.connparams["ssl_cert_reqs"] == 2


def test_a_rabbitmq_needs_nothing_but_its_url() -> None:
    urls: dict[str, Any] = {"redis_url": "redis://127.0.0.1:1/0", "broker_url": "amqp://user:pw@127.0.0.1:1//"}
    app = make_app(lambda: Settings(**urls), include=())
    with app.connection_for_read() as connection:
        assert connection.transport.driver_type == "amqp"
        assert connection.transport_options == {}
    assert app.conf.redbeat_redis_url == "redis://127.0.0.1:1/0"


def test_an_own_message_holds_its_arguments_in_its_body_alone(app: Application) -> None:
    headers, _, body, event = app.amqp.as_task_v2(
        "id", str(TaskName.BULK_PATCH), args=("secret",), kwargs={"items": "secret"}, create_sent_event=True
    )
    assert "secret" not in f"{headers} {event}"
    assert headers["argsrepr"] == headers["kwargsrepr"] == event["args"] == event["kwargs"] == HIDDEN
    assert body[0] == ("secret",)


def test_a_sent_message_lies_on_its_tasks_queue_under_the_given_id(valkey_url: str) -> None:
    app = make_app(lambda: Settings(redis_url=valkey_url), include=())
    app.send(TaskName.REFRESH_FULL, {"run_ids": ["7"]}, task_id="one", priority=6)
    with redis.Redis.from_url(valkey_url) as client:
        entry = client.rpop("refresh\x06\x166")
    assert isinstance(entry, bytes)
    found = admit(entry, "refresh", latest=datetime.now(UTC), largest=len(entry))
    assert found["headers"]["id"] == "one"
    assert found["headers"]["ignore_result"] is None


def test_many_messages_leave_together_each_to_its_queue_and_priority(valkey_url: str) -> None:
    app = make_app(lambda: Settings(redis_url=valkey_url), include=())
    tasks = (TaskName.REFRESH_FULL, TaskName.DELIVER_WEBHOOKS)
    envelopes = [Envelope(task, {}, f"{task} {number}", 9 * (number % 2)) for task in tasks for number in range(4)]

    app.send_all(envelopes)

    with redis.Redis.from_url(valkey_url) as client:
        queues = ("refresh", "refresh\x06\x169", "webhooks", "webhooks\x06\x169")
        found = {queue: [json.loads(one)["headers"]["id"][-1] for one in _taken(client, queue)] for queue in queues}
    assert found == {queue: ["1", "3"] if queue.endswith("9") else ["0", "2"] for queue in queues}


def _taken(client: redis.Redis, queue: str) -> list[bytes]:
    """What lies on a queue, in the order in which workers would take it."""
    entries = cast("list[bytes]", client.lrange(queue, 0, -1))
    return entries[::-1]


def test_a_broker_that_was_lost_since_the_last_message_is_waited_for(tmp_path: Path) -> None:
    broker = Broker(tmp_path / "valkey")
    broker.start()
    app = make_app(lambda: Settings(redis_url=broker.url), include=())
    try:
        app.send(TaskName.REFRESH_FULL, {}, task_id="before")
        broker.kill()
        back = threading.Timer(1.0, broker.start)
        back.start()
        app.send_all([Envelope(TaskName.REFRESH_FULL, {}, str(number)) for number in range(3)])
        back.join()
        assert [json.loads(one)["headers"]["id"] for one in _taken(broker.client, "refresh")] == ["before", *"012"]
    finally:
        broker.client.close()
        broker.kill()


def test_a_task_that_works_in_slices_has_no_result_until_it_answers(app: Application) -> None:
    answers: list[object] = [None, {"success": True}]

    @app.declare(TaskName.BULK_PATCH, sliced=True)
    def bulk_patch() -> object:
        return answers.pop(0)

    @app.declare(TaskName.COLLECT_DEAD)
    def collect_dead() -> None: ...

    assert [bulk_patch.apply().state, bulk_patch.apply().result] == ["IGNORED", {"success": True}]
    assert collect_dead.apply().state == "SUCCESS"


def test_sending_without_a_broker_is_an_operational_error(app: Application) -> None:
    app.conf.task_publish_retry_policy = {"max_retries": 1, "interval_start": 0}
    with pytest.raises(kombu.exceptions.OperationalError):
        app.send(TaskName.RERUN, {"mode": "tags"}, task_id="one")


def test_a_task_called_directly_fails_with_a_static_reason(app: Application) -> None:
    @app.declare(TaskName.RERUN)
    def rerun(mode: str) -> None:
        raise KeyError(mode)

    with pytest.raises(Permanent, match="unexpected_error: KeyError") as caught:
        rerun("secret")
    assert caught.value.__context__ is caught.value.__cause__ is None
    with pytest.raises(Permanent, match="invalid_arguments"):
        rerun(wrong="secret")


def test_importing_the_domain_loads_neither_celery_nor_settings() -> None:
    code = (
        "import sys, worker.domain.entities; print(*{'celery', 'config.settings', 'worker.app'} & sys.modules.keys())"
    )
    environment = os.environ | {"DATABASE_URL": "wrong", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    assert found.stdout.strip() == ""


def test_importing_the_application_starts_no_server_and_reads_no_settings(tmp_path: Path) -> None:
    environment = os.environ | {"TICKETS_DATA_DIR": str(tmp_path), "LOG_FORMAT": "wrong", "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", "import worker.celery"], env=environment, check=True)
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_setting_ends_a_process_with_one_line_that_names_it(tmp_path: Path) -> None:
    environment = os.environ | {"TICKETS_DATA_DIR": str(tmp_path), "LOG_FORMAT": "wrong", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "celery", "-A", "tests.acceptance.probe", "worker"]
    found = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert found.returncode == 2
    assert "LOG_FORMAT" in found.stderr
    assert len(found.stderr.strip().splitlines()) == 1
