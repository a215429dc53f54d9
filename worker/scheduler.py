"""Beat's scheduler: RedBeat that goes on when its Redis is away, and that waits when another beat leads."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import redis.exceptions
import structlog
from redbeat import RedBeatScheduler
from redbeat.schedulers import get_redis
from redis.lock import Lock

log = structlog.get_logger(__name__)

LEADERSHIP = 15.0
"""Seconds until another beat takes over from one that gives no sign of life; several times the longest tick."""

PAUSE = 2.0
"""Seconds between two tries to reach the server or to take the lead."""


class Scheduler(RedBeatScheduler):  # type: ignore[misc] # redbeat ships no types
    """Any number may run: one leads, and neither a lost server nor a lost lead ends the process.

    RedBeat's own lock is off, because a beat that loses it exits.
    """

    leads = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Celery's own arguments
        super().__init__(*args, **kwargs)
        self._lead: Lock = get_redis(self.app).lock(f"{self.app.redbeat_conf.key_prefix}lead", timeout=LEADERSHIP)

    def setup_schedule(self) -> None:
        """Stores the schedule of the settings, as soon as there is a server to store it in."""
        while True:
            try:
                super().setup_schedule()
            except redis.exceptions.RedisError:
                log.warning("schedule_store_away", exc_info=True)
                time.sleep(PAUSE)
            else:
                return

    def tick(self, *args: Any, **kwargs: Any) -> float:  # noqa: ANN401 - Celery's own arguments
        """Sends what is due, if this beat leads; answers with the seconds until the next tick."""
        try:
            if self._takes_lead():
                self._heal()
                return float(super().tick(*args, **kwargs))
        except redis.exceptions.RedisError:
            log.warning("schedule_store_away", exc_info=True)
        return PAUSE

    def _heal(self) -> None:
        """A server that was emptied has lost what beat sends by itself, the healing of people's schedules included."""
        if not get_redis(self.app).exists(self.app.redbeat_conf.statics_key):
            log.warning("schedule_lost")
            self.setup_schedule()

    def _takes_lead(self) -> bool:
        led, self.leads = self.leads, self._held_or_acquired()
        if self.leads != led:
            log.info("beat_leads" if self.leads else "beat_waits")
        return self.leads

    def _held_or_acquired(self) -> bool:
        try:
            return bool(self._lead.reacquire())
        except redis.exceptions.LockError:  # never held, or lost to another beat
            return bool(self._lead.acquire(blocking=False))

    def close(self) -> None:
        """Lets the next beat lead at once."""
        with suppress(redis.exceptions.RedisError):  # it did not lead, or there is nobody to tell
            self._lead.release()
        super().close()
