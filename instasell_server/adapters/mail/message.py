"""Build the bytes of an e-mail, so that text of other people never becomes a part of one.

`EmailMessage` reads a header that it is given: it decodes RFC 2047 words, and up to Python 3.11.9
and 3.12.4 writes the line breaks that come out of them (CVE-2024-6923). A display name of
`=?utf-8?q?x=0D=0ABcc=3A...?=` was a header of its own. So no header here is ever parsed: each is
written by `_header`, whose value is plain ASCII or encoded by us, whatever Python runs it.
"""

from __future__ import annotations

import re
import unicodedata
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from instasell_client.models.text import clean
from instasell_server.ports import MailRefused, OutgoingMail

SENDER_NAME = "InstaSell"
LINE_COLUMNS = 76
ADDRESS_MAX = 254

# What separates, quotes, groups or comments in a list of addresses is in no address of ours, and
# neither is the start of an RFC 2047 word.
_SPECIAL = re.compile(r"[\s<>()\[\],;:\\\"@\x00-\x20\x7f]|=\?")
_DOMAIN = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*", re.ASCII)
_PLAIN = re.compile(r"[\x20-\x7e]*", re.ASCII)
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z-]*", re.ASCII)


def envelope_address(address: str) -> str:
    """Return an address as the mail server takes it. Raises MailRefused for anything else.

    IDNA folds full-width signs: `a@b.example，c.example` would be written with a comma, which is
    two recipients. So both parts are checked in the form that is written.
    """
    local, _, name = address.rpartition("@")
    if not local or len(address) > ADDRESS_MAX or not address.isprintable():
        raise MailRefused("the address cannot be written to")
    if _SPECIAL.search(local) or _SPECIAL.search(unicodedata.normalize("NFKC", local)):
        raise MailRefused("the address cannot be written to")
    try:
        domain = name.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise MailRefused("the address has an impossible domain") from None
    if _DOMAIN.fullmatch(domain) is None:
        raise MailRefused("the address has an impossible domain")
    return f"{local}@{domain}"


def needs_utf8(address: str) -> bool:
    """Return whether only a server with SMTPUTF8 can deliver to the address."""
    return not address.isascii()


def message_of(mail: OutgoingMail, sender: str) -> bytes:
    """Return the whole e-mail, with CRLF. Raises MailRefused for an impossible address."""
    recipient, sender = envelope_address(mail.address), envelope_address(sender)
    headers = (
        ("To", recipient),
        ("From", f"{SENDER_NAME} <{sender}>"),
        ("Subject", _encoded("Subject", " ".join(clean(mail.subject, replacement=" ").split()))),
        ("Date", format_datetime(mail.written_at)),
        ("Message-ID", f"<{mail.key}@{sender.rpartition('@')[2]}>"),
        # Nobody's holiday notice is to answer, and no answer is read.
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),
    )
    return b"".join(_header(name, value) for name, value in headers) + _bodies(mail)


def _encoded(name: str, text: str) -> str:
    """Return text of other people as ASCII that no reader takes for an encoded word of its own."""
    if _PLAIN.fullmatch(text) and "=?" not in text and len(name) + 2 + len(text) <= LINE_COLUMNS:
        return text
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return Header(whole, "utf-8", header_name=name).encode(linesep="\r\n", maxlinelen=LINE_COLUMNS)


def _header(name: str, value: str) -> bytes:
    """Write a header. A value that could end it is a mistake of ours, and stops the mail."""
    unfolded = value.replace("\r\n ", " ")
    if _HEADER_NAME.fullmatch(name) is None or not unfolded.isprintable():
        raise ValueError(f"the header {name} has a value that could end it")
    return f"{name}: {value}\r\n".encode()


def _bodies(mail: OutgoingMail) -> bytes:
    """Return the text and the page, with the headers that say so.

    Quoted-printable writes every `=` as `=3D`, so no text can hold the boundary, which has one.
    """
    message = EmailMessage(policy=SMTP)
    message.set_content(_body(mail.text), cte="quoted-printable")
    message.add_alternative(_body(mail.html), subtype="html", cte="quoted-printable")
    return message.as_bytes()


def _body(text: str) -> str:
    """Return a body whose lines end in one way, without controls."""
    return clean(text.replace("\r\n", "\n"), keep="\n\t")
