"""E-mail by SMTP, encrypted unless the site says otherwise; a password never leaves over an open line."""

import ssl
from email.message import EmailMessage
from email.utils import format_datetime

import aiosmtplib

from spc_desktop.channels import words
from spc_desktop.hub.ports import NotSentError, Parcel
from spc_desktop.settings.schema import EmailSettings

SECONDS = 20.0
"""For each step of the talk with the server."""


class EmailChannel:
    """Sends a parcel as one message.

    Args:
        settings: server, sender, encryption.
        password: of ``settings.user``.
        tls: certificates that are trusted; None: those of the system.
    """

    def __init__(self, settings: EmailSettings, password: str = "", tls: ssl.SSLContext | None = None) -> None:
        self._settings = settings
        self._password = password
        self._tls = tls
        self.pace: tuple[float, float] = float(settings.pause_s), settings.burst

    async def send(self, parcel: Parcel) -> None:
        """Send one message; see ``hub.ports.Channel``."""
        settings = self._settings
        if not parcel.address:
            raise NotSentError("no e-mail address", lasting=True)
        if settings.user and settings.security == "none":
            raise NotSentError("security = none: the password is not sent over an open line", lasting=True)
        try:
            await aiosmtplib.send(
                self._message(parcel),
                hostname=settings.host,
                port=settings.port,
                username=settings.user or None,
                password=self._password or None,
                use_tls=settings.security == "tls",
                start_tls=settings.security == "starttls",
                tls_context=(self._tls or ssl.create_default_context()) if settings.security != "none" else None,
                timeout=SECONDS,
            )
        except aiosmtplib.SMTPRecipientsRefused as refused:
            worst = max((one.code for one in refused.recipients), default=550)
            raise NotSentError(_said(refused), lasting=worst >= 500) from refused
        except aiosmtplib.SMTPAuthenticationError as refused:  # the site can mend it while the message waits
            raise NotSentError(_said(refused)) from refused
        except (aiosmtplib.SMTPDataError, aiosmtplib.SMTPSenderRefused) as refused:
            raise NotSentError(_said(refused), lasting=refused.code >= 500) from refused
        except aiosmtplib.SMTPNotSupported as refused:
            raise NotSentError(_said(refused), lasting=True) from refused
        except (aiosmtplib.SMTPException, OSError) as trouble:
            raise NotSentError(_said(trouble)) from trouble

    async def close(self) -> None:
        """Nothing stays open between messages."""

    def _message(self, parcel: Parcel) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self._settings.sender
        message["To"] = parcel.address
        message["Subject"] = words.subject(parcel)
        message["Date"] = format_datetime(parcel.sent_at)
        message["Message-ID"] = f"<{parcel.message}@{self._settings.sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(words.body(parcel))
        return message


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
