from __future__ import annotations

import itertools
import random
import select
import socket
import struct
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import httpcore
import pytest

from tests.worker.webhooks.receivers import Handler, Serve, read_request
from worker.webhooks.addresses import AllowList
from worker.webhooks.network import CheckedBackend, deadline, system_addresses
from worker.webhooks.result import SendError
from worker.webhooks.sending import Limits, Sender

TOTAL = timedelta(seconds=0.6)
SLACK = timedelta(seconds=1)
OK = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def hasty() -> Sender:
    """A sender whose patience for silence is longer than for the whole: only the deadline ends an attempt."""
    patient = timedelta(seconds=30)
    return Sender(allowed=("127.0.0.1",), limits=Limits(connect=patient, read=patient, total=TOTAL))


def _answers(each: Iterator[bytes]) -> Handler:
    """Answer each connection with the next bytes, and close it."""

    def handler(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(next(each))

    return handler


def _answer(data: bytes) -> Handler:
    return _answers(itertools.repeat(data))


def _drip(start: bytes, drop: bytes) -> Handler:
    def handler(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(start)
        for _ in range(400):
            connection.sendall(drop)
            time.sleep(0.02)

    return handler


def _hang(connection: socket.socket) -> None:
    read_request(connection)
    connection.recv(1)


def _reset(connection: socket.socket) -> None:
    read_request(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _hang_up(connection: socket.socket) -> None:
    read_request(connection)


@pytest.mark.parametrize(
    "handler",
    [
        _hang,
        _drip(OK + b"x: ", b"a"),
        _drip(OK, b"x: a\r\n"),
        _drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["silence", "one_header", "many_headers", "informational_answers"],
)
def test_an_answer_that_never_comes_to_its_point_times_out(serve: Serve, hasty: Sender, handler: Handler) -> None:
    result = hasty.send(f"http://127.0.0.1:{serve(handler)}/", {}, b"{}")
    assert (result.status, result.error) == (None, SendError.TIMEOUT)
    assert TOTAL <= result.duration < TOTAL + SLACK


def test_silence_is_borne_for_the_read_limit_only(serve: Serve) -> None:
    limits = Limits(read=timedelta(seconds=0.3), total=timedelta(seconds=30))
    result = Sender(allowed=("127.0.0.1",), limits=limits).send(f"http://127.0.0.1:{serve(_hang)}/", {}, b"{}")
    assert result.error is SendError.TIMEOUT
    assert result.duration < timedelta(seconds=0.3) + SLACK


def test_a_receiver_that_reads_sip_by_sip_times_out(serve: Serve, hasty: Sender) -> None:
    def sip(connection: socket.socket) -> None:
        while connection.recv(65536):
            time.sleep(0.005)

    result = hasty.send(f"http://127.0.0.1:{serve(sip)}/", {}, b"x" * 30_000_000)
    assert (result.status, result.error) == (None, SendError.TIMEOUT)
    assert result.duration < TOTAL + SLACK


@pytest.mark.parametrize(
    ("head", "drop"),
    [(b"content-length: 1000000\r\n\r\n", b"x"), (b"transfer-encoding: chunked\r\n\r\n", b"1\r\nx\r\n")],
    ids=["length", "chunked"],
)
def test_a_body_that_drips_after_a_2xx_ends_at_the_deadline_as_delivered(
    serve: Serve, hasty: Sender, head: bytes, drop: bytes
) -> None:
    result = hasty.send(f"http://127.0.0.1:{serve(_drip(OK + head, drop))}/", {}, b"{}")
    assert (result.status, result.error) == (200, None)
    assert result.duration < TOTAL + SLACK


def test_of_an_endless_body_little_more_than_the_limit_is_read(serve: Serve, sender: Sender) -> None:
    sent = [0]

    def flood(connection: socket.socket) -> None:
        read_request(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        connection.sendall(OK + b"content-length: 1000000000\r\n\r\n")
        for _ in range(1_000_000):
            sent[0] += connection.send(b"x" * 1000)

    result = sender.send(f"http://127.0.0.1:{serve(flood)}/", {}, b"{}")
    assert (result.status, result.error) == (200, None)
    assert sent[0] < 20_000_000


def test_a_body_that_breaks_off_after_a_2xx_is_not_sent_again(serve: Serve, sender: Sender) -> None:
    port = serve(_answer(OK + b"content-length: 10\r\n\r\nabc"))
    assert sender.send(f"http://127.0.0.1:{port}/", {}, b"{}").error is None


@pytest.mark.parametrize(
    ("handler", "error"),
    [(_reset, SendError.CONNECTION_FAILED), (_hang_up, SendError.INVALID_ANSWER)],
    ids=["reset", "hang_up"],
)
def test_a_connection_that_ends_early_is_a_result(
    serve: Serve, sender: Sender, handler: Handler, error: SendError
) -> None:
    result = sender.send(f"http://127.0.0.1:{serve(handler)}/", {}, b"{}")
    assert (result.status, result.error) == (None, error)


def test_an_empty_write_leaves_the_news_of_a_reset_to_the_reader(serve: Serve) -> None:
    connected = threading.Event()

    def reset(connection: socket.socket) -> None:
        connected.wait(5)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with deadline(time.monotonic() + 5):
        backend = CheckedBackend(AllowList.parse(("127.0.0.1",)), system_addresses)
        stream = backend.connect_tcp("127.0.0.1", serve(reset), timeout=5, socket_options=[])
        connected.set()
        select.select([stream.get_extra_info("socket")], [], [], 5)
        stream.write(b"")
        with pytest.raises(httpcore.ReadError):
            stream.read(1)
        stream.close()


def test_a_port_where_nobody_listens_is_a_failed_connection(sender: Sender) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    result = sender.send(f"http://127.0.0.1:{port}/", {}, b"{}")
    assert (result.status, result.error) == (None, SendError.CONNECTION_FAILED)


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"\x00\x01\x02\x03\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 99 Low\r\n\r\n",
        b"HTTP/1.1 2000 High\r\n\r\n",
        OK + b"no colon\r\n\r\n",
        OK + b"content-length: -1\r\n\r\n",
        OK + b"content-length: 1\r\ncontent-length: 2\r\n\r\n",
        OK + b"transfer-encoding: nonsense\r\n\r\n",
        OK + b"x: " + b"a" * 1_000_000 + b"\r\n\r\n",
    ],
)
def test_an_answer_that_is_no_http_is_a_result(serve: Serve, sender: Sender, data: bytes) -> None:
    result = sender.send(f"http://127.0.0.1:{serve(_answer(data))}/", {}, b"{}")
    assert (result.status, result.error) in {
        (None, SendError.INVALID_ANSWER),
        (None, SendError.CONNECTION_FAILED),  # closed with bytes unread, the receiver's system sends a reset
    }


def test_a_switch_of_protocols_is_not_taken_for_success(serve: Serve, sender: Sender) -> None:
    port = serve(_answer(b"HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n\x00\x01"))
    result = sender.send(f"http://127.0.0.1:{port}/", {}, b"{}")
    assert (result.status, result.error) == (None, SendError.INVALID_ANSWER)


def test_no_mutilated_answer_raises(serve: Serve, sender: Sender) -> None:
    whole = OK + b"connection: close\r\nretry-after: 7\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    chance = random.Random(20261105)  # noqa: S311 - the same bytes in every run
    answers = []
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(chance.randrange(1, 6)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        answers.append(bytes(data[: chance.randrange(len(data) + 1)]))
    waiting = iter(answers)
    port = serve(_answers(waiting))

    results = [sender.send(f"http://127.0.0.1:{port}/", {}, b"{}") for _ in answers]

    assert next(waiting, None) is None
    assert {None, SendError.INVALID_ANSWER} <= {result.error for result in results}
    assert all(
        (result.error is None) == (result.status is not None and 200 <= result.status < 300) for result in results
    )


def test_a_broken_answer_does_not_spoil_the_next_one(serve: Serve, sender: Sender) -> None:
    whole = OK + b"connection: close\r\ncontent-length: 0\r\n\r\n"
    turns = itertools.cycle([b"garbage\r\n\r\n", whole, OK + b"content-length: 9\r\n\r\nabc", whole + whole, whole])
    port = serve(_answers(turns))
    statuses = [sender.send(f"http://127.0.0.1:{port}/", {}, b"{}").status for _ in range(5)]
    assert statuses == [None, 200, 200, 200, 200]
