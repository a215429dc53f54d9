from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import SecretStr
from standardwebhooks import Webhook, WebhookVerificationError

from worker.webhooks.signing import check_secret, signed_headers

OLD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NEW = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER = "whsec_" + base64.b64encode(bytes(range(1, 33))).decode()
BODY = '{"subject":"Zählerstand"}'.encode()


def test_a_receiver_verifies_the_signature_with_its_own_library() -> None:
    headers = signed_headers("msg-1", datetime.now(UTC), BODY, SecretStr(OLD))
    assert set(headers) == {"webhook-id", "webhook-timestamp", "webhook-signature"}
    assert Webhook(OLD).verify(BODY, headers) == {"subject": "Zählerstand"}


def test_the_specification_s_published_example_is_reproduced() -> None:
    headers = signed_headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        datetime.fromtimestamp(1614265330, UTC),
        b'{"test": 2432232314}',
        SecretStr(OLD),
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-timestamp"] == "1614265330"


@pytest.mark.parametrize("held", [OLD, NEW])
def test_while_a_secret_is_changed_either_one_verifies(held: str) -> None:
    headers = signed_headers("msg-1", datetime.now(UTC), BODY, (SecretStr(NEW), SecretStr(OLD)))
    assert len(headers["webhook-signature"].split(" ")) == 2
    Webhook(held).verify(BODY, headers)


@pytest.mark.parametrize(
    ("secret", "body", "message_id"),
    [(OTHER, BODY, "msg-1"), (OLD, BODY + b" ", "msg-1"), (OLD, BODY, "msg-2")],
)
def test_another_secret_body_or_id_does_not_verify(secret: str, body: bytes, message_id: str) -> None:
    headers = signed_headers("msg-1", datetime.now(UTC), BODY, SecretStr(OLD)) | {"webhook-id": message_id}
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body, headers)


def test_a_time_in_another_zone_is_signed_as_the_same_moment() -> None:
    here = datetime.now(timezone(timedelta(hours=2)))
    headers = signed_headers("msg-1", here, BODY, SecretStr(OLD))
    assert headers == signed_headers("msg-1", here.astimezone(UTC), BODY, SecretStr(OLD))
    Webhook(OLD).verify(BODY, headers)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        signed_headers("msg-1", datetime(2026, 11, 5), BODY, SecretStr(OLD))  # noqa: DTZ001 - the point of the test


def test_nothing_is_signed_without_a_secret() -> None:
    with pytest.raises(ValueError, match="at least one secret"):
        signed_headers("msg-1", datetime.now(UTC), BODY, ())


@pytest.mark.parametrize("secret", [OLD, NEW, "whsec_" + base64.b64encode(b"a" * 25).decode().rstrip("=")])
def test_a_secret_with_or_without_padding_is_accepted_and_verifies(secret: str) -> None:
    check_secret(secret)
    check_secret(SecretStr(secret))
    Webhook(secret).verify(BODY, signed_headers("msg-1", datetime.now(UTC), BODY, SecretStr(secret)))


@pytest.mark.parametrize(
    ("secret", "message"),
    [
        ("", "starts with whsec_"),
        ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "starts with whsec_"),
        ("WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "starts with whsec_"),
        ("whsec_", "at least one byte"),
        ("whsec_====", "at least one byte"),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaL", "base64"),
        ("whsec_MfKQ9r8GKYqrTwjUPD8I-_ZIo2LaLaSw", "base64"),
        ("whsec_MfKQ9r8GKYqr TwjUPD8ILPZIo2LaLaSw", "base64"),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", "base64"),
        ("whsec_Zählerstand", "base64"),
    ],
)
def test_a_malformed_secret_is_refused_without_being_repeated(secret: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as refusal:
        check_secret(SecretStr(secret))
    assert "MfKQ" not in str(refusal.value)
    with pytest.raises(ValueError, match=message):
        signed_headers("msg-1", datetime.now(UTC), BODY, SecretStr(secret))
