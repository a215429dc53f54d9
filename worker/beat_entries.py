"""What beat fires of the schedules in the database: RedBeat's entries in Redis, made to agree with it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from redbeat import RedBeatSchedulerEntry
from redbeat.schedulers import ensure_conf, get_redis

from config.routing import TaskName
from worker.app import Application
from worker.context import Context
from worker.operations.cron import Cron, read_cron
from worker.storage.schedules import Schedule, all_schedules, last_slots

PREFIX = "schedule:"
"""Before the names of our entries, so that others are left alone."""


def sync_schedules(context: Context, app: Application) -> None:
    """Make the entries in Redis those of the schedules in the database, which is the one that remembers.

    An entry that is missing begins where its schedule stopped, so what was missed meanwhile is due at once. One that
    fired in vain, because its message was lost or could not be worked off, is made due again.

    Raises:
        redis.exceptions.RedisError, sqlalchemy.exc.OperationalError: a server is away; the next call heals all.
    """
    ensure_conf(app)
    with context.database.read() as connection:
        schedules = all_schedules(connection)
        slots = last_slots(connection)
    for key in _keys(app) - {_key(app, schedule.name) for schedule in schedules}:
        get_redis(app).zrem(app.redbeat_conf.schedule_key, key)
        get_redis(app).delete(key)
    for schedule in schedules:
        _sync(context, app, schedule, ran=max(slots.get(schedule.name, schedule.created_at), schedule.created_at))


def _key(app: Application, name: str) -> str:
    return str(RedBeatSchedulerEntry.generate_key(app, PREFIX + name))


def _keys(app: Application) -> set[str]:
    keys = get_redis(app).zrange(app.redbeat_conf.schedule_key, 0, -1)
    return {key for key in keys if key.startswith(_key(app, ""))}


def _sync(context: Context, app: Application, schedule: Schedule, *, ran: datetime) -> None:
    cron = read_cron(schedule.cron)
    entry = RedBeatSchedulerEntry(
        PREFIX + schedule.name,
        str(TaskName.RUN_SCHEDULE),
        cron.beat,
        kwargs={"name": schedule.name},
        last_run_at=ran,
        app=app,
    )
    stored = _stored(app, entry)
    if stored is None or not entry.editable_fields_equal(stored):
        entry.delete()  # its last run, too, which `save` would keep
        entry.save()
    elif _fired_in_vain(context, cron, stored, ran):
        stored.reschedule(ran)


def _stored(app: Application, entry: Any) -> Any | None:  # noqa: ANN401 - redbeat ships no types
    try:
        return RedBeatSchedulerEntry.from_key(entry.key, app=app)
    except KeyError:
        return None


def _fired_in_vain(context: Context, cron: Cron, stored: Any, ran: datetime) -> bool:  # noqa: ANN401 - see above
    long_ago = context.clock() - context.settings.resend_after
    missed = cron.latest(context.settings.time_zone, after=ran, until=long_ago)
    return missed is not None and stored.last_run_at is not None and ran < stored.last_run_at <= long_ago
