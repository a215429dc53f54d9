"""Connections that go to checked addresses only and end in time, whatever a receiver or its name server does.

The check stands where the connection is made: the name is resolved once, by us, and the socket is opened to the very
addresses that were checked. So a name that changes its mind in between (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextvars import ContextVar
from ipaddress import ip_address
from threading import Thread

import httpcore
from httpcore import SOCKET_OPTION

from worker.webhooks.addresses import Address, AllowList, literal

# From a host name and a port to its addresses as text; OSError when there are none.
Resolve = Callable[[str, int], Sequence[str]]

_deadline: ContextVar[float] = ContextVar("webhook_deadline")


class ForbiddenAddressError(httpcore.ConnectError):
    """The host has an address that webhooks may not reach."""


class UnresolvableError(httpcore.ConnectError):
    """The host has no address."""


def system_addresses(host: str, port: int) -> Sequence[str]:
    """The addresses that the system's resolver gives, in its order of preference."""
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@contextlib.contextmanager
def deadline(at: float) -> Iterator[None]:
    """Everything on the network inside this block ends by then (`time.monotonic`), kept-alive connections too."""
    token = _deadline.set(at)
    try:
        yield
    finally:
        _deadline.reset(token)


def _remaining(limit: float | None) -> float:
    """Seconds that a single step may take: its own limit, or less when the deadline is nearer."""
    left = _deadline.get() - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout
    return left if limit is None else min(limit, left)


class CheckedBackend(httpcore.NetworkBackend):
    """Opens TCP connections for httpcore, to checked addresses only."""

    def __init__(self, allowed: AllowList, resolve: Resolve) -> None:
        self._allowed = allowed
        self._resolve = resolve
        self._tcp = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of a host that answers.

        Raises:
            ForbiddenAddressError: One of its addresses is forbidden, even if others are not.
            UnresolvableError: It has none.
            httpcore.ConnectError: None could be connected to.
            httpcore.TimeoutException: Not in time.
        """
        addresses = self._addresses(host, port, timeout)
        if not all(self._allowed.permits(host, address) for address in addresses):
            raise ForbiddenAddressError

        def connect(address: Address) -> httpcore.NetworkStream:
            seconds = _remaining(timeout)
            return TimedStream(self._tcp.connect_tcp(str(address), port, seconds, local_address, socket_options))

        *others, last = addresses
        for address in others:
            with contextlib.suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return connect(address)
        return connect(last)

    def _addresses(self, host: str, port: int, timeout: float | None) -> Sequence[Address]:
        if (address := literal(host)) is not None:
            return (address,)
        try:
            answers = _in_time(self._resolve, host, port, _remaining(timeout))
            addresses = tuple(ip_address(answer) for answer in answers)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout from error
        except (OSError, ValueError) as error:
            raise UnresolvableError from error
        if not addresses:
            raise UnresolvableError
        return addresses


def _in_time(resolve: Resolve, host: str, port: int, seconds: float) -> Sequence[str]:
    """Resolve in a thread that is left behind when it is late: the system's resolver knows no time limit."""
    answer: Future[Sequence[str]] = Future()

    def look_up() -> None:
        try:
            answer.set_result(resolve(host, port))
        except Exception as error:  # noqa: BLE001 - handed to the thread that waits
            answer.set_exception(error)

    Thread(target=look_up, name="webhook-resolver", daemon=True).start()
    return answer.result(seconds)


class TimedStream(httpcore.NetworkStream):
    """A stream whose every step keeps the deadline. Bytes that drip in one by one don't prolong it."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there."""
        return self._stream.read(max_bytes, _remaining(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of it. `sendall` takes its time limit for the whole, httpcore's own loop for each piece."""
        if not buffer:
            return  # even an empty write would use up the error that tells the reader of a reset
        connection: socket.socket = self._stream.get_extra_info("socket")
        try:
            connection.settimeout(_remaining(timeout))
            connection.sendall(buffer)
        except TimeoutError as error:
            raise httpcore.WriteTimeout from error
        except OSError as error:
            raise httpcore.WriteError(error) from error

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Encrypt; `server_hostname` is the name of the URL, not the address."""
        return TimedStream(self._stream.start_tls(ssl_context, server_hostname, _remaining(timeout)))

    def get_extra_info(self, info: str) -> object:
        """What httpcore asks of its streams."""
        return self._stream.get_extra_info(info)
