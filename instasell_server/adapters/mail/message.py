"""A letter as the bytes of an e-mail."""

from __future__ import annotations

import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8

from instasell_server.ports import Letter, MailRefused

SENDER_NAME = "InstaSell"

# What could stand for several addresses, or end one, stands in no address of ours.
_ADDRESS = re.compile(r"(?P<local>[^\s<>()\[\],;:\\\"@\x00-\x20\x7f]+)@(?P<domain>[^\s<>@,;:\"]+)")


def envelope_address(address: str) -> str:
    """An address as the mail server is told it. Raises MailRefused for one that is none."""
    found = _ADDRESS.fullmatch(address)
    if found is None or not address.isprintable():
        raise MailRefused("the address cannot be written to")
    try:
        domain = found["domain"].encode("idna").decode("ascii")
    except UnicodeError:
        raise MailRefused("the address has an impossible domain") from None
    return f"{found['local']}@{domain}"


def needs_utf8(address: str) -> bool:
    """Whether only a server with SMTPUTF8 can deliver to the address."""
    return not address.isascii()


def message_of(letter: Letter, sender: str) -> bytes:
    """The whole e-mail, with CRLF. Raises MailRefused for an impossible address."""
    address = envelope_address(letter.address)
    local, _, domain = address.rpartition("@")
    policy = SMTPUTF8 if needs_utf8(address) else SMTP
    message = EmailMessage(policy=policy)
    try:
        message["To"] = Address(username=local, domain=domain)
    except ValueError:
        raise MailRefused("the address cannot be written to") from None
    message["From"] = Address(SENDER_NAME, addr_spec=sender)
    message["Subject"] = " ".join(letter.subject.split())
    message["Date"] = letter.written_at
    message["Message-ID"] = f"<{letter.key}@{sender.rpartition('@')[2]}>"
    # Nobody's holiday notice is to answer, and no answer is read.
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    return message.as_bytes()
