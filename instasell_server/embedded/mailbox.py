"""Reads the mailbox of a market on one machine, for `instasell-server mail`.

No text that is read here can control a terminal.
"""

from __future__ import annotations

import email
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from email.policy import SMTPUTF8
from pathlib import Path

from instasell_client.models.text import clean

LETTER_BYTES_MAX = 1_000_000

_NAME = re.compile(r"(\d{1,19})\.eml", re.ASCII)


class NoSuchMail(Exception):
    """Report a mail that does not exist; the text says what to do."""


@dataclass(frozen=True)
class StoredMail:
    """Hold a mail of the mailbox, without what could steer a terminal."""

    number: int
    to: str
    subject: str
    date: str
    text: str

    def as_json(self) -> str:
        """Format the mail as one line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)


def read_mailbox(folder: Path, to: str | None = None) -> Iterator[StoredMail]:
    """Yield the mails of a mailbox, newest first; those to one address where `to` is given."""
    for number in numbers_in(folder):
        kept = find_letter(folder, number)
        if kept is not None and to in (None, kept.to):
            yield kept


def find_letter(folder: Path, number: int) -> StoredMail | None:
    """Find the mail of a number, or None where it has none."""
    try:
        with (folder / f"{number}.eml").open("rb") as file:
            content = file.read(LETTER_BYTES_MAX)
    except FileNotFoundError:
        return None
    message = email.message_from_bytes(content, policy=SMTPUTF8)
    body = message.get_body(("plain",))
    text = str(body.get_content()) if body is not None else ""
    to, subject, date = (clean(str(message.get(name, ""))) for name in ("To", "Subject", "Date"))
    return StoredMail(number, to, subject, date, clean(text.replace("\r\n", "\n"), keep="\n\t"))


def numbers_in(folder: Path) -> list[int]:
    """Return the numbers of the mails, the highest first."""
    if not folder.is_dir():
        return []
    found = (_NAME.fullmatch(each.name) for each in folder.iterdir())
    return sorted((int(each[1]) for each in found if each), reverse=True)


def format_list(folder: Path, to: str | None, *, as_json: bool) -> Iterator[str]:
    """Yield a line for each mail, newest first; those to one address where `to` is given."""
    for kept in read_mailbox(folder, to):
        yield kept.as_json() if as_json else _line(kept)


def format_mail(folder: Path, number: int, *, as_json: bool) -> str:
    """Format one mail as text or as JSON. Raises NoSuchMail."""
    kept = find_letter(folder, number)
    if kept is None:
        raise NoSuchMail(f"there is no mail {number}; `instasell-server mail` lists what there is")
    if as_json:
        return kept.as_json()
    head = f"To:      {kept.to}\nDate:    {kept.date}\nSubject: {kept.subject}\n"
    return f"{head}\n{kept.text.rstrip()}"


def _line(kept: StoredMail) -> str:
    return f"{kept.number}\t{kept.date}\t{kept.to}\t{kept.subject}"
