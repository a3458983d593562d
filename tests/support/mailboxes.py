"""Read the mailbox of a server."""

from __future__ import annotations

import re
from pathlib import Path

from instasell_server.embedded.mailbox import StoredMail, read_mailbox
from tests.support.waiting import until


async def mails(box: Path, subject: str, count: int = 1) -> list[StoredMail]:
    """The letters with a subject, the newest first, once there are `count` of them."""

    def found() -> list[StoredMail]:
        return [kept for kept in read_mailbox(box) if kept.subject == subject]

    await until(lambda: len(found()) >= count)
    return found()


def token_in(kept: StoredMail) -> str:
    """The token of a letter."""
    [token] = re.findall(r"^    ([A-Za-z0-9_=-]{64})$", kept.text, re.MULTILINE)
    return str(token)
