"""Letters by SMTP: a connection for each, every answer bounded by a time-out."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable

import aiosmtplib

from instasell_server.adapters.mail.message import envelope_address, message_of, needs_utf8
from instasell_server.config.settings import Settings
from instasell_server.ports import DeliveryUnknown, MailRefused, OutgoingMail, Unreachable

PERMANENT = range(500, 600)
QUIT_SECONDS = 2.0


class SmtpMail:
    """Speaks to the mail server of the settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._sender = settings.mail_from

    async def send(self, mail: OutgoingMail, hand_over: Callable[[], Awaitable[None]]) -> None:
        """Send as `Mail.send` says."""
        recipient = envelope_address(mail.address)
        content = message_of(mail, self._sender)
        client = self._client()
        try:
            await self._prepare(client, recipient)
            await hand_over()
            await _hand_in(client, content)
            # The mail is taken, whatever becomes of the good-bye.
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                await client.quit(timeout=QUIT_SECONDS)
        finally:
            client.close()

    def _client(self) -> aiosmtplib.SMTP:
        settings = self._settings
        password = settings.smtp_password
        return aiosmtplib.SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_username,
            password=password.get_secret_value() if password else None,
            # The library would ask the name service for it, and wait.
            local_hostname=self._sender.rpartition("@")[2],
            timeout=settings.smtp_timeout_seconds,
            use_tls=settings.smtp_security == "tls",
            start_tls=settings.smtp_security == "starttls",
        )

    async def _prepare(self, client: aiosmtplib.SMTP, recipient: str) -> None:
        """Do all that comes before the content; if it fails, nothing was sent."""
        try:
            await client.connect()
            options = []
            if needs_utf8(recipient):
                await client.ehlo()
                if not client.supports_extension("smtputf8"):
                    raise MailRefused("the mail server takes no such address")
                options = ["SMTPUTF8", "BODY=8BITMIME"]
            encoding = "utf-8" if options else "ascii"
            await client.mail(self._sender, options=options, encoding=encoding)
            await client.rcpt(recipient, encoding=encoding)
        except aiosmtplib.SMTPRecipientRefused as error:
            if error.code in PERMANENT:
                raise MailRefused(f"the mail server refused the recipient ({error.code})") from None
            raise Unreachable(f"the recipient cannot be reached now ({error.code})") from None
        except aiosmtplib.SMTPResponseException as error:
            raise Unreachable(f"the mail server answered {error.code}") from None
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise Unreachable(f"the mail server: {type(error).__name__}") from None


async def _hand_in(client: aiosmtplib.SMTP, content: bytes) -> None:
    try:
        await client.data(content)
    except aiosmtplib.SMTPDataError as error:
        if error.code in PERMANENT:
            raise MailRefused(f"the mail server refused the content ({error.code})") from None
        raise Unreachable(f"the mail server answered {error.code} to the content") from None
    except (aiosmtplib.SMTPException, OSError) as error:
        raise DeliveryUnknown(f"no answer to the content: {type(error).__name__}") from None
