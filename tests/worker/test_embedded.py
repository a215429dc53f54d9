"""The private server of a data folder: shared, durable, and gone with its last user."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
from pydantic import SecretStr
from sqlalchemy import create_engine, text

from config.settings import Settings
from tests.services.waiting import wait_until
from worker.embedded import EmbeddedServerError, database_url, guardian, redis_url, with_services

_USER = """\
import subprocess, sys, os
from pathlib import Path
from worker.embedded import redis_url
print(redis_url(Path(sys.argv[1])), flush=True)
{then}
sys.stdin.read()
"""

Starter = Callable[..., "User"]


class User:
    """A process that uses the server until it is told to end, or killed."""

    def __init__(self, data_dir: Path, then: str = "") -> None:
        self.process = subprocess.Popen(  # noqa: S603 - the text above
            [sys.executable, "-c", _USER.format(then=then), str(data_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().decode().strip()

    def end(self) -> None:
        self.process.communicate()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def start(data_dir: Path) -> Iterator[Starter]:
    with ExitStack() as users:

        def start_user(then: str = "", folder: Path = data_dir) -> User:
            user = User(folder, then)
            users.callback(user.kill)
            return user

        yield start_user
    assert wait_until(lambda: _is_free(data_dir))


def _is_free(data_dir: Path) -> bool:
    """Whether neither a guardian nor a server is left."""
    for name in ("guardian.lock", "server.lock"):
        try:
            os.close(guardian.lock(data_dir / "valkey" / name, fcntl.LOCK_EX | fcntl.LOCK_NB))
        except (BlockingIOError, FileNotFoundError):
            return not (data_dir / "valkey").exists()
    return True


def _ask(url: str, *command: str) -> Any:  # noqa: ANN401 - as Redis answers
    with redis.Redis.from_url(url, decode_responses=True) as client:
        return client.execute_command(*command)


def _answers(url: str) -> bool:
    try:
        return bool(_ask(url, "PING"))
    except redis.ConnectionError:
        return False


def _server_pid(url: str) -> int:
    return int(_ask(url, "INFO", "server")["process_id"])


def _processes(word: str) -> dict[int, str]:
    command = ["ps", "-A", "-ww", "-o", "pid=,args="]
    listing = subprocess.run(command, capture_output=True, check=True, text=True)  # noqa: S603
    lines = (line.split(maxsplit=1) for line in listing.stdout.splitlines() if word in line)
    return {int(pid): arguments for pid, arguments in lines}


def _guardian_pid(data_dir: Path) -> int:
    (pid,) = _processes(f"guardian.py {data_dir / 'valkey'}")
    return pid


def test_two_processes_share_one_server(start: Starter) -> None:
    first, second = start().line(), start().line()
    assert first == second
    _ask(first, "SET", "said", "hello")
    assert _ask(second, "GET", "said") == "hello"


def test_processes_that_start_at_once_share_one_server(start: Starter) -> None:
    users = [start() for _ in range(5)]
    urls = {user.line() for user in users}
    assert len(urls) == 1
    assert _answers(*urls)


def test_the_server_stays_while_one_user_is_left(start: Starter) -> None:
    first, second = start(), start()
    url = first.line()
    assert second.line() == url
    pid = _server_pid(url)
    first.kill()
    assert not wait_until(lambda: not _answers(url), seconds=0.5)
    assert _server_pid(url) == pid


def test_the_server_ends_when_its_last_user_was_killed(start: Starter, data_dir: Path) -> None:
    users = [start(), start()]
    urls = {user.line() for user in users}
    for user in users:
        user.kill()
    assert wait_until(lambda: _is_free(data_dir))
    assert not _answers(*urls)


def test_data_and_address_outlast_a_restart(start: Starter, data_dir: Path) -> None:
    user = start()
    url = user.line()
    _ask(url, "SET", "said", "hello")
    user.end()
    assert wait_until(lambda: _is_free(data_dir))
    assert start().line() == url
    assert _ask(url, "GET", "said") == "hello"


def test_a_user_that_comes_during_the_shutdown_gets_a_server(start: Starter) -> None:
    leaving = start()
    for _ in range(4):
        leaving.line()
        coming = start()
        leaving.end()
        leaving = coming
    assert _answers(leaving.line())


def test_a_server_that_dies_is_started_again_with_its_data(start: Starter) -> None:
    url = start().line()
    _ask(url, "SET", "said", "hello")
    pid = _server_pid(url)
    os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: _answers(url) and _server_pid(url) != pid)
    assert _ask(url, "GET", "said") == "hello"


def test_the_call_after_a_crash_waits_for_the_new_server(start: Starter) -> None:
    url = start().line()
    os.kill(_server_pid(url), signal.SIGKILL)
    assert _answers(start().line())


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_guardian_that_dies_is_replaced_by_the_next_call(start: Starter, data_dir: Path, how: signal.Signals) -> None:
    url = start().line()
    _ask(url, "SET", "said", "hello")
    first = _guardian_pid(data_dir)
    os.kill(first, how)
    assert wait_until(lambda: first not in _processes("guardian.py"))
    assert start().line() == url
    assert _ask(url, "GET", "said") == "hello"
    assert _guardian_pid(data_dir) != first


def test_a_program_that_a_user_started_does_not_hold_the_server(start: Starter, data_dir: Path) -> None:
    user = start("""print(subprocess.Popen(["sleep", "60"], stdout=subprocess.DEVNULL).pid, flush=True)""")
    user.line()
    child = int(user.line())
    user.kill()
    try:
        assert wait_until(lambda: _is_free(data_dir))
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_forked_child_holds_the_server_as_its_parent_did(start: Starter, data_dir: Path) -> None:
    user = start("""if child := os.fork(): print(child, flush=True); os.close(1)
