"""What `check` tries, one probe for each thing that can be wrong, each with what to do about it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from redis import Redis
from sqlalchemy.exc import DBAPIError

from config.redaction import redact_first_line
from config.routing import Queue
from worker.cli.findings import Finding, State, Surroundings
from worker.cli.options import PROGRAM, Exit
from worker.cli.outside_probes import directory, model
from worker.cli.problems import Problem, problem_of
from worker.storage.dead import count_dead_letters
from worker.storage.revision import current_revision, newest_revision, server_version

ANSWER_SECONDS = 2.0
"""How long workers have to answer; a busy one does so from its main process."""

LITTLE_SPACE = 1_000_000_000
"""Free bytes below which a disk soon is full."""


def data_folder(around: Surroundings) -> Finding:
    """Whether the data folder can be written, and how full its disk is."""
    folder = around.settings.data_dir
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        free = shutil.disk_usage(folder).free
    told = f"{_in_home(folder)} can be written, {free / 1e9:.1f} GB free"
    if free < LITTLE_SPACE:
        return Finding("data folder", State.WARNING, told, "make room, or move it with TICKETS_DATA_DIR")
    return Finding("data folder", State.OK, told)


def _in_home(folder: Path) -> str:
    try:
        return f"~/{folder.relative_to(Path.home())}"
    except (ValueError, RuntimeError):
        return str(folder)


def database(around: Surroundings) -> Finding:
    """Whether the database answers."""
    with around.context().database.read() as connection:
        return Finding("database", State.OK, server_version(connection))


def schema(around: Surroundings) -> Finding:
    """Whether the tables are those of this program."""
    with around.context().database.read() as connection:
        found, needed = current_revision(connection), newest_revision()
    if found == needed:
        return Finding("schema", State.OK, f"current, {found}")
    return Finding("schema", State.FAILED, f"{found or 'none'}, but {needed} is needed", f"run `{PROGRAM} migrate`")


def redis(around: Surroundings) -> Finding:
    """Whether Redis answers, and keeps what it is given."""
    with Redis.from_url(around.app.redis_url) as client:
        about = client.info()
    told = f"{'valkey' if 'valkey_version' in about else 'redis'} {about.get('valkey_version', about['redis_version'])}"
    policy = str(about.get("maxmemory_policy", "noeviction"))
    if policy != "noeviction":
        return Finding(
            "redis", State.WARNING, f"{told}, may drop messages ({policy})", "set maxmemory-policy noeviction"
        )
    if not about.get("aof_enabled"):
        return Finding("redis", State.WARNING, f"{told}, loses messages when it ends", "set appendonly yes")
    return Finding("redis", State.OK, told)


def broker(around: Surroundings) -> Finding:
    """Whether the broker takes a connection."""
    with around.app.connection_for_write() as connection:
        connection.ensure_connection(max_retries=1, timeout=5)
        return Finding("broker", State.OK, str(connection.transport.driver_type))


def workers(around: Surroundings) -> Finding:
    """Whether workers answer, and every queue has one."""
    served: dict[str, list[dict[str, object]]] = (
        around.app.control.inspect(timeout=ANSWER_SECONDS).active_queues() or {}
    )
    if not served:
        return Finding("workers", State.FAILED, "none answers", "start the processes: `make up`, or see the Procfile")
    told = f"{len(served)} answer" if len(served) > 1 else "1 answers"
    missing = {str(queue) for queue in Queue} - {str(queue["name"]) for queues in served.values() for queue in queues}
    if missing:
        return Finding("workers", State.FAILED, f"{told}, none for {', '.join(sorted(missing))}", "start one for these")
    return Finding("workers", State.OK, f"{told}, every queue is served")


def beat(around: Surroundings) -> Finding:
    """Whether a beat leads: without one, nothing reopens, nothing scheduled runs, nothing lost is sent again."""
    with Redis.from_url(around.app.redis_url) as client:
        if client.exists(f"{around.app.conf.redbeat_key_prefix}lead"):
            return Finding("beat", State.OK, "leads")
    return Finding("beat", State.FAILED, "none leads", "start one: `make up`, or see the Procfile")


def dead_letters(around: Surroundings) -> Finding:
    """Whether something was given up."""
    with around.context().database.read() as connection:
        count = count_dead_letters(connection)
    if count:
        return Finding("dead letters", State.WARNING, str(count), f"look at them: `{PROGRAM} dead list`")
    return Finding("dead letters", State.OK, "none")


Probe = Callable[[Surroundings], Finding | None]
"""None where the settings leave nothing to try."""

PROBES: dict[str, Probe] = {
    "data folder": data_folder,
    "database": database,
    "schema": schema,
    "redis": redis,
    "broker": broker,
    "workers": workers,
    "beat": beat,
    "dead letters": dead_letters,
    "model": model,
    "directory": directory,
}


def find(name: str, around: Surroundings) -> Finding | None:
    """What a probe finds, if there is anything to try; an error that people can help is a finding, too."""
    try:
        return PROBES[name](around)
    except Exception as error:
        problem = problem_of(error)
        if problem is None:
            raise
        state = State.AWAY if problem.exit is Exit.SERVICE_AWAY else State.FAILED
        return Finding(name, state, _cause(error, problem), problem.remedy or problem.message)


def _cause(error: Exception, problem: Problem) -> str:
    """What the driver says, without anything that could be secret."""
    if problem.exit is not Exit.SERVICE_AWAY:
        return problem.code
    return redact_first_line(str(error.orig if isinstance(error, DBAPIError) else error))
