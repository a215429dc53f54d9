"""What the gateway does when something around it is missing, wrong or killed."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.acceptance.processes import ROOT, free_port
from tests.services.waiting import wait_until
from tests.worker.gateway.conftest import Run, batch_id, bearer
from worker.storage.tables import BatchRow, OutboxRow

ITEMS = [{"id": 1, "status": "closed"}]


def start(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The program until it ends by itself."""
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "worker.gateway", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_what_was_answered_outlives_the_gateway(run: Run, migrated_database_url: str) -> None:
    with run(migrated_database_url) as gateway:
        accepted = batch_id(gateway.patch(ITEMS))
        gateway.process.kill()
        gateway.process.wait()
        assert [row["state"] for row in gateway.rows(BatchRow, id=accepted)] == ["accepted"]
        assert len(gateway.rows(OutboxRow, id=accepted)) == 1


def test_no_sender_waits_for_a_broker_that_is_away(run: Run, migrated_sqlite_url: str) -> None:
    with run(migrated_sqlite_url) as gateway:
        answers = [gateway.patch(ITEMS) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200] * 3
        assert max(answer.elapsed.total_seconds() for answer in answers) < 2
        assert len(gateway.rows(OutboxRow)) == 3
        gateway.process.send_signal(signal.SIGTERM)
        assert wait_until(lambda: gateway.process.poll() is not None, seconds=10)


def test_a_database_that_is_away_is_told_with_a_time_to_come_back(run: Run) -> None:
    with run(f"postgresql+psycopg://postgres@127.0.0.1:{free_port()}/tickets") as gateway:
        for answer in (gateway.patch(ITEMS, key="k"), gateway.client.get(f"/api/mind/batch/{'0' * 32}")):
            assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert int(answer.headers["Retry-After"]) > 0
        assert gateway.client.get("/healthz").status_code == 200
        assert '"event": "database_unavailable"' in gateway.log


def test_a_database_that_comes_back_is_used_again(run: Run, tmp_path: Path, migrated_sqlite_url: str) -> None:
    file = tmp_path / "tickets.db"
    with run(migrated_sqlite_url) as gateway:
        file.rename(tmp_path / "elsewhere.db")
        file.mkdir()
        assert gateway.patch(ITEMS, key="k").status_code == 503
        file.rmdir()
        (tmp_path / "elsewhere.db").rename(file)
        assert gateway.patch(ITEMS, key="k").status_code == 200


def test_an_unexpected_error_is_a_problem_and_tells_nothing(run: Run, migrated_postgresql_url: str) -> None:
    with run(migrated_postgresql_url) as gateway:
        with gateway.database.write() as connection:
            connection.exec_driver_sql("DROP TABLE batch CASCADE")
        answer = gateway.patch([{"id": 1, "body": "Erika"}])
        assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert "batch" not in answer.text
        assert wait_until(lambda: "UndefinedTable" in gateway.log, seconds=5)
        assert "Erika" not in gateway.log


def test_copies_share_one_port(run: Run, migrated_sqlite_url: str) -> None:
    port = free_port()
    with run(migrated_sqlite_url, port=port) as first, run(migrated_sqlite_url, port=port) as second:
        assert wait_until(lambda: "startup complete" in second.log)  # until then the first one answers for it
        first.process.send_signal(signal.SIGTERM)
        first.process.wait(10)
        assert httpx.patch(f"{second.url}/api/mind/ticket", json=ITEMS, headers=bearer()).status_code == 200


def test_a_request_that_is_being_answered_is_finished_first(run: Run, migrated_sqlite_url: str) -> None:
    with run(migrated_sqlite_url) as gateway:

        def body() -> Iterator[bytes]:
            yield b"["
            gateway.process.send_signal(signal.SIGTERM)
            assert wait_until(lambda: "Shutting down" in gateway.log, seconds=5)
            yield b"]"

        headers = {"Content-Type": "application/json"}
        answer = gateway.client.patch("/api/mind/ticket", content=body(), headers=headers)
        assert answer.status_code == 200
        assert len(gateway.rows(BatchRow, id=batch_id(answer))) == 1


@pytest.mark.parametrize(
    ("environment", "complaint"),
    [
        ({"TICKETS_JWT_SECRET": "short"}, "TICKETS_JWT_SECRET must be a text of at least 32 characters"),
        ({"TICKETS_GATEWAY_PORT": "x"}, "TICKETS_GATEWAY_PORT must be a whole number from 1 to 65535"),
        ({"TICKETS_GATEWAY_HOST": "192.0.2.1"}, "TICKETS_GATEWAY_HOST and TICKETS_GATEWAY_PORT must be where"),
        (
            {"TICKETS_JWT_PUBLIC_KEY": r"-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----"},
            "TICKETS_JWT_PUBLIC_KEY must be an RSA key of at least 2048 bits or a P-256 key",
        ),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_line(
    environment: dict[str, str], complaint: str, migrated_sqlite_url: str
) -> None:
    started = start(**{"DATABASE_URL": migrated_sqlite_url} | environment)
    assert started.returncode == 2, started.stderr
    assert started.stderr.startswith(complaint)
    assert started.stderr.count("\n") == 1


def test_without_any_setting_the_gateway_works_with_a_secret_of_its_own(tmp_path: Path) -> None:
    data, port = tmp_path / "data", str(free_port())
    environment = {"TICKETS_DATA_DIR": str(data), "TICKETS_GATEWAY_PORT": port, "LOG_FORMAT": "json"}
    process = subprocess.Popen([sys.executable, "-m", "worker.gateway"], cwd=ROOT, env=os.environ | environment)
    try:
        token = start("--token-for", "7", **environment).stdout.strip()
        assert stat.S_IMODE((data / "jwt.secret").stat().st_mode) == 0o600

        def accepted() -> bool:
            headers = {"Authorization": f"Bearer {token}"}
            try:
                return httpx.patch(f"http://127.0.0.1:{port}/api/mind/ticket", json=ITEMS, headers=headers).is_success
            except httpx.ConnectError:
                return False

        assert wait_until(accepted)
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.parametrize("user", ["0", "-1", "somebody"])
def test_a_token_is_for_a_user_by_number(user: str) -> None:
    assert start(f"--token-for={user}").returncode == 2
