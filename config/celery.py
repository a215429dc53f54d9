"""Celery's own options. Each group says which fault of Celery on Redis it stands against."""

from __future__ import annotations

import ssl
from datetime import timedelta
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from kombu.entity import Queue as KombuQueue

from config.routing import ROUTES, Queue, TaskName
from config.schedule import beat_schedule
from config.settings import Settings

Options = dict[str, Any]

SOFT_SHARE = 0.9
"""Of a time limit: when a task is asked to stop, before it is killed."""

WAIT_SHARE = 0.2
"""Of the visibility timeout: the longest wait before a retry. With a time limit of 0.8 the two fit into it."""

SOFT_SHUTDOWN = timedelta(seconds=10)
"""How long running tasks may go on after SIGTERM before they are put back; Celery waits it out, so it is short."""

SERVER_REPLY = timedelta(seconds=15)
"""A server that takes longer to answer counts as away."""


def celery_options(settings: Settings, *, broker_url: str, result_url: str) -> Options:
    """All options of the application; the URLs may hold passwords, which `inspect conf` and Flower mask."""
    return (
        _connections(broker_url, result_url)
        | _broker_transport(settings, broker_url)
        | _routing()
        | _delivery(settings)
        | _contents(settings)
        | _processes(settings)
        | _beat(settings, result_url)
    )


def longest_wait(settings: Settings) -> timedelta:
    """The longest countdown of a message: a longer one would be delivered to a second worker meanwhile."""
    return settings.visibility_timeout * WAIT_SHARE


def _connections(broker_url: str, result_url: str) -> Options:
    """No process ends because a server is away, at its start or later, or answers with an error: it tries for ever."""
    return {
        "broker_url": broker_url,
        "broker_use_ssl": _tls(broker_url),
        "broker_connection_retry": True,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_channel_error_retry": True,
        "result_backend": result_url,
        "redis_backend_use_ssl": _tls(result_url),
        "redis_socket_timeout": SERVER_REPLY.total_seconds(),
        "redis_socket_connect_timeout": SERVER_REPLY.total_seconds(),
        "redis_socket_keepalive": True,
        "redis_retry_on_timeout": True,
        "redis_backend_health_check_interval": 25,
        "result_backend_always_retry": True,
        # A publish waits about this long for the broker, then the caller learns of it and its own retry begins.
        "task_publish_retry_policy": {"max_retries": 10, "interval_start": 0, "interval_step": 0.2, "interval_max": 1},
    }


def _tls(url: str) -> Options | None:
    return {"ssl_cert_reqs": ssl.CERT_REQUIRED} if url.startswith("rediss://") else None


def _broker_transport(settings: Settings, broker_url: str) -> Options:
    """Own keys for what is unacknowledged, so that no other application's shorter timeout applies to our messages.

    `priority_steps` stay kombu's own, though two would do for two lanes: a foreign sender with a priority in between
    would put its message where nobody looks.
    """
    if not broker_url.startswith("redis"):
        return {"broker_heartbeat": 30}
    return {
        "broker_transport_options": {
            "visibility_timeout": settings.visibility_timeout.total_seconds(),
            "unacked_key": "tickets.unacked",
            "unacked_index_key": "tickets.unacked_index",
            "unacked_mutex_key": "tickets.unacked_mutex",
            "unacked_mutex_expire": 60,
            "unacked_restore_interval": 5,
            "unacked_restore_throttle": 1,
            "socket_timeout": SERVER_REPLY.total_seconds(),
            "socket_connect_timeout": SERVER_REPLY.total_seconds(),
            "socket_keepalive": True,
            "health_check_interval": 25,
            "max_message_bytes": settings.max_message_bytes,
        }
    }


def _routing() -> Options:
    """Known queues and nothing else. What has no route goes where the guard at the door refuses it."""
    return {
        "task_queues": [KombuQueue(str(queue), routing_key=str(queue)) for queue in Queue],  # type: ignore[no-untyped-call]
        "task_routes": {str(task): {"queue": str(route.queue)} for task, route in ROUTES.items()},
        "task_default_queue": str(Queue.ADMIN),
        "task_create_missing_queues": False,
    }


def _delivery(settings: Settings) -> Options:
    """A message is confirmed when its work is done; a lost process or a killed task gives it back."""
    return {
        "task_acks_late": True,
        "task_acks_on_timeout": False,
        "task_reject_on_worker_lost": True,
        "task_annotations": {str(task): _limits(settings.time_limit(task)) for task in TaskName},
        "worker_prefetch_multiplier": 1,
        "worker_eta_task_limit": 1_000,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
    }


def _limits(limit: timedelta) -> dict[str, float]:
    return {"time_limit": limit.total_seconds(), "soft_time_limit": limit.total_seconds() * SOFT_SHARE}


def _contents(settings: Settings) -> Options:
    """JSON only; results without arguments; events for Flower, which hold no arguments either (`worker.task`)."""
    return {
        "accept_content": ["json"],
        "result_accept_content": ["json"],
        "task_serializer": "json",
        "result_serializer": "json",
        "result_extended": False,
        "result_expires": settings.result_expires,
        "worker_send_task_events": True,
        "task_send_sent_event": True,
        "enable_utc": True,
        "timezone": str(settings.time_zone),  # cron lines of schedules are read in it
    }


def _processes(settings: Settings) -> Options:
    return {
        "worker_concurrency": settings.worker_concurrency,
        "worker_pool": "prefork",
        "worker_consumer": "worker.consumer:Consumer",
        "worker_lost_wait": 1,
        "worker_proc_alive_timeout": 30,
        "worker_max_memory_per_child": 1_000_000,  # KiB; one huge batch must not keep its memory for ever
        "worker_soft_shutdown_timeout": SOFT_SHUTDOWN.total_seconds(),
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
    }


def _beat(settings: Settings, redis_url: str) -> Options:
    """Several beats may run: one holds a lock, the others wait. The password is no part of the URL, which is shown."""
    shown, credentials = _split_credentials(redis_url)
    return {
        "beat_scheduler": "worker.scheduler:Scheduler",
        "beat_schedule": beat_schedule(settings),
        "beat_max_loop_interval": 5,
        "redbeat_redis_url": shown,
        "redbeat_redis_use_ssl": _tls(redis_url),
        "redbeat_redis_options": credentials | {"socket_timeout": SERVER_REPLY.total_seconds()},
        "redbeat_key_prefix": "tickets.beat:",
        "redbeat_lock_key": None,  # the scheduler holds its own, which a beat may lose without ending
    }


def _split_credentials(url: str) -> tuple[str, dict[str, str]]:
    parts = urlsplit(url)
    given = {"username": parts.username, "password": parts.password}
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=host)), {name: unquote(value) for name, value in given.items() if value}
