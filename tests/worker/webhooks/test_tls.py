from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.worker.webhooks.receivers import Handler, Serve, header, read_request
from worker.webhooks.result import SendError
from worker.webhooks.sending import Limits, Sender

NAME = "hooks.example"
LIMITS = Limits(connect=timedelta(seconds=1), read=timedelta(seconds=1), total=timedelta(seconds=2))


@dataclass(frozen=True)
class Certificate:
    """A certificate that signs itself, for one name, and its key, in one PEM file."""

    file: Path

    def server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file)
        return context

    def trusting_client(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.file))


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "hooks.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return Certificate(file)


def _loopback(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1"]


def _sender(tls: ssl.SSLContext | None) -> Sender:
    return Sender(allowed=("127.0.0.1",), resolve=_loopback, tls=tls, limits=LIMITS)


def _https(context: ssl.SSLContext, requests: list[bytes]) -> Handler:
    def handler(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            requests.append(read_request(secure))
            secure.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    return handler


def test_the_name_of_the_url_is_asked_for_and_verified_not_the_address(serve: Serve, certificate: Certificate) -> None:
    requests: list[bytes] = []
    named: list[str | None] = []
    context = certificate.server()
    context.sni_callback = lambda _connection, name, _context: named.append(name)
    port = serve(_https(context, requests))
    with contextlib.closing(_sender(certificate.trusting_client())) as sender:
        result = sender.send(f"https://{NAME}:{port}/hook", {}, b"{}")
    assert (result.status, result.error) == (200, None)
    assert named == [NAME]
    assert header(requests[0], b"host") == f"{NAME}:{port}".encode()


def test_a_certificate_of_another_name_is_refused(serve: Serve, certificate: Certificate) -> None:
    requests: list[bytes] = []
    port = serve(_https(certificate.server(), requests))
    with contextlib.closing(_sender(certificate.trusting_client())) as sender:
        result = sender.send(f"https://other.example:{port}/hook", {}, b"{}")
    assert (result.status, result.error) == (None, SendError.TLS_FAILED)
    assert requests == []


def test_a_certificate_of_an_unknown_authority_is_refused_by_default(serve: Serve, certificate: Certificate) -> None:
    requests: list[bytes] = []
    port = serve(_https(certificate.server(), requests))
    with contextlib.closing(_sender(None)) as sender:
        result = sender.send(f"https://{NAME}:{port}/hook", {}, b"{}")
    assert (result.status, result.error) == (None, SendError.TLS_FAILED)
    assert requests == []


def test_a_receiver_that_speaks_no_tls_is_refused(serve: Serve) -> None:
    port = serve(lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n"))
    with contextlib.closing(_sender(None)) as sender:
        result = sender.send(f"https://{NAME}:{port}/hook", {}, b"{}")
    assert (result.status, result.error) == (None, SendError.TLS_FAILED)


def test_a_receiver_that_asks_for_a_client_certificate_fails_as_tls(serve: Serve, certificate: Certificate) -> None:
    context = certificate.server()
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(certificate.file)
    port = serve(_https(context, []))
    with contextlib.closing(_sender(certificate.trusting_client())) as sender:
        result = sender.send(f"https://{NAME}:{port}/hook", {}, b"{}")
    assert (result.status, result.error) == (None, SendError.TLS_FAILED)


def test_a_handshake_that_never_ends_times_out(serve: Serve) -> None:
    def silent(connection: socket.socket) -> None:
        while connection.recv(65536):
            pass

    port = serve(silent)
    with contextlib.closing(_sender(None)) as sender:
        result = sender.send(f"https://{NAME}:{port}/hook", {}, b"{}")
    assert (result.status, result.error) == (None, SendError.TIMEOUT)
    assert result.duration < LIMITS.total + timedelta(seconds=1)
