"""Which bearer tokens are accepted, and whom they speak for."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import SecretStr

from config.settings import Settings, SettingsError
from tests.worker.gateway.conftest import SECRET, token
from worker.gateway.tokens import InvalidToken, Tokens, issue, tokens_of

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
P256 = ec.generate_private_key(ec.SECP256R1())

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def pem(key: Private) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def tokens(**settings: Any) -> Tokens:  # noqa: ANN401 - a setting's own type
    return tokens_of(Settings(**{"jwt_secret": SecretStr(SECRET)} | settings))


def unsigned(header: object, claims: object) -> str:
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims))
    return ".".join((*parts, ""))


@pytest.mark.parametrize(
    ("claims", "user_id"),
    [
        ({"sub": "7"}, 7),
        ({"sub": 7}, 7),
        ({"sub": "service:crm", "userId": 8}, 8),
        ({"sub": None, "userId": "9"}, 9),
        ({"exp": -5}, 7),
        ({"iat": 5, "nbf": 5}, 7),
    ],
)
def test_a_token_speaks_for_the_user_that_it_names(claims: dict[str, object], user_id: int) -> None:
    assert tokens().user_id(token(**claims)) == user_id


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": -60}, "expired"),
        ({"exp": None}, "lacks a claim"),
        ({"exp": "soon"}, "not one that is accepted"),
        ({"nbf": 600}, "not valid yet"),
        ({"iat": 600}, "not valid yet"),
        ({"aud": "somebody else"}, "another audience"),
        ({"sub": None}, "names no user"),
        ({"sub": "service:crm"}, "names no user"),
        ({"sub": "0"}, "names no user"),
        ({"sub": "-7"}, "names no user"),
        ({"userId": True}, "names no user"),
        ({"userId": 2**63}, "names no user"),
        ({"userId": [7]}, "names no user"),
        ({"userId": "crm", "sub": "7"}, "names no user"),
    ],
)
def test_a_token_with_wrong_claims_is_refused_with_its_reason(claims: dict[str, object], reason: str) -> None:
    with pytest.raises(InvalidToken, match=reason):
        tokens().user_id(token(**claims))


GOOD = {"sub": "7", "exp": int(time.time()) + 86_400}


FORGED: dict[str, str] = {
    "nothing": "",
    "no token": "not a token",
    "no JSON": "a.b.c",
    "no ASCII": "é.é.é",
    "cut": token()[:-2],
    "two tokens": f"{token()}.{token()}",
    "another secret": jwt.encode(GOOD, "another secret, which is long enough too", algorithm="HS256"),
    "another hash": jwt.encode(GOOD, SECRET, algorithm="HS384"),
    "RSA": jwt.encode(GOOD, RSA, algorithm="RS256"),
    "P-256": jwt.encode(GOOD, P256, algorithm="ES256"),
    "algorithm none": unsigned({"alg": "none"}, GOOD),
    "no signature": unsigned({"alg": "HS256"}, GOOD),
    "algorithms": unsigned({"alg": ["HS256"]}, GOOD),
    "algorithm null": unsigned({"alg": None}, GOOD),
    "no algorithm": unsigned({}, GOOD),
    "no header": unsigned([], GOOD),
}


@pytest.mark.parametrize("how", FORGED)
def test_a_token_that_our_key_did_not_sign_is_refused(how: str) -> None:
    with pytest.raises(InvalidToken, match="not one that is accepted"):
        tokens().user_id(FORGED[how])


def test_a_refusal_holds_nothing_of_the_token() -> None:
    with pytest.raises(InvalidToken) as refused:
        tokens().user_id(token(sub="mustermann@example.com"))
    assert "mustermann" not in str(refused.value)
    assert refused.value.__suppress_context__


@pytest.mark.parametrize(("private", "algorithm"), [(RSA, "RS256"), (P256, "ES256")])
def test_a_public_key_accepts_what_its_private_key_signed(private: Private, algorithm: str) -> None:
    with_key = tokens(jwt_public_key=pem(private), jwt_secret=None)
    assert with_key.user_id(jwt.encode(GOOD, private, algorithm=algorithm)) == 7


@pytest.mark.parametrize("private", [RSA, P256])
def test_with_a_public_key_alone_no_shared_secret_is_accepted(private: Private, tmp_path: Path) -> None:
    with_key = tokens(jwt_public_key=pem(private), jwt_secret=None, data_dir=tmp_path)
    with pytest.raises(InvalidToken):
        with_key.user_id(token())
    assert not list(tmp_path.iterdir())


def test_a_public_key_is_never_taken_for_a_shared_secret() -> None:
    """The classic confusion: the attacker signs with what everybody may know."""
    public = pem(RSA)
    header, claims = unsigned({"alg": "HS256", "typ": "JWT"}, GOOD).split(".")[:2]
    signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(
        f"{header}.{claims}".encode(), public.encode()
    )
    forged = f"{header}.{claims}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
    with pytest.raises(InvalidToken):
        tokens(jwt_public_key=public).user_id(forged)
    with pytest.raises(InvalidToken):
        tokens(jwt_public_key=public, jwt_secret=None).user_id(forged)


def test_a_secret_and_a_public_key_may_both_be_good() -> None:
    both = tokens(jwt_public_key=pem(RSA))
    assert both.user_id(token()) == 7
    assert both.user_id(jwt.encode(GOOD, RSA, algorithm="RS256")) == 7


@pytest.mark.parametrize("audience", ["tickets", ["tickets", "crm"]])
def test_a_token_for_our_audience_is_accepted(audience: object) -> None:
    assert tokens(jwt_audience="tickets").user_id(token(aud=audience)) == 7


@pytest.mark.parametrize("audience", [None, "crm", ["crm"], [], 7])
def test_a_token_that_does_not_name_our_audience_is_refused(audience: object) -> None:
    with pytest.raises(InvalidToken, match=r"another audience|lacks a claim"):
        tokens(jwt_audience="tickets").user_id(token(aud=audience))


@pytest.mark.parametrize(
    "text",
    [
        pem(ec.generate_private_key(ec.SECP384R1())),
        pem(ed25519.Ed25519PrivateKey.generate()),
        pem(rsa.generate_private_key(public_exponent=65537, key_size=1024)),  # noqa: S505 - weak on purpose
        "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----",
    ],
    ids=["P-384", "Ed25519", "short RSA", "cut"],
)
def test_a_public_key_of_another_kind_is_refused_at_the_start(text: str) -> None:
    with pytest.raises(SettingsError, match=r"^TICKETS_JWT_PUBLIC_KEY must be "):
        tokens(jwt_public_key=text)


@pytest.mark.parametrize("audience", [None, "tickets"])
def test_an_issued_token_is_accepted_on_the_same_settings(audience: str | None, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, jwt_audience=audience)
    assert tokens_of(settings).user_id(issue(settings, 42)) == 42


def test_no_token_is_issued_without_a_secret() -> None:
    with pytest.raises(SettingsError, match=r"^TICKETS_JWT_SECRET must be set"):
        issue(Settings(jwt_public_key=pem(P256)), 7)
