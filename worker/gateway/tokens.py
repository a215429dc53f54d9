"""Bearer tokens: signed JWTs that say which user sends a batch."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from config.settings import Settings, SettingsError
from worker.payload.ids import read_id
from worker.payload.wrong import Wrong

Key = str | RSAPublicKey | EllipticCurvePublicKey

LEEWAY = timedelta(seconds=10)
"""How far the clocks of two machines may differ."""

LIFETIME = timedelta(hours=1)
"""How long a token that is issued here is good for."""

_SHORTEST_RSA = 2048  # bits, RFC 7518 section 3.3

_REASONS: tuple[tuple[type[jwt.PyJWTError], str], ...] = (
    (jwt.ExpiredSignatureError, "the token has expired"),
    (jwt.ImmatureSignatureError, "the token is not valid yet"),
    (jwt.InvalidAudienceError, "the token is for another audience"),
    (jwt.MissingRequiredClaimError, "the token lacks a claim that is required"),
    (jwt.PyJWTError, "the token is not one that is accepted here"),
)
"""What is said of a token that is refused; the first class that fits counts."""


class InvalidToken(Exception):  # noqa: N818 - an answer, nothing went wrong in the program
    """A bearer token that is not accepted; the text says why and holds nothing of it."""


class Tokens:
    """Checks tokens with one pinned algorithm for each key: HS256, RS256 or ES256."""

    def __init__(self, keys: Mapping[str, Key], audience: str | None = None) -> None:
        self._keys = keys
        self._audience = audience

    def user_id(self, token: str) -> int:
        """The user that a token speaks for: its claim `userId`, or else its `sub`.

        Raises:
            InvalidToken: signature, expiry, audience or user is not as it must be.
        """
        try:
            claims = self._claims(token)
        except jwt.PyJWTError as error:
            raise InvalidToken(next(reason for kind, reason in _REASONS if isinstance(error, kind))) from None
        try:
            return read_id(claims.get("userId", claims.get("sub")))
        except Wrong:
            raise InvalidToken("the token names no user by a number, neither in `userId` nor in `sub`") from None

    def _claims(self, token: str) -> dict[str, Any]:
        # The token chooses among our keys; each is good for its own algorithm alone.
        algorithm = str(jwt.get_unverified_header(token).get("alg"))
        if algorithm not in self._keys:
            raise jwt.InvalidAlgorithmError
        return jwt.decode(
            token,
            self._keys[algorithm],
            algorithms=[algorithm],
            audience=self._audience,
            leeway=LEEWAY,
            # `sub` is checked with the user: some senders write the number as a number.
            options={"require": ["exp"], "verify_sub": False, "enforce_minimum_key_length": True},
        )


def tokens_of(settings: Settings) -> Tokens:
    """The tokens that these settings accept.

    Raises:
        SettingsError: the public key is none that tokens are signed with.
        OSError: the made-up secret cannot be kept.
    """
    keys: dict[str, Key] = {}
    if (secret := settings.token_secret()) is not None:
        keys["HS256"] = secret.get_secret_value()
    if settings.jwt_public_key is not None:
        keys |= _public_key(settings.jwt_public_key)
    return Tokens(keys, settings.jwt_audience)


def issue(settings: Settings, user_id: int) -> str:
    """A token for a user, signed with the secret and good for an hour: to try the gateway out.

    Raises:
        SettingsError: there is no secret, only a public key.
        OSError: the made-up secret cannot be kept.
    """
    if (secret := settings.token_secret()) is None:
        raise SettingsError("TICKETS_JWT_SECRET must be set to issue a token; a public key cannot sign one")
    claims: dict[str, Any] = {"sub": str(user_id), "exp": datetime.now(UTC) + LIFETIME}
    if settings.jwt_audience is not None:
        claims["aud"] = settings.jwt_audience
    return jwt.encode(claims, secret.get_secret_value(), algorithm="HS256")


def _public_key(text: str) -> dict[str, Key]:
    """The key under the one algorithm that it is good for."""
    try:
        key = load_pem_public_key(text.encode())
    except ValueError:
        key = None
    if isinstance(key, RSAPublicKey) and key.key_size >= _SHORTEST_RSA:
        return {"RS256": key}
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return {"ES256": key}
    raise SettingsError(f"TICKETS_JWT_PUBLIC_KEY must be an RSA key of at least {_SHORTEST_RSA} bits or a P-256 key")
