"""Everything that can be turned without touching code: typed, frozen, read from the environment once."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from datetime import timedelta
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from config.business_time import BusinessHours, OpenHours, Region
from config.kept_secret import kept_secret
from config.routing import ROUTES, TaskName
from config.values import Allowed, BrokerUrl, DatabaseUrl, Delays, Duration, Hosts, HttpUrl, Ids, RedisUrl, allowed

PREFIX = "TICKETS_"
UNPREFIXED = frozenset({"database_url", "redis_url", "broker_url", "log_format"})
WRONG_SETTINGS = 2
"""Exit code of a program that does not start because of a setting."""

LogFormat = Literal["json", "console"]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]


def _folder(given: object) -> Path:
    if not given:
        raise ValueError("empty")  # or it would mean the current folder
    return Path(str(given)).expanduser().absolute()


_PEM = re.compile(r"-----BEGIN PUBLIC KEY-----\s[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----")


def _public_key(given: object) -> object:
    if not isinstance(given, str):
        return given
    text = given.replace(r"\n", "\n").strip()  # files of variables hold one line a variable
    if not _PEM.fullmatch(text):
        raise ValueError("not a public key")
    return text


_Folder = Annotated[Path, BeforeValidator(_folder), Allowed("a folder's path")]
_TimeZone = Annotated[ZoneInfo, Allowed("a name of the IANA time zone database, such as `Europe/Berlin`")]
_Level = Annotated[LogLevel, BeforeValidator(lambda text: text.upper() if isinstance(text, str) else text)]
_Secret = Annotated[SecretStr | None, Field(min_length=1), Allowed("a text that is not empty")]
_Name = Annotated[str, Field(min_length=1, pattern=r"^[^:\s]+$"), Allowed("a name without blanks and colons")]
_Port = Annotated[int, Field(ge=1, le=65_535)]
_SigningSecret = Annotated[SecretStr | None, Field(min_length=32), Allowed("a text of at least 32 characters")]
_PublicKey = Annotated[
    str | None,
    BeforeValidator(_public_key),
    Allowed("a public key in PEM; its line breaks may be written as `\\n`"),
]
_Address = Annotated[str, Field(min_length=1, pattern=r"^\S+$"), Allowed("a host name or an IP address")]
_Switch = Annotated[bool, Allowed("`true` or `false`")]
_Model = Annotated[str | None, Field(min_length=1), Allowed("a text that is not empty")]
_Audience = Annotated[str | None, Field(min_length=1), Allowed("a text that is not empty")]


def environment_name(field: str) -> str:
    """The environment variable of a field: `DATABASE_URL`, `TICKETS_CHUNK_SIZE`."""
    return field.upper() if field in UNPREFIXED else PREFIX + field.upper()


def _log_format() -> LogFormat:
    return "console" if sys.stderr.isatty() else "json"


def _lease(given: Mapping[str, timedelta]) -> timedelta:
    """A shorter visibility timeout shortens what hangs on it, so that setting one clock is enough."""
    return min(timedelta(minutes=5), given.get("visibility_timeout", timedelta(hours=1)) / 2)


def _chunk_size(given: Mapping[str, object]) -> int:
    url = given.get("database_url")
    on_sqlite = not isinstance(url, SecretStr) or url.get_secret_value().startswith("sqlite")
    return 100 if on_sqlite else 1_000


def _deliveries_kept_days(given: Mapping[str, int]) -> int:
    return given.get("results_kept_days", 30)


def _webhook_timeout(given: Mapping[str, timedelta]) -> timedelta:
    return min(timedelta(seconds=10), given.get("lease", timedelta(minutes=5)) / 2)


class SettingsError(Exception):
    """A setting is wrong: one line that names each variable and what is allowed, without secrets."""


class Settings(BaseSettings):
    """The settings of one process. Keyword arguments, by field name, go before the environment.

    Raises pydantic's ValidationError; `load_settings` raises `SettingsError` with one readable line instead.
    """

    model_config = SettingsConfigDict(
        frozen=True,
        case_sensitive=True,
        enable_decoding=False,
        hide_input_in_errors=True,
        validate_by_name=True,
        alias_generator=environment_name,
        extra="forbid",
    )

    database_url: DatabaseUrl = Field(
        None,
        description="The database. Unset: a SQLite file in the data folder, so that a first run needs nothing.",
    )
    redis_url: RedisUrl = Field(
        None,
        description="Broker, results and locks. Unset: a private valkey-server that keeps its data in the data folder.",
    )
    broker_url: BrokerUrl = Field(
        None,
        description="The broker, when it is another than `REDIS_URL`, such as a RabbitMQ that is already there.",
    )
    log_format: LogFormat = Field(
        default_factory=_log_format,
        description="One JSON object a line for machines, or coloured lines for people.",
        json_schema_extra={"default": "`console` on a terminal, `json` otherwise"},
    )
    log_level: _Level = Field(
        "INFO",
        description="The least level of our own lines. Libraries stay at INFO or above: below it they show payloads.",
    )
    data_dir: _Folder = Field(
        default_factory=lambda: Path(__file__).resolve().parents[1] / ".data",
        description="What the embedded services and made-up passwords are kept in; nothing else is written to disk.",
        json_schema_extra={"default": "`.data` in the project's folder"},
    )
    time_zone: _TimeZone = Field(
        ZoneInfo("UTC"),
        description="Where times without a zone (`YYYY-MM-DD HH:MM:SS`) and business hours are read.",
    )
    business_hours: BusinessHours = Field(
        tuple(OpenHours(weekday, 8 * 60, 18 * 60) for weekday in range(5)),
        description="When work is done, in that time zone: a tag's `sla` and `firstResponseSla` count these hours.",
        json_schema_extra={"default": "`mon-fri 08:00-18:00`"},
    )
    holidays: Region = Field(
        None,
        description="Whose public holidays are no business days. They differ from state to state, so none is assumed.",
    )
    max_batch_items: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        10_000,
        description="The most items of one batch; a larger one is refused whole, so that no sender fills the memory.",
    )
    chunk_size: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default_factory=_chunk_size,
        description="Items saved in one transaction: large enough for set-based writing, short enough to hold locks. On"
        " SQLite, where one transaction writes at a time, a click waits for one that is under way.",
        json_schema_extra={"default": "`1000`, on SQLite `100`"},
    )
    batch_slice: Duration = Field(
        timedelta(milliseconds=250),
        description="How long a worker stays with one batch, a chunk at least, before others have their turn.",
    )
    batch_window: Annotated[int, Field(ge=1, le=100_000)] = Field(
        100,
        description="Messages of one batch (refreshes, webhooks) that are on their way at once. The rest is held back"
        " in the database, so that a large batch fills no broker.",
    )
    atomic_limit: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        10_000,
        description="The most items of an all-or-nothing batch, which is one transaction and locks all its tickets.",
    )
    max_message_bytes: Annotated[int, Field(ge=1_024, le=512 * 1024 * 1024)] = Field(
        128 * 1024 * 1024,
        description="The largest queue entry; more is moved to the dead-letter table. A full batch takes about 80 MB.",
    )
    directory_url: HttpUrl = Field(
        None,
        description="Where another system answers for customers and contracts, instead of those that `load` brought:"
        " docs/directory.md says what it is asked.",
    )
    directory_token: _Secret = Field(None, description="The bearer token for that system.")
    directory_timeout: Duration = Field(
        timedelta(seconds=10),
        description="How long that system may take to answer; later, and the refresh is tried again.",
    )
    spam_detection_tag_ids: Ids = Field(
        frozenset(),
        description="Tags that mark a ticket as spam at run time, unless a person marked it as clean.",
    )
    webhook_allowed_hosts: Hosts = Field(
        (),
        description="Where webhooks may go although the address is private; all other private addresses are refused.",
    )
    webhook_retry_delays: Delays = Field(
        tuple(timedelta(seconds=s) for s in (5, 300, 1_800, 7_200, 18_000, 28_800, 32_400)),
        description="Waits between deliveries of one webhook, then it is dead. By default a receiver has a day.",
    )
    webhook_disable_after: Duration = Field(
        timedelta(days=5),
        description="After so long without one success a failing endpoint is switched off: longer than one webhook is"
        " tried.",
    )
    webhook_patience: Duration = Field(
        timedelta(milliseconds=300),
        description="How long a worker waits for an endpoint that did not take the last webhook before it goes on with"
        " others; a later answer counts as well.",
    )
    webhook_secret_overlap: Duration = Field(
        timedelta(days=1),
        description="How long the old secret still signs after `webhook rotate`, so that receivers have time.",
    )
    webhook_digest_size: Annotated[int, Field(ge=1, le=10_000)] = Field(
        500,
        description="Events of one digest, so that no call grows without bound; a batch with more makes several calls.",
    )
    retry_delays: Delays = Field(
        tuple(timedelta(seconds=s) for s in (5, 30, 120, 600, 1_800)),
        description="Waits before work that failed for a passing reason is tried again, each jittered; then it failed.",
    )
    max_attempts: Annotated[int, Field(ge=1, le=100)] = Field(
        3,
        description="How often work may take its process down with it before it goes to the dead-letter table.",
    )
    visibility_timeout: Duration = Field(
        timedelta(hours=1),
        description="After this the broker hands an unconfirmed message to another worker. Time limits of tasks stay"
        " below it, so that nothing runs twice. The shortest one on a shared broker wins.",
    )
    lease: Duration = Field(
        default_factory=_lease,
        description="How long claimed work belongs to a worker that gives no sign of life; then another may take it.",
        json_schema_extra={"default": "`300`, at most half of `TICKETS_VISIBILITY_TIMEOUT`"},
    )
    webhook_timeout: Duration = Field(
        default_factory=_webhook_timeout,
        description="How long one delivery may take; must be shorter than the lease, or two workers send the same one.",
        json_schema_extra={"default": "`10`, at most half of `TICKETS_LEASE`"},
    )
    resend_after: Duration = Field(
        timedelta(minutes=5),
        description="After this a message whose work was not begun is sent again: a broker may lose one, the database"
        " does not.",
    )
    relay_interval: Duration = Field(
        timedelta(seconds=5),
        description="How often messages that a commit left behind are looked for; those are rare.",
    )
    reopen_interval: Duration = Field(
        timedelta(minutes=1),
        description="How often pending tickets whose `dueBy` has passed are reopened.",
    )
    overdue_interval: Duration = Field(
        timedelta(minutes=1),
        description="How often tickets whose `dueBy` has passed are announced, each once (event `ticketOverdue`).",
    )
    auto_execute_interval: Duration = Field(
        timedelta(minutes=1),
        description="How often tickets whose `autoExecuteAt` has passed are looked for.",
    )
    default_action: Literal["none", "announce"] = Field(
        "none",
        description="What executes intents of AI agents without a plug-in: nothing, or whoever asks for the event"
        " `intentExecuted`, by `announce`.",
    )
    result_expires: Duration = Field(
        timedelta(days=1),
        description="How long Celery and Flower show a task's result. The ledger in the database stays longer.",
    )
    results_kept_days: Annotated[int, Field(ge=1, le=3_650)] = Field(
        30,
        description="Days that ended batches stay with their items, ledgers and idempotency keys, ended refreshes, and"
        " which minutes of a schedule have run. A key may be used again when its batch is gone.",
    )
    deliveries_kept_days: Annotated[int, Field(ge=1, le=3_650)] = Field(
        default_factory=_deliveries_kept_days,
        description="Days that webhook events stay with their deliveries and attempts, once all of them have ended. A"
        " ledger stays as long as the webhooks that it lists.",
        json_schema_extra={"default": "that of `TICKETS_RESULTS_KEPT_DAYS`"},
    )
    history_kept_days: Annotated[int, Field(ge=1, le=36_500)] = Field(
        3_650,
        description="Days that history and worklog of tickets stay. They say who decided what, so they stay longest.",
    )
    dead_kept_days: Annotated[int, Field(ge=1, le=3_650)] = Field(
        90,
        description="Days that dead letters stay. One whose refresh or webhook is gone before can't be retried.",
    )
    clean_up_interval: Duration = Field(
        timedelta(hours=1),
        description="How often what is older than these days is removed.",
    )
    clean_up_budget: Duration = Field(
        timedelta(minutes=1),
        description="How long one removal goes on at most; the rest is left to the next, so that others have a turn.",
    )
    worker_concurrency: Annotated[int, Field(ge=1, le=1_024)] = Field(
        default_factory=lambda: (os.cpu_count() or 1) + 2,
        description="Child processes of one worker. From two on, one takes nothing but interactive batches, and from"
        " three on, another one nothing of large batches, so that what somebody waits for finds one free; the others"
        " compute, so that more of them than cores does not help.",
        json_schema_extra={"default": "the number of CPU cores, and two"},
    )
    engine: Literal["embedded", "llm"] = Field(
        "embedded",
        description="Who reads messages: rules and small models on this machine, or a language model on a server.",
    )
    llm_provider: Literal["openai", "anthropic"] = Field(
        "openai",
        description="What the model's server speaks: OpenAI's chat completions, as most servers do, or Anthropic's"
        " messages (extra `anthropic`).",
    )
    llm_base_url: HttpUrl = Field(
        None,
        description="The model's server, such as `http://localhost:11434/v1`. Unset: the provider's own.",
    )
    llm_model: _Model = Field(None, description="The model's name there. Needed with `TICKETS_ENGINE=llm`.")
    llm_api_key: _Secret = Field(
        None,
        description="The key for the model's server. Needed when `TICKETS_LLM_BASE_URL` is unset.",
    )
    llm_calls_in_flight: Annotated[int, Field(ge=1, le=256)] = Field(
        10,
        description="Calls that one process has in flight: they wait for the server, not for this machine. Messages"
        " carry 20 or 50 tickets: a number that divides these leaves none of them idle.",
    )
    llm_timeout: Duration = Field(
        timedelta(seconds=30),
        description="How long one answer may take; then it is too slow, which counts as a passing failure.",
    )
    llm_max_input_chars: Annotated[int, Field(ge=200, le=1_000_000)] = Field(
        20_000,
        description="Characters of one message that a model is shown; a longer one loses its middle.",
    )
    llm_max_output_tokens: Annotated[int, Field(ge=100, le=100_000)] = Field(
        2_000,
        description="The most tokens of one answer, so that no call costs without bound.",
    )
    llm_calls_per_task: Annotated[int, Field(ge=1, le=100_000)] = Field(
        500,
        description="The most calls for the tickets of one message on the queue; the stages beyond it fail. A full"
        " message needs 60, and as many again if every answer has to be asked for twice.",
    )
    llm_tokens_per_task: Annotated[int, Field(ge=1_000, le=1_000_000_000)] = Field(
        2_000_000,
        description="The most tokens, sent and received, for the tickets of one message on the queue; likewise.",
    )
    llm_calls_per_batch: Annotated[int, Field(ge=1, le=100_000_000)] = Field(
        60_000,
        description="The most calls for the refreshes of one batch, over all tasks, processes and attempts; the stages"
        " beyond it fail. 10,000 tickets need 30,000, and as many again if every answer has to be asked for twice.",
    )
    llm_tokens_per_batch: Annotated[int, Field(ge=10_000, le=1_000_000_000_000)] = Field(
        120_000_000,
        description="The most tokens, sent and received, for the refreshes of one batch; likewise.",
    )
    llm_fallback: _Switch = Field(
        False,
        description="Whether the embedded engine does a stage that the model cannot do or is too slow for, marked"
        " `done_by_embedded_engine`. Otherwise the stage is tried again later or failed.",
        json_schema_extra={"default": "`false`"},
    )
    flower_user: _Name = Field("admin", description="Name for Flower's login.")
    flower_password: _Secret = Field(
        None,
        description="Password for Flower's login. Unset: one is made and kept in `flower.password` in the data folder,"
        " because Flower without a login lets anyone send tasks.",
    )
    flower_port: _Port = Field(5_555, description="Port of Flower.")
    gateway_host: _Address = Field(
        "127.0.0.1",
        description="Where the gateway listens. It speaks plain HTTP: TLS belongs to a proxy in front of it.",
    )
    gateway_port: _Port = Field(8_000, description="Port of the gateway; copies on one machine share it.")
    gateway_max_body_bytes: Annotated[int, Field(ge=1_024, le=512 * 1024 * 1024)] = Field(
        100 * 1024 * 1024,
        description="The largest body that the gateway reads, so that no sender fills the memory. A full batch takes"
        " about 80 MB.",
    )
    jwt_secret: _SigningSecret = Field(
        None,
        description="The secret that bearer tokens for the gateway are signed with (HS256). Without it and without a"
        " public key, one is made and kept in `jwt.secret` in the data folder.",
    )
    jwt_public_key: _PublicKey = Field(
        None,
        description="The public key of whoever signs the bearer tokens: RSA (RS256) or P-256 (ES256). The gateway then"
        " holds nothing that could sign one.",
    )
    jwt_audience: _Audience = Field(
        None,
        description="The audience (`aud`) that tokens must name. Unset: tokens for an audience are meant for somebody"
        " else and refused.",
    )

    @model_validator(mode="after")
    def _clocks_agree(self) -> Self:
        if self.webhook_timeout >= self.lease:
            raise PydanticCustomError(
                "clocks", "TICKETS_WEBHOOK_TIMEOUT must be shorter than TICKETS_LEASE, or a webhook is sent twice"
            )
        return self

    @model_validator(mode="after")
    def _engine_is_complete(self) -> Self:
        if self.engine != "llm":
            return self
        if self.llm_model is None:
            raise PydanticCustomError("engine", "TICKETS_LLM_MODEL must be set, because TICKETS_ENGINE is llm")
        if self.llm_base_url is None and self.llm_api_key is None:
            raise PydanticCustomError(
                "engine", "TICKETS_LLM_API_KEY or TICKETS_LLM_BASE_URL must be set, because TICKETS_ENGINE is llm"
            )
        if self.llm_provider == "anthropic" and find_spec("anthropic") is None:
            raise PydanticCustomError("engine", "TICKETS_LLM_PROVIDER is anthropic: install the extra `anthropic`")
        return self

    def time_limit(self, task: TaskName) -> timedelta:
        """How long a task may run: its route's limit, and always less than the visibility timeout."""
        return min(ROUTES[task].time_limit, self.visibility_timeout * 0.8)

    def flower_login(self) -> tuple[str, SecretStr]:
        """Name and password for Flower; makes and keeps a password when none is set. Raises OSError."""
        return self.flower_user, self.flower_password or kept_secret(self.data_dir / "flower.password")

    def token_secret(self) -> SecretStr | None:
        """The secret of bearer tokens; made and kept when there is no key at all. Raises OSError."""
        if self.jwt_secret or self.jwt_public_key:
            return self.jwt_secret
        return kept_secret(self.data_dir / "jwt.secret")


