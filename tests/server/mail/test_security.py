"""STARTTLS, TLS and credentials: nothing is sent in the clear, nor to a stranger."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from instasell_server.adapters.mail.smtp import SmtpMail
from tests.server.mail.conftest import Office
from tests.support.mail_server import MailServer, mail_server

PASSWORD = "a password of the market"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that signs itself, in one file with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "mail.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


class Door:
    """Lets in who has the password, and remembers who came."""

    def __init__(self) -> None:
        self.came: list[Any] = []

    def __call__(
        self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any
    ) -> AuthResult:
        self.came.append(data)
        right = isinstance(data, LoginPassword) and data.password == PASSWORD.encode()
        return AuthResult(success=right, handled=False)


def sender(office: Office, peer: MailServer, security: str, password: str = PASSWORD) -> SmtpMail:
    given = {
        "smtp_port": peer.port,
        "smtp_security": security,
        "smtp_username": "market",
        "smtp_password": password,
    }
    settings = {**office.settings.model_dump(), **given}
    return SmtpMail(type(office.settings)(_env_file=None, **settings))


def context_of(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_mail_goes_over_tls_with_credentials(
    office: Office, certificate: Path, monkeypatch: pytest.MonkeyPatch, security: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    door, context = Door(), context_of(certificate)
    tls = (
        {"tls_context": context, "require_starttls": True, "auth_required": True}
        if security == "starttls"
        else {"ssl_context": context, "auth_require_tls": False}
    )
    with mail_server(**tls, authenticator=door) as peer:
        await office.queue()
        await office.service(sender(office, peer, security)).send_due()
        assert office.states() == [("sent", 1, None)]
        assert len(peer.letters) == 1
    assert [each.login for each in door.came] == [b"market"]


async def test_a_wrong_password_is_tried_again_and_told_nowhere(
    office: Office, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = context_of(certificate)
    with mail_server(tls_context=context, authenticator=Door(), auth_required=True) as peer:
        await office.queue()
        await office.service(sender(office, peer, "starttls", "another one")).send_due()
        assert peer.letters == []
    assert office.states() == [("queued", 1, "the mail server answered 535")]


async def test_nothing_goes_to_a_server_that_proves_nothing(
    office: Office, certificate: Path
) -> None:
    door = Door()
    with mail_server(tls_context=context_of(certificate), authenticator=door) as peer:
        await office.queue()
        await office.service(sender(office, peer, "starttls")).send_due()
        assert peer.letters == []
    assert door.came == []
    assert office.states()[0][:2] == ("queued", 1)


async def test_without_starttls_nothing_goes_in_the_clear(office: Office, peer: MailServer) -> None:
    await office.queue()
    await office.service(sender(office, peer, "starttls")).send_due()
    assert peer.letters == []
    assert office.states()[0][:2] == ("queued", 1)
