"""Mail over encrypted lines: a password is given only to a server whose certificate is trusted, and never over an open line."""

import asyncio
import ssl
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from aiosmtpd.smtp import SMTP, AuthResult

from spc_desktop.app.tls import make_certificate
from spc_desktop.channels.email import EmailChannel
from spc_desktop.domain.announcement import EMAIL
from spc_desktop.domain.delivery import Delivery, DeliveryOutcome
from spc_desktop.hub.ports import NotSentError, Parcel
from spc_desktop.settings.schema import EmailSettings

HOST, PASSWORD = "127.0.0.1", "a long password"
NOW = datetime.now(UTC)


class Mailroom:
    """Keeps what it took, and every password it was given."""

    def __init__(self):
        self.mail, self.passwords = [], []

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - aiosmtpd calls it so
        self.mail.append(envelope.rcpt_tos)
        return "250 OK"

    def authenticate(self, _server, _session, _envelope, _mechanism, data):
        self.passwords.append(data.password.decode())
        right = data.password.decode() == PASSWORD
        return AuthResult(success=right, handled=right)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificate")
    cert, key = make_certificate(HOST, NOW)
    (folder / "cert.pem").write_bytes(cert)
    (folder / "key.pem").write_bytes(key)
    return folder


def server_side(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    return context


def trusting(certificate):
    return ssl.create_default_context(cafile=str(certificate / "cert.pem"))


@asynccontextmanager
async def served(room, *, tls=None, starttls=None):
    """A mail server that takes logins; encrypted from the start (``tls``), on demand (``starttls``) or not at all."""
    login = {"authenticator": room.authenticate, "auth_require_tls": starttls is not None}

    def talk():
        return SMTP(room, tls_context=starttls, require_starttls=starttls is not None, enable_SMTPUTF8=True, **login)

    server = await asyncio.get_running_loop().create_server(talk, HOST, 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


def channel(port, security, password=PASSWORD, tls=None):
    settings = EmailSettings(host=HOST, port=port, security=security, user="spc", sender="spc@example.com")
    return EmailChannel(settings, password, tls)


def parcel():
    row = Delivery(id=0, at=NOW, channel=EMAIL, outcome=DeliveryOutcome.WAITING)
    return Parcel(
        message="msg_1", recipient="kim", address="kim@example.com", language="ko", sent_at=NOW, deliveries=(row,)
    )


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_that_mail_goes_over_an_encrypted_line_with_a_login(certificate, security):
    room, server = Mailroom(), server_side(certificate)
    sides = {"starttls": server} if security == "starttls" else {"tls": server}
    async with served(room, **sides) as port:
        await channel(port, security, tls=trusting(certificate)).send(parcel())
    assert room.mail == [["kim@example.com"]]
    assert room.passwords == [PASSWORD]


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_that_a_server_whose_certificate_nobody_vouches_for_gets_no_password(certificate, security):
    room, server = Mailroom(), server_side(certificate)
    sides = {"starttls": server} if security == "starttls" else {"tls": server}
    async with served(room, **sides) as port:
        with pytest.raises(NotSentError) as caught:
            await channel(port, security).send(parcel())
    assert "certificate" in str(caught.value).lower()
    assert not caught.value.lasting  # the site can put the certificate right while the message waits
    assert room.passwords == room.mail == []


async def test_that_a_wrong_password_is_said_and_the_message_waits_for_the_right_one(certificate):
    room = Mailroom()
    async with served(room, starttls=server_side(certificate)) as port:
        with pytest.raises(NotSentError) as caught:
            await channel(port, "starttls", "old", trusting(certificate)).send(parcel())
        assert not caught.value.lasting
        assert "535" in str(caught.value)
        await channel(port, "starttls", PASSWORD, trusting(certificate)).send(parcel())
    assert room.mail == [["kim@example.com"]]


async def test_that_no_password_goes_over_an_open_line(certificate):
    room = Mailroom()
    async with served(room) as port:
        for security, why in (("starttls", "STARTTLS"), ("none", "open line")):
            with pytest.raises(NotSentError, match=why):
                await channel(port, security, tls=trusting(certificate)).send(parcel())
    assert room.passwords == room.mail == []