def load_settings() -> Settings:
    """The settings of this process's environment. Raises SettingsError."""
    if unknown := _unknown_names(os.environ):
        raise SettingsError("; ".join(unknown))
    try:
        return Settings()
    except ValidationError as error:
        # Told in our own words: pydantic's show the value, which may be a secret.
        raise SettingsError("; ".join(_complaints(error))) from None


def settings_or_exit() -> Settings:
    """What a program calls at its start: a wrong setting is one line on stderr and exit code 2."""
    try:
        return load_settings()
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(WRONG_SETTINGS) from None


def _complaints(error: ValidationError) -> list[str]:
    """One complaint a variable, however much of a list is wrong."""
    fields = {environment_name(name): field for name, field in Settings.model_fields.items()}
    complaints: dict[str, None] = {}
    for detail in error.errors(include_url=False, include_context=False, include_input=False):
        if detail["type"] == "default_factory_not_called":
            continue  # what follows from another setting that is wrong
        name = str(detail["loc"][0]) if detail["loc"] else ""
        words = f"{name} must be {allowed(fields[name])}".replace("`", "") if name else detail["msg"]
        complaints.setdefault(words)
    return list(complaints)


def _unknown_names(environment: Mapping[str, str]) -> list[str]:
    known = [environment_name(field) for field in Settings.model_fields]
    unknown = sorted(name for name in environment if name.upper().startswith(PREFIX) and name not in known)
    return [f"{name} is not a setting{_nearest(name.upper(), known)}" for name in unknown]


def _nearest(name: str, known: list[str]) -> str:
    near = get_close_matches(name, [one for one in known if one.startswith(PREFIX)], n=1)
    return f"; did you mean {near[0]}?" if near else "; docs/settings.md lists them"
