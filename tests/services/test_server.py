"""No server outlives its test run, however the run ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.services.postgres import PostgresServer
from tests.services.waiting import wait_until

ROOT = Path(__file__).parents[2]

_TEST = """\
import time
from pathlib import Path

def test_with_servers(postgres_server, valkey_server):
    Path("folder").write_text(str(postgres_server.folder))
    Path("port").write_text(valkey_server.split(":")[-1].split("/")[0])
    {body}
"""
_PLUGINS = ("-p", "tests.services.valkey", "-p", "tests.services.postgres", "-p", "no:cacheprovider")


def _start(folder: Path, body: str) -> subprocess.Popen[bytes]:
    (folder / "test_it.py").write_text(_TEST.format(body=body))
    return subprocess.Popen(  # noqa: S603 - pytest itself
        [sys.executable, "-m", "pytest", "--import-mode=importlib", "-q", *_PLUGINS, "test_it.py"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


def _gone(folder: Path) -> bool:
    """The folder of a server goes when the server has ended."""
    return not Path((folder / "folder").read_text()).exists()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_servers_end_when_the_run_is_stopped(tmp_path: Path, how: signal.Signals) -> None:
    with _start(tmp_path, "time.sleep(60)") as run:
        assert wait_until((tmp_path / "port").exists)
        assert not _gone(tmp_path)
        os.killpg(run.pid, how)
        run.wait()
    assert wait_until(lambda: _gone(tmp_path))


def test_servers_end_after_a_failing_run(tmp_path: Path) -> None:
    with _start(tmp_path, "assert False") as run:
        assert run.wait() == pytest.ExitCode.TESTS_FAILED
    assert _gone(tmp_path)


def test_what_is_committed_outlives_an_outage_of_postgresql(postgres_server: PostgresServer) -> None:
    with postgres_server.database() as name:
        where = {"host": str(postgres_server.folder), "user": "postgres", "dbname": name}
        with psycopg.connect(**where) as connection:  # type: ignore[arg-type] # psycopg types no mapping
            connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
        postgres_server.process.stop()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(**where)  # type: ignore[arg-type]
        postgres_server.process.start()
        with psycopg.connect(**where) as connection:  # type: ignore[arg-type]
            assert connection.execute("SELECT one FROM kept").fetchall() == [(1,)]
