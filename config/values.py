"""How the text of one setting becomes a value: durations, lists, addresses of services."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_network
from typing import Annotated, get_args
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, PlainSerializer, SecretStr, TypeAdapter
from pydantic.fields import FieldInfo


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a setting may hold, in words that complete "must be …"; for the error line and the documentation."""

    words: str


def allowed(field: FieldInfo) -> str:
    """What a field may hold, in words that complete "must be …"."""
    for fact in field.metadata:
        if isinstance(fact, Allowed):
            return fact.words
    bounds = {end: getattr(fact, end) for fact in field.metadata for end in ("ge", "le") if hasattr(fact, end)}
    if bounds:
        return f"a whole number from {bounds['ge']} to {bounds['le']}"
    *others, last = (f"`{choice}`" for choice in get_args(field.annotation))
    return f"{', '.join(others)} or {last}"


LONGEST = timedelta(days=366)
_ISO_8601 = TypeAdapter(timedelta)


def _duration(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text.upper().startswith("P"):
        return _ISO_8601.validate_python(text.upper())
    seconds = float(text)
    if not math.isfinite(seconds) or abs(seconds) > LONGEST.total_seconds():
        raise ValueError("not a length of time")
    return timedelta(seconds=seconds)


def as_list(value: object) -> object:
    """A list as JSON or with commas; an empty text is the empty list."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text.startswith("["):
        return json.loads(text)
    return [part.strip() for part in text.split(",")] if text else []


_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.IGNORECASE)


def _host(value: object) -> str:
    """A host name, or an address or network in its usual notation."""
    text = str(value).strip().lower()
    try:
        return str(ip_network(text, strict=False)) if "/" in text or ":" in text else _name(text)
    except ValueError:
        raise ValueError("neither a host nor a network") from None


def _name(text: str) -> str:
    if len(text) > 253 or not all(_LABEL.fullmatch(label) for label in text.split(".")):  # noqa: PLR2004 - RFC 1035
        raise ValueError("not a host name")
    return text


_DATABASE = re.compile(
    r"(?P<scheme>postgres(?:ql)?(?:\+psycopg)?)://(?:[^@]*@)?(?:\[[^\]/]*\]|[^/:?@]*)(?::\d{1,5})?(?P<rest>[/?].*)?"
)
_SQLITE = re.compile(r"sqlite:///(?!:memory:)[^?]+(?:\?.*)?")


def _database_url(text: str) -> str:
    """A PostgreSQL URL gets the one driver there is; a SQLite URL must name a file that processes can share."""
    if found := _DATABASE.fullmatch(text):
        return "postgresql+psycopg" + text.removeprefix(found["scheme"])
    if not _SQLITE.fullmatch(text):
        raise ValueError("not a database URL")
    return text


_REDIS = ("redis", "rediss")
_REDIS_PATH = re.compile(r"(?:/\d*)?")


def _service_url(*schemes: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        parts = urlsplit(text)
        # `port` raises ValueError when it is no number from 0 to 65535.
        if parts.scheme not in schemes or not parts.hostname or parts.port == 0:
            raise ValueError("not such a URL")
        if parts.scheme in _REDIS and not _REDIS_PATH.fullmatch(parts.path):
            raise ValueError("not a database number")  # redis-py would silently take database 0
        return text

    return check


def _secret(check: Callable[[str], str]) -> BeforeValidator:
    """Checks the text inside: a URL may hold a password, so it is a secret from the start."""

    def validate(value: object) -> object:
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        return check(text) if isinstance(text, str) else text

    return BeforeValidator(validate)


def _seconds(value: timedelta) -> str:
    return f"{value.total_seconds():g}"


_Time = Annotated[timedelta, BeforeValidator(_duration), PlainSerializer(_seconds, when_used="json")]

Duration = Annotated[
    _Time,
    Field(ge=timedelta(milliseconds=100), le=LONGEST),
    Allowed("a duration from 0.1 seconds to 366 days, in seconds or ISO 8601 (`90` or `PT1M30S`)"),
]
Delays = Annotated[
    tuple[Annotated[_Time, Field(ge=timedelta(0), le=LONGEST)], ...],
    BeforeValidator(as_list),
    Allowed("durations of at most 366 days, comma-separated or a JSON list (`5,60,PT10M`); empty for none"),
]
Ids = Annotated[
    frozenset[Annotated[int, Field(gt=0)]],
    BeforeValidator(as_list),
    Allowed("positive ids, comma-separated or a JSON list (`4,7`)"),
]
Hosts = Annotated[
    tuple[Annotated[str, BeforeValidator(_host)], ...],
    BeforeValidator(as_list),
    Allowed("host names, addresses or networks, comma-separated or a JSON list (`crm.internal,10.0.0.0/8`)"),
]
DatabaseUrl = Annotated[
    SecretStr | None,
    _secret(_database_url),
    Allowed("a URL such as `postgresql+psycopg://user:password@host/name` or `sqlite:///tickets.db` (a file)"),
]
RedisUrl = Annotated[
    SecretStr | None,
    _secret(_service_url(*_REDIS)),
    Allowed("a URL such as `redis://:password@host:6379/0`, or `rediss://` for TLS"),
]
BrokerUrl = Annotated[
    SecretStr | None,
    _secret(_service_url(*_REDIS, "amqp", "amqps")),
    Allowed("a `redis://`, `rediss://`, `amqp://` or `amqps://` URL"),
]


def _http_url(text: object) -> object:
    """An address that holds no login, so that it may be shown."""
    if not isinstance(text, str):
        return text
    if "@" in text:
        raise ValueError("holds a login")
    return _service_url("http", "https")(text.rstrip("/"))


HttpUrl = Annotated[
    str | None, BeforeValidator(_http_url), Allowed("an `http://` or `https://` URL without user and password")
]
