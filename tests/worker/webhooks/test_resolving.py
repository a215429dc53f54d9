from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from tests.worker.webhooks.receivers import Serve, header, read_request
from worker.webhooks.result import SendError
from worker.webhooks.sending import Limits, Sender

LIMITS = Limits(connect=timedelta(seconds=0.5), read=timedelta(seconds=2), total=timedelta(seconds=3))
SLACK = timedelta(seconds=1)
CLOSING = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
STAYING = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


class Names:
    """A name server that gives one list of addresses after the other, the last for ever, and counts."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, int]] = []

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        return self.answers[min(len(self.asked), len(self.answers)) - 1]


class Receiver:
    """Answers every request and keeps it."""

    def __init__(self, answer: bytes = CLOSING) -> None:
        self.answer = answer
        self.requests: list[bytes] = []
        self.connections = 0

    def __call__(self, connection: socket.socket) -> None:
        self.connections += 1
        while request := read_request(connection):
            self.requests.append(request)
            connection.sendall(self.answer)
            if self.answer is CLOSING:
                return


def test_the_connection_goes_to_the_address_that_was_checked(serve: Serve) -> None:
    outside, inside = Receiver(), Receiver()
    port = serve(outside)
    serve(inside, "127.0.0.2", port)
    names = Names(["127.0.0.1"], ["127.0.0.2"])
    with contextlib.closing(Sender(allowed=("127.0.0.1",), resolve=names, limits=LIMITS)) as sender:
        first = sender.send(f"http://hooks.example:{port}/a", {}, b"{}")
        assert names.asked == [("hooks.example", port)]
        second = sender.send(f"http://hooks.example:{port}/b", {}, b"{}")

    assert (first.status, first.error) == (200, None)
    assert (second.status, second.error) == (None, SendError.FORBIDDEN_ADDRESS)
    assert header(outside.requests[0], b"host") == b"hooks.example:%d" % port
    assert (len(outside.requests), inside.connections) == (1, 0)


def test_a_connection_that_is_kept_alive_stays_with_its_checked_address(serve: Serve) -> None:
    outside = Receiver(STAYING)
    port = serve(outside)
    names = Names(["127.0.0.1"], ["127.0.0.2"])
    with contextlib.closing(Sender(allowed=("127.0.0.1",), resolve=names, limits=LIMITS)) as sender:
        results = [sender.send(f"http://hooks.example:{port}/", {}, b"{}") for _ in range(3)]
    assert [result.status for result in results] == [200, 200, 200]
    assert (len(names.asked), outside.connections, len(outside.requests)) == (1, 1, 3)


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.2"],
        ["169.254.169.254"],
        ["::1"],
        ["::ffff:127.0.0.2"],
        ["64:ff9b::7f00:2"],
        ["2002:7f00:2::"],
        ["fe80::1%lo"],
        ["127.0.0.1", "127.0.0.2"],
        ["127.0.0.2", "127.0.0.1"],
    ],
)
def test_one_forbidden_address_of_a_name_is_enough_to_refuse_it(serve: Serve, addresses: list[str]) -> None:
    allowed_one, forbidden_one = Receiver(), Receiver()
    port = serve(allowed_one)
    serve(forbidden_one, "127.0.0.2", port)
    with contextlib.closing(Sender(allowed=("127.0.0.1",), resolve=Names(addresses), limits=LIMITS)) as sender:
        result = sender.send(f"http://hooks.example:{port}/", {}, b"{}")
    assert (result.status, result.error) == (None, SendError.FORBIDDEN_ADDRESS)
    assert (allowed_one.connections, forbidden_one.connections) == (0, 0)


@pytest.mark.parametrize("allowed", ["hooks.example", "127.0.0.0/8"])
def test_an_allowed_name_or_network_is_reached(serve: Serve, allowed: str) -> None:
    receiver = Receiver()
    port = serve(receiver)
    with contextlib.closing(Sender(allowed=(allowed,), resolve=Names(["127.0.0.1"]), limits=LIMITS)) as sender:
        assert sender.send(f"http://Hooks.Example.:{port}/", {}, b"{}").status == 200


def test_an_ipv6_address_is_named_in_brackets(serve: Serve) -> None:
    receiver = Receiver()
    port = serve(receiver)
    with contextlib.closing(Sender(allowed=("127.0.0.1",), limits=LIMITS)) as sender:
        result = sender.send(f"http://[::ffff:7f00:1]:{port}/", {}, b"{}")
    assert result.status == 200
    assert header(receiver.requests[0], b"host").startswith(b"[::ffff:")


def test_the_next_address_is_tried_when_one_does_not_answer(serve: Serve) -> None:
    receiver = Receiver()
    port = serve(receiver, "127.0.0.2")
    names = Names(["127.0.0.1", "127.0.0.2"])
    with contextlib.closing(Sender(allowed=("127.0.0.0/8",), resolve=names, limits=LIMITS)) as sender:
        assert sender.send(f"http://hooks.example:{port}/", {}, b"{}").status == 200


def _unknown(_host: str, _port: int) -> Sequence[str]:
    raise socket.gaierror(socket.EAI_NONAME, "no such name")


def _unspeakable(host: str, _port: int) -> Sequence[str]:
    raise UnicodeEncodeError("idna", host, 0, 1, "label too long")


@pytest.mark.parametrize("resolve", [_unknown, _unspeakable, Names([]), Names(["no address"])])
def test_a_name_without_an_address_is_unresolvable(resolve: Callable[[str, int], Sequence[str]]) -> None:
    with contextlib.closing(Sender(resolve=resolve)) as sender:
        result = sender.send("http://hooks.example/", {}, b"{}")
    assert (result.status, result.error) == (None, SendError.UNRESOLVABLE)


def test_a_name_that_the_system_does_not_know_is_unresolvable() -> None:
    with contextlib.closing(Sender()) as sender:
        assert sender.send("http://nowhere.invalid/", {}, b"{}").error is SendError.UNRESOLVABLE


def test_a_slow_name_server_cannot_hold_an_attempt() -> None:
    def slow(_host: str, _port: int) -> Sequence[str]:
        time.sleep(3)
        return ["127.0.0.1"]

    with contextlib.closing(Sender(resolve=slow, limits=LIMITS)) as sender:
        result = sender.send("http://hooks.example/", {}, b"{}")
    assert (result.status, result.error) == (None, SendError.TIMEOUT)
    assert result.duration < LIMITS.connect + SLACK


def test_many_silent_addresses_cannot_stretch_an_attempt() -> None:
    limits = Limits(connect=timedelta(seconds=0.3), total=timedelta(seconds=1))
    with contextlib.ExitStack() as stack:
        # A listener whose queue is full leaves every further connection without an answer.
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        port = full.getsockname()[1]
        for _ in range(4):
            one = stack.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        sender = stack.enter_context(
            contextlib.closing(Sender(allowed=("127.0.0.1",), resolve=Names(["127.0.0.1"] * 50), limits=limits))
        )
        result = sender.send(f"http://hooks.example:{port}/", {}, b"{}")
    assert (result.status, result.error) == (None, SendError.TIMEOUT)
    assert result.duration < limits.total + SLACK
