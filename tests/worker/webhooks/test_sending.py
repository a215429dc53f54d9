from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from pytest_httpserver import HTTPServer
from standardwebhooks import Webhook
from werkzeug import Request, Response

from worker.webhooks.body import encode, ticket_updated
from worker.webhooks.result import SendError
from worker.webhooks.sending import Sender
from worker.webhooks.signing import signed_headers

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW = datetime(2026, 11, 5, 10, 0, tzinfo=UTC)


def test_a_receiver_gets_the_exact_bytes_and_can_verify_them(httpserver: HTTPServer, sender: Sender) -> None:
    httpserver.expect_request("/hook", method="POST", query_string="a=b").respond_with_data("", status=204)
    body = encode(ticket_updated(7, 3, "b-1", {"subject": "Zählerstand"}, {"subject": None}, "2026-11-05T10:00:00Z"))
    headers = signed_headers("msg-1", datetime.now(UTC), body, SecretStr(SECRET))

    result = sender.send(httpserver.url_for("/hook?a=b"), headers, body)

    assert (result.status, result.error) == (204, None)
    assert timedelta() < result.duration < timedelta(seconds=2)
    request, _ = httpserver.log[0]
    assert request.data == body
    assert request.headers["content-type"] == "application/json"
    assert request.host == f"{httpserver.host}:{httpserver.port}"
    assert Webhook(SECRET).verify(request.data, dict(request.headers))["ticketId"] == 7


@pytest.mark.parametrize("status", [400, 404, 410, 429, 500, 503])
def test_a_status_of_failure_is_told_with_its_number(httpserver: HTTPServer, sender: Sender, status: int) -> None:
    httpserver.expect_request("/hook").respond_with_data("no", status=status)
    result = sender.send(httpserver.url_for("/hook"), {}, b"{}")
    assert (result.status, result.error) == (status, SendError.HTTP_STATUS)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(httpserver: HTTPServer, sender: Sender, status: int) -> None:
    httpserver.expect_request("/hook").respond_with_data("", status, {"Location": httpserver.url_for("/elsewhere")})
    httpserver.expect_request("/elsewhere").respond_with_data("")

    result = sender.send(httpserver.url_for("/hook"), {}, b"{}")

    assert (result.status, result.error) == (status, SendError.REDIRECT_REFUSED)
    assert [request.path for request, _ in httpserver.log] == ["/hook"]


@pytest.mark.parametrize(("asked", "seconds"), [("7", 7.0), ("Thu, 05 Nov 2026 10:01:30 GMT", 90.0), ("soon", None)])
def test_a_receivers_wish_to_wait_is_handed_on(httpserver: HTTPServer, asked: str, seconds: float | None) -> None:
    httpserver.expect_request("/hook").respond_with_data("", 429, {"Retry-After": asked})
    with contextlib.closing(Sender(allowed=("localhost",), now=lambda: NOW)) as one:
        assert one.send(httpserver.url_for("/hook"), {}, b"{}").retry_after == seconds


def test_an_address_that_is_not_allowed_is_never_connected_to(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/hook").respond_with_data("")
    with contextlib.closing(Sender(allowed=("10.0.0.0/8", "erp.internal"))) as one:
        for host in ("localhost", "127.0.0.1", "[::ffff:127.0.0.1]", "LOCALHOST."):
            result = one.send(f"http://{host}:{httpserver.port}/hook", {}, b"{}")
            assert (result.status, result.error) == (None, SendError.FORBIDDEN_ADDRESS)
    assert httpserver.log == []


def test_a_proxy_in_the_environment_is_not_used(
    httpserver: HTTPServer, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    httpserver.expect_request("/hook").respond_with_data("")
    assert sender.send(httpserver.url_for("/hook"), {}, b"{}").status == 200


def test_a_receiver_cannot_leave_a_cookie(httpserver: HTTPServer, sender: Sender) -> None:
    httpserver.expect_request("/hook").respond_with_data("", headers={"Set-Cookie": "track=1; Path=/"})
    for _ in range(2):
        sender.send(httpserver.url_for("/hook"), {}, b"{}")
    assert ["Cookie" in request.headers for request, _ in httpserver.log] == [False, False]


@pytest.mark.parametrize(
    "headers",
    [
        {"webhook-id": "a\r\nx-evil: 1"},
        {"webhook-id": "a\nb"},
        {"webhook-id": "a\x00b"},
        {"webhook-id": "ä"},
        {"x\r\ny": "a"},
        {"x y": "a"},
        {"": "a"},
    ],
)
def test_a_header_that_would_break_the_request_is_refused(sender: Sender, headers: Mapping[str, str]) -> None:
    with pytest.raises(ValueError, match="a header's name"):
        sender.send("http://127.0.0.1:9/", headers, b"{}")


@pytest.mark.parametrize("url", ["", "ftp://hooks.example/", "http://2130706433/", "http://a\r\nb/", "http://u@h/"])
def test_an_impossible_url_is_a_result_and_no_exception(sender: Sender, url: str) -> None:
    result = sender.send(url, {}, b"{}")
    assert (result.status, result.error) == (None, SendError.INVALID_URL)


@settings(deadline=None)
@given(st.text(max_size=30), st.sampled_from(["", "http://", "https://"]))
def test_whatever_a_url_says_nothing_is_raised(text: str, scheme: str) -> None:
    def nowhere(_host: str, _port: int) -> list[str]:
        return []

    with contextlib.closing(Sender(resolve=nowhere)) as one:
        assert one.send(scheme + text, {}, b"{}").status is None


def test_no_log_line_holds_the_query_or_the_body(
    httpserver: HTTPServer, sender: Sender, caplog: pytest.LogCaptureFixture
) -> None:
    httpserver.expect_request("/hook").respond_with_data("")
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, logger="httpcore"):
        sender.send(httpserver.url_for("/hook?token=s3cr3t"), {}, b'{"iban":"DE89370400440532013000"}')
    ours = [record.getMessage() for record in caplog.records if record.name.partition(".")[0] in {"httpcore", "worker"}]
    assert ours
    assert not [line for line in ours if "s3cr3t" in line or "DE89" in line]


def test_a_large_event_arrives_whole(httpserver: HTTPServer, sender: Sender) -> None:
    def size(request: Request) -> Response:
        return Response(status=200 if len(request.data) == 5_000_000 else 400)

    httpserver.expect_request("/hook").respond_with_handler(size)
    assert sender.send(httpserver.url_for("/hook"), {}, b"x" * 5_000_000).status == 200
