"""Settings as a starting process reads them."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr, ValidationError

from config.routing import ROUTES, TaskName
from config.settings import Settings, SettingsError, environment_name, load_settings
from config.settings_page import PAGE, settings_table

ROOT = Path(__file__).parents[2]

_PROGRAM = "from config.settings import settings_or_exit; print(settings_or_exit())"


def _start(**environment: str) -> subprocess.CompletedProcess[str]:
    """A program that reads its settings, with nothing else in its environment."""
    return subprocess.run(  # noqa: S603 - the text above
        [sys.executable, "-c", _PROGRAM],
        env={"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])} | environment,
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    return monkeypatch


def test_a_program_starts_without_any_setting() -> None:
    started = _start()
    assert started.returncode == 0, started.stderr
    assert "database_url=None redis_url=None" in started.stdout
    assert "log_format='json'" in started.stdout


def test_a_wrong_value_stops_the_start_with_one_line() -> None:
    started = _start(TICKETS_CHUNK_SIZE="many")
    assert started.returncode == 2
    assert started.stderr == "TICKETS_CHUNK_SIZE must be a whole number from 1 to 10000\n"
    assert started.stdout == ""


def test_all_wrong_values_are_told_at_once_in_one_line() -> None:
    started = _start(TICKETS_CHUNK_SIZE="many", TICKETS_RETRY_DELAYS="1,soon,later", LOG_FORMAT="xml")
    assert started.returncode == 2
    assert started.stderr.count("\n") == 1
    for name in ("TICKETS_CHUNK_SIZE", "TICKETS_RETRY_DELAYS", "LOG_FORMAT"):
        assert started.stderr.count(name) == 1


def test_an_unknown_name_is_refused_with_the_nearest_known_one() -> None:
    started = _start(TICKETS_CHUNKSIZE="5")
    assert started.returncode == 2
    assert started.stderr == "TICKETS_CHUNKSIZE is not a setting; did you mean TICKETS_CHUNK_SIZE?\n"


def test_passwords_are_in_no_output() -> None:
    started = _start(
        DATABASE_URL="postgresql://u:hidden@db/x", REDIS_URL="redis://:hidden@r", TICKETS_FLOWER_PASSWORD="hidden"
    )
    assert started.returncode == 0, started.stderr
    assert "hidden" not in started.stdout + started.stderr


def test_a_refused_url_is_not_repeated() -> None:
    started = _start(DATABASE_URL="mysql://u:hidden@db/x")
    assert started.returncode == 2
    assert started.stderr.startswith("DATABASE_URL must be ")
    assert "hidden" not in started.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", ""),
        ("DATABASE_URL", "mysql://db/x"),
        ("DATABASE_URL", "postgresql+asyncpg://db/x"),
        ("DATABASE_URL", "postgresql://db:port/x"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("REDIS_URL", "localhost:6379"),
        ("REDIS_URL", "redis://host:99999"),
        ("REDIS_URL", "redis://host/first"),
        ("REDIS_URL", "amqp://host"),
        ("BROKER_URL", "http://host"),
        ("LOG_FORMAT", "xml"),
        ("TICKETS_LOG_LEVEL", "loud"),
        ("TICKETS_DATA_DIR", ""),
        ("TICKETS_TIME_ZONE", "Mars/Olympus"),
        ("TICKETS_MAX_BATCH_ITEMS", "0"),
        ("TICKETS_MAX_BATCH_ITEMS", "1e4"),
        ("TICKETS_SPAM_DETECTION_TAG_IDS", "4,spam"),
        ("TICKETS_SPAM_DETECTION_TAG_IDS", "0"),
        ("TICKETS_SPAM_DETECTION_TAG_IDS", "[4"),
        ("TICKETS_WEBHOOK_ALLOWED_HOSTS", "https://host"),
        ("TICKETS_WEBHOOK_ALLOWED_HOSTS", "10.0.0.0/33"),
        ("TICKETS_VISIBILITY_TIMEOUT", ""),
        ("TICKETS_VISIBILITY_TIMEOUT", "0"),
        ("TICKETS_VISIBILITY_TIMEOUT", "-1"),
        ("TICKETS_VISIBILITY_TIMEOUT", "1h"),
        ("TICKETS_VISIBILITY_TIMEOUT", "nan"),
        ("TICKETS_VISIBILITY_TIMEOUT", "1e400"),
        ("TICKETS_VISIBILITY_TIMEOUT", "P1X"),
        ("TICKETS_RETRY_DELAYS", "1,-1"),
        ("TICKETS_FLOWER_USER", "a:b"),
        ("TICKETS_FLOWER_PASSWORD", ""),
        ("TICKETS_FLOWER_PORT", "70000"),
        ("TICKETS_ENGINE", "gpt"),
        ("TICKETS_LLM_BASE_URL", "localhost:11434"),
        ("TICKETS_LLM_BASE_URL", "https://user:password@host/v1"),
        ("TICKETS_LLM_CALLS_IN_FLIGHT", "0"),
        ("TICKETS_LLM_FALLBACK", "maybe"),
        ("TICKETS_GATEWAY_HOST", ""),
        ("TICKETS_GATEWAY_PORT", "0"),
        ("TICKETS_GATEWAY_MAX_BODY_BYTES", "1023"),
        ("TICKETS_JWT_SECRET", "a" * 31),
        ("TICKETS_JWT_PUBLIC_KEY", ""),
        ("TICKETS_JWT_PUBLIC_KEY", "-----BEGIN PRIVATE KEY-----\nMC4=\n-----END PRIVATE KEY-----"),
        ("TICKETS_JWT_AUDIENCE", ""),
    ],
)
def test_what_is_not_allowed_is_refused_by_name(given: pytest.MonkeyPatch, name: str, value: str) -> None:
    given.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert str(refused.value).startswith(f"{name} must be ")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("0.5", 0.5), ("PT1M30S", 90), ("pt2h", 7200), ("P1D", 86400), (" 5 ", 5)]
)
def test_a_duration_is_seconds_or_iso_8601(given: pytest.MonkeyPatch, text: str, seconds: float) -> None:
    given.setenv("TICKETS_RESEND_AFTER", text)
    assert load_settings().resend_after == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["0,60,PT10M", '[0, "60", "PT10M"]', "0, 60 , 600"])
def test_a_list_is_comma_separated_or_json(given: pytest.MonkeyPatch, text: str) -> None:
    given.setenv("TICKETS_RETRY_DELAYS", text)
    assert load_settings().retry_delays == (timedelta(0), timedelta(minutes=1), timedelta(minutes=10))


def test_an_empty_list_means_none(given: pytest.MonkeyPatch) -> None:
    given.setenv("TICKETS_RETRY_DELAYS", "")
    given.setenv("TICKETS_SPAM_DETECTION_TAG_IDS", "")
    assert load_settings().retry_delays == ()
    assert load_settings().spam_detection_tag_ids == frozenset()


def test_lists_of_ids_and_hosts_are_read(given: pytest.MonkeyPatch) -> None:
    given.setenv("TICKETS_SPAM_DETECTION_TAG_IDS", "7,4,7")
    given.setenv("TICKETS_WEBHOOK_ALLOWED_HOSTS", "CRM.internal, 10.1.2.3/8, ::1, 127.0.0.1")
    settings = load_settings()
    assert settings.spam_detection_tag_ids == {4, 7}
    assert settings.webhook_allowed_hosts == ("crm.internal", "10.0.0.0/8", "::1/128", "127.0.0.1")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_means_the_one_driver(given: pytest.MonkeyPatch, scheme: str) -> None:
    given.setenv("DATABASE_URL", f"{scheme}://u:p%40ss@db:5433/x?sslmode=require")
    assert load_settings().database_url == SecretStr("postgresql+psycopg://u:p%40ss@db:5433/x?sslmode=require")


@pytest.mark.parametrize("url", ["postgresql+psycopg://u@/x?host=/run/pg", "sqlite:///x.db", "sqlite:////a b/x.db"])
def test_sockets_and_files_are_databases_too(given: pytest.MonkeyPatch, url: str) -> None:
    given.setenv("DATABASE_URL", url)
    assert load_settings().database_url == SecretStr(url)


def test_the_broker_may_be_rabbitmq(given: pytest.MonkeyPatch) -> None:
    given.setenv("BROKER_URL", "amqp://u:p@mq:5672//")
    assert load_settings().broker_url == SecretStr("amqp://u:p@mq:5672//")


def test_the_time_zone_is_a_real_one(given: pytest.MonkeyPatch) -> None:
    given.setenv("TICKETS_TIME_ZONE", "Europe/Berlin")
    assert load_settings().time_zone == ZoneInfo("Europe/Berlin")


def test_a_relative_data_folder_is_fixed_at_the_start(given: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given.chdir(tmp_path)
    given.setenv("TICKETS_DATA_DIR", "here")
    assert load_settings().data_dir == tmp_path / "here"


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Settings().chunk_size = 5  # type: ignore[misc]


@pytest.mark.parametrize("task", TaskName)
@pytest.mark.parametrize("seconds", [5, 3_600])
def test_no_task_may_run_longer_than_its_message_stays_invisible(task: TaskName, seconds: int) -> None:
    settings = Settings(visibility_timeout=timedelta(seconds=seconds))
    assert settings.time_limit(task) < settings.visibility_timeout
    assert settings.time_limit(task) <= ROUTES[task].time_limit


def test_a_shorter_visibility_timeout_shortens_what_hangs_on_it(given: pytest.MonkeyPatch) -> None:
    given.setenv("TICKETS_VISIBILITY_TIMEOUT", "8")
    settings = load_settings()
    assert settings.lease == timedelta(seconds=4)
    assert settings.webhook_timeout == timedelta(seconds=2)


def test_a_webhook_must_end_before_its_lease(given: pytest.MonkeyPatch) -> None:
    given.setenv("TICKETS_LEASE", "5")
    given.setenv("TICKETS_WEBHOOK_TIMEOUT", "5")
    with pytest.raises(SettingsError, match=r"^TICKETS_WEBHOOK_TIMEOUT must be shorter than TICKETS_LEASE"):
        load_settings()


def test_a_password_for_flower_is_made_once_and_kept(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    user, password = settings.flower_login()
    assert user == "admin"
    assert len(password.get_secret_value()) >= 24
    assert settings.flower_login() == (user, password)
    assert stat.S_IMODE((tmp_path / "data" / "flower.password").stat().st_mode) == 0o600


def test_a_given_password_for_flower_is_not_written_down(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, flower_password=SecretStr("given"))
    assert settings.flower_login() == ("admin", SecretStr("given"))
    assert not list(tmp_path.iterdir())


def test_a_secret_for_tokens_is_made_once_and_kept(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    secret = settings.token_secret()
    assert secret is not None
    assert len(secret.get_secret_value()) >= 32
    assert settings.token_secret() == secret
    assert stat.S_IMODE((tmp_path / "data" / "jwt.secret").stat().st_mode) == 0o600


_PEM = "-----BEGIN PUBLIC KEY-----\nMFkw+/==\n-----END PUBLIC KEY-----"


@pytest.mark.parametrize("text", [_PEM, _PEM.replace("\n", "\\n"), f"{_PEM}\n"])
def test_with_a_public_key_no_secret_is_made(given: pytest.MonkeyPatch, tmp_path: Path, text: str) -> None:
    given.setenv("TICKETS_DATA_DIR", str(tmp_path))
    given.setenv("TICKETS_JWT_PUBLIC_KEY", text)
    settings = load_settings()
    assert settings.jwt_public_key == _PEM
    assert settings.token_secret() is None
    assert not list(tmp_path.iterdir())


def test_the_documentation_is_generated_from_the_settings() -> None:
    assert PAGE.read_text(encoding="utf-8") == settings_table()


@pytest.mark.parametrize("field", Settings.model_fields)
def test_every_setting_is_documented(field: str) -> None:
    row = next(line for line in settings_table().splitlines() if line.startswith(f"| `{environment_name(field)}` |"))
    assert all(cell.strip() for cell in row.strip("|").split(" | "))


@pytest.mark.parametrize(
    ("given_too", "missing"),
    [({}, "TICKETS_LLM_MODEL"), ({"TICKETS_LLM_MODEL": "m"}, "TICKETS_LLM_API_KEY or TICKETS_LLM_BASE_URL")],
)
def test_a_model_is_asked_only_when_it_is_known_where_it_is(given_too: dict[str, str], missing: str) -> None:
    started = _start(TICKETS_ENGINE="llm", **given_too)
    assert (started.returncode, started.stderr) == (2, f"{missing} must be set, because TICKETS_ENGINE is llm\n")


def test_a_model_s_key_is_in_no_output() -> None:
    started = _start(TICKETS_ENGINE="llm", TICKETS_LLM_MODEL="m", TICKETS_LLM_API_KEY="hidden")
    assert started.returncode == 0, started.stderr
    assert "hidden" not in started.stdout + started.stderr
