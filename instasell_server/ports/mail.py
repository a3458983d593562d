"""Letters, and who carries them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """An e-mail to one person. `number` and `key` are the same at every try; `key` is a UUID.

    `subject` is one line; nothing in the others steers a terminal.
    """

    number: int
    key: str
    address: str
    subject: str
    text: str
    html: str
    written_at: datetime


class MailRefused(Exception):
    """The mail server takes this mail neither now nor later; the text names no address."""


class DeliveryUnknown(Exception):
    """The content had left when the mail server fell silent; it may have taken the mail."""


class MailTransport(Protocol):
    """Deliver mail to users."""

    async def send(self, mail: OutgoingMail, hand_over: Callable[[], Awaitable[None]]) -> None:
        """Send a mail, and return once it is taken.

        `hand_over` is awaited before the content leaves; what it raises ends the try. A
        server that knows the mail's number already need not ask. Raises Unreachable when nothing
        was taken and a later try may do better, MailRefused, and DeliveryUnknown.
        """
        ...
