"""One POST to a receiver nobody vouches for: checked, bounded, and answered with a value.

httpcore is used without httpx: httpx logs every URL with its query, reads proxies from the environment, and takes no
network backend.
"""

from __future__ import annotations

import contextlib
import os
import re
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpcore

from worker.webhooks.addresses import AllowList
from worker.webhooks.network import (
    CheckedBackend,
    ForbiddenAddressError,
    Resolve,
    UnresolvableError,
    deadline,
    system_addresses,
)
from worker.webhooks.result import SendError, SendResult
from worker.webhooks.retry import read_retry_after
from worker.webhooks.urls import Target, parse_url

USER_AGENT = "ticket-worker"
# Common receivers hang up after five idle seconds; a request sent in that moment would be lost.
KEEP_ALIVE = timedelta(seconds=4)

_NAME = re.compile(r"[A-Za-z0-9-]+")
_VALUE = re.compile(r"[\x20-\x7e]*")
# The first that fits; what a receiver or the network can do ends in one of these.
_CODES: tuple[tuple[type[Exception], SendError], ...] = (
    (ForbiddenAddressError, SendError.FORBIDDEN_ADDRESS),
    (UnresolvableError, SendError.UNRESOLVABLE),
    (httpcore.TimeoutException, SendError.TIMEOUT),
    (httpcore.RemoteProtocolError, SendError.INVALID_ANSWER),
    (httpcore.NetworkError, SendError.CONNECTION_FAILED),
)
_FAILURES = tuple(kind for kind, _ in _CODES)
# By the first digit of the status.
_STATUS_ERRORS = {2: None, 3: SendError.REDIRECT_REFUSED}


@dataclass(frozen=True, slots=True)
class Limits:
    """How long an attempt may take and how much of an answer is read.

    `connect` bounds name lookup, connection and TLS handshake each, `read` each silence of the receiver, `total`
    everything together.
    """

    connect: timedelta = timedelta(seconds=5)
    read: timedelta = timedelta(seconds=10)
    total: timedelta = timedelta(seconds=15)
    answer_bytes: int = 65_536


DEFAULT_LIMITS = Limits()


class Sender:
    """Sends webhooks over connections that are kept alive, one pool for each process.

    Args:
        allowed: Hosts and networks that may be reached although they are not public.
        limits: Time and size.
        resolve: From host and port to addresses; the system's resolver unless handed in.
        tls: Whom to trust; by default the system's and certifi's authorities.
        now: The clock, against which a receiver's `Retry-After` date is read.

    Raises:
        ValueError: An entry of `allowed` is neither a host nor a network.
    """

    def __init__(
        self,
        *,
        allowed: Sequence[str] = (),
        limits: Limits = DEFAULT_LIMITS,
        resolve: Resolve = system_addresses,
        tls: ssl.SSLContext | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._backend = CheckedBackend(AllowList.parse(allowed), resolve)
        self._limits = limits
        self._tls = tls
        self._now = now
        # By process: two processes on one inherited socket would read each other's answers, and a lock may be held by
        # a thread that a fork left behind.
        self._pools: dict[int, httpcore.ConnectionPool] = {}
        self._locks: dict[int, threading.Lock] = {}

    def send(self, url: str, headers: Mapping[str, str], body: bytes) -> SendResult:
        """POST a JSON body; redirects are not followed.

        What the receiver does never raises. Its status decides: an answer that goes on or breaks after a 2xx was said
        is thrown away, not sent for again.

        Raises:
            ValueError: One of our own headers holds a line break or anything else but printable ASCII.
        """
        fields = _fields(headers)
        started = time.monotonic()
        try:
            target = parse_url(url)
        except ValueError:
            return SendResult(None, SendError.INVALID_URL, timedelta())
        try:
            with deadline(started + self._limits.total.total_seconds()):
                status, retry_after = self._post(target, fields, body)
        except _FAILURES as error:
            return SendResult(None, _code(error), _since(started))
        return SendResult(status, _status_error(status), _since(started), retry_after)

    def close(self) -> None:
        """Close the connections of this process; the sender stays usable."""
        if pool := self._pools.pop(os.getpid(), None):
            pool.close()

    def _post(self, target: Target, fields: Sequence[tuple[bytes, bytes]], body: bytes) -> tuple[int, float | None]:
        url = httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
        host = (b"host", target.authority.encode())
        extensions = {"timeout": self._timeouts()}
        with self._connections().stream(
            "POST", url, headers=[host, *fields], content=body, extensions=extensions
        ) as response:
            # Read to keep the connection for the next webhook. The answer counts already, so a failure changes nothing.
            with contextlib.suppress(*_FAILURES):
                self._throw_away(response)
            return response.status, self._retry_after(response)

    def _throw_away(self, response: httpcore.Response) -> None:
        size = 0
        for chunk in response.iter_stream():
            size += len(chunk)
            if size >= self._limits.answer_bytes:
                return

    def _retry_after(self, response: httpcore.Response) -> float | None:
        for name, value in response.headers:
            if name.lower() == b"retry-after":
                return read_retry_after(value.decode("latin-1"), self._now())
        return None

    def _timeouts(self) -> dict[str, float]:
        connect, read = self._limits.connect.total_seconds(), self._limits.read.total_seconds()
        return {"connect": connect, "read": read, "write": read, "pool": connect}

    def _connections(self) -> httpcore.ConnectionPool:
        """This process's own pool, made by whichever thread comes first."""
        process = os.getpid()
        if process not in self._pools:
            with self._locks.setdefault(process, threading.Lock()):
                if process not in self._pools:
                    self._leave_inherited()
                    self._pools[process] = self._new_pool()
        return self._pools[process]

    def _leave_inherited(self) -> None:
        """End this process's copies of connections alone, and ask for no lock of theirs."""
        for process in list(self._pools):
            for connection in self._pools.pop(process).connections:
                connection.close()

    def _new_pool(self) -> httpcore.ConnectionPool:
        return httpcore.ConnectionPool(
            ssl_context=self._tls or httpcore.default_ssl_context(),
            max_connections=None,  # as many as there are threads: none waits for one that hangs
            keepalive_expiry=KEEP_ALIVE.total_seconds(),
            network_backend=self._backend,
        )


def _fields(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    fields = {"content-type": "application/json", "user-agent": USER_AGENT, **headers}
    if not all(_NAME.fullmatch(name) and _VALUE.fullmatch(value) for name, value in fields.items()):
        raise ValueError("a header's name is letters, digits and dashes, its value printable ASCII")
    return [(name.encode(), value.encode()) for name, value in fields.items()]


def _code(error: Exception) -> SendError:
    # httpcore hands on the socket's own error as its argument.
    if any(isinstance(cause, ssl.SSLError) for cause in error.args):
        return SendError.TLS_FAILED
    return next(code for kind, code in _CODES if isinstance(error, kind))


def _status_error(status: int) -> SendError | None:
    return _STATUS_ERRORS.get(status // 100, SendError.HTTP_STATUS)


def _since(started: float) -> timedelta:
    return timedelta(seconds=time.monotonic() - started)
