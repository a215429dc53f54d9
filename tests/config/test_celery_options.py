from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from celery.app.defaults import DEFAULTS

from config.celery import celery_options, longest_wait
from config.routing import ROUTES, TaskName
from config.schedule import beat_schedule
from config.settings import Settings

URL = "redis://ann:p%40ss@127.0.0.1:1/3"


def options(**settings: Any) -> dict[str, Any]:  # noqa: ANN401 - any setting
    return celery_options(Settings(**settings), broker_url=URL, result_url=URL)


def test_every_option_is_one_that_celery_or_redbeat_knows() -> None:
    of_redis = {"redis_backend_health_check_interval"}  # read by the backend, missing in Celery's own table
    assert {name for name in options() if name not in DEFAULTS} - of_redis == {
        "redbeat_key_prefix",
        "redbeat_lock_key",
        "redbeat_redis_options",
        "redbeat_redis_url",
        "redbeat_redis_use_ssl",
    }


@pytest.mark.parametrize("task", list(TaskName))
@pytest.mark.parametrize("seconds", [5, 60, 3600])
def test_a_task_ends_and_waits_within_the_visibility_timeout(task: TaskName, seconds: int) -> None:
    limits = options(visibility_timeout=timedelta(seconds=seconds))["task_annotations"][task]
    waiting = longest_wait(Settings(visibility_timeout=timedelta(seconds=seconds)))
    assert limits["soft_time_limit"] < limits["time_limit"] <= ROUTES[task].time_limit.total_seconds()
    assert limits["time_limit"] + waiting.total_seconds() <= seconds


def test_every_task_has_a_route() -> None:
    assert set(ROUTES) == set(TaskName)


def test_only_json_is_taken() -> None:
    found = options()
    assert found["accept_content"] == found["result_accept_content"] == ["json"]


def test_beat_sends_known_tasks_as_often_as_the_settings_say() -> None:
    schedule = beat_schedule(Settings(relay_interval=timedelta(seconds=7), reopen_interval=timedelta(seconds=90)))
    assert schedule["tasks.outbox.relay"]["schedule"] == timedelta(seconds=7)
    assert schedule["tasks.upkeep.reopen_pending"]["schedule"] == timedelta(seconds=90)
    assert {entry["task"] for entry in schedule.values()} <= set(TaskName)


def test_a_tick_that_nobody_took_is_dropped_before_the_next() -> None:
    for entry in beat_schedule(Settings()).values():
        interval = entry["schedule"]
        assert isinstance(interval, timedelta)
        assert entry["options"] == {"expires": interval.total_seconds()}


def test_the_password_is_not_where_remote_inspection_shows_it() -> None:
    found = options()
    assert found["redbeat_redis_url"] == "redis://127.0.0.1:1/3"
    assert (found["redbeat_redis_options"]["username"], found["redbeat_redis_options"]["password"]) == ("ann", "p@ss")
    masked = {"broker_url", "result_backend", "redbeat_redis_options"}
    assert "p%40ss" not in json.dumps({key: str(value) for key, value in found.items() if key not in masked})