else: os.close(1); import time; time.sleep(60)""")
    url = user.line()
    child = int(user.line())
    user.kill()
    assert not wait_until(lambda: not _answers(url), seconds=0.5)
    os.kill(child, signal.SIGKILL)
    assert wait_until(lambda: _is_free(data_dir))


def test_a_taken_port_is_left_to_its_owner(start: Starter, data_dir: Path) -> None:
    user = start()
    port = urlsplit(user.line()).port
    user.end()
    assert wait_until(lambda: _is_free(data_dir))
    with socket.create_server(("127.0.0.1", port or 0)):
        url = start().line()
        assert urlsplit(url).port != port
        assert _answers(url)


def test_a_folder_with_a_long_and_odd_name_works(start: Starter, tmp_path: Path) -> None:
    folder = tmp_path / ("a long, \"odd\" 'name' #1 % ü? " * 5) / ("and deeper " * 15)
    assert _answers(start(folder=folder).line())
    engine = create_engine(database_url(folder))
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
    engine.dispose()
    assert (folder / "tickets.db").exists()


def test_the_password_is_only_in_files_of_its_owner(start: Starter, data_dir: Path) -> None:
    url = start().line()
    password = urlsplit(url).password
    assert password
    assert not _processes(password)
    for path in (data_dir, *data_dir.rglob("*")):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path
    with pytest.raises(redis.AuthenticationError):
        _ask(url.replace(password, "guess"), "PING")


def test_the_server_loses_no_keys_to_save_memory_and_writes_everything_down(start: Starter) -> None:
    url = start().line()
    wanted = {"appendonly": "yes", "appendfsync": "everysec", "maxmemory-policy": "noeviction"}
    assert {name: _ask(url, "CONFIG", "GET", name)[name] for name in wanted} == wanted


def test_a_server_that_cannot_start_is_named_with_its_log(data_dir: Path) -> None:
    broken = data_dir / "valkey" / "appendonlydir"
    broken.mkdir(parents=True)
    (broken / "appendonly.aof.manifest").write_text("no manifest")
    with pytest.raises(EmbeddedServerError, match=r"its log is .*valkey/log"):
        redis_url(data_dir, patience=timedelta(seconds=1))
    assert "AOF" in (data_dir / "valkey" / "log").read_text()


def test_services_of_ones_own_are_left_alone(data_dir: Path) -> None:
    settings = Settings(
        data_dir=data_dir, database_url=SecretStr("postgresql://db/x"), redis_url=SecretStr("redis://redis")
    )
    assert with_services(settings) == settings
    assert not data_dir.exists()


def test_an_unset_database_is_a_file_in_the_data_folder(data_dir: Path) -> None:
    settings = with_services(Settings(data_dir=data_dir, redis_url=SecretStr("redis://redis")))
    assert settings.database_url == SecretStr(f"sqlite:///{data_dir}/tickets.db")
    assert stat.S_IMODE((data_dir / "tickets.db").stat().st_mode) == 0o600
