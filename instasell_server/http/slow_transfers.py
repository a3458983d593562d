"""Limit how slow a caller may be: to a stall of some seconds, and on the whole to a least rate.

Without it, 500 sockets that stopped in the middle of a webhook stayed for ever, and 30 uploads that
never ended held 300 MB. A deadline for the whole transfer alone would not do: it has to be long
enough for an honest caller on a slow line, and then holds a silent one for as long.
"""

from __future__ import annotations

import asyncio
from enum import Enum

from aiohttp import web

from instasell_server.http.connections import ConnectionLimits

BODY_SECONDS_MAX = 300.0
"""For the body of any other request, however steadily it comes."""

STREAM_SECONDS_MAX = 3600.0
"""For a bulk upload, whose rows are worked on while they come in."""


class TransferRate:
    """Keep a credit of seconds that time spends and bytes earn back.

    A caller may stand still for `stall_seconds`, at any time and however much has passed before;
    otherwise one that sent 100 MB could then sit on its connection for a day.
    """

    __slots__ = ("_credit", "_limits")

    def __init__(self, limits: ConnectionLimits) -> None:
        self._limits = limits
        self._credit = limits.stall_seconds

    def spend(self, seconds: float, moved_bytes: int) -> bool:
        """Account for `seconds` in which `moved_bytes` passed; False when that is too slow."""
        earned = moved_bytes / self._limits.bytes_per_second
        self._credit = min(self._limits.stall_seconds, self._credit - seconds + earned)
        return self._credit > 0

    def reset(self) -> None:
        """Begin again, as for another transfer."""
        self._credit = self._limits.stall_seconds


class SlowTransfer(Enum):
    """In what a caller is too slow."""

    SENDING = "slow_body"
    READING = "slow_reader"


class TransferWatch:
    """Measures the body that a caller sends, and the answer that it reads."""

    __slots__ = (
        "_body_left",
        "_received",
        "_receiving",
        "_request",
        "_sending",
        "_sent",
        "_unsent",
    )

    def __init__(self, limits: ConnectionLimits) -> None:
        self._receiving = TransferRate(limits)
        self._sending = TransferRate(limits)
        self._request: web.BaseRequest | None = None
        self._received = 0
        self._sent = 0
        self._unsent = 0
        self._body_left = BODY_SECONDS_MAX

    def allow_stream(self) -> None:
        """Give the body of the current request the time of a stream."""
        self._body_left = STREAM_SECONDS_MAX

    def look(
        self,
        request: web.BaseRequest | None,
        transport: asyncio.WriteTransport,
        *,
        seconds: float,
        paused: bool,
    ) -> SlowTransfer | None:
        """Account for `seconds` that have passed.

        Args:
            request: The request in work; None between two, when an answer may still be unread.
            transport: Where answers wait for their reader.
            seconds: How long ago the last look was.
            paused: Whether it is the server that does not read on.
        """
        if request is not self._request:
            self._begin(request)
        # What the kernel took is what the buffer lost, and what was written into it meanwhile.
        before, self._unsent = self._unsent, transport.get_write_buffer_size()
        moved = before - self._unsent
        if request is not None:
            sent, self._sent = self._sent, request.writer.output_size
            moved += self._sent - sent
        if not self._unsent:
            self._sending.reset()
        # An answer that came into the buffer since makes it grow, and says nothing of a reader.
        elif not self._sending.spend(seconds, max(0, moved)):
            return SlowTransfer.READING
        if request is None or request.content.is_eof():
            return None
        return self._look_at_body(request, seconds, paused)

    def _begin(self, request: web.BaseRequest | None) -> None:
        self._request = request
        self._received = self._sent = 0
        self._receiving.reset()
        if request is not None:
            self._sending.reset()
            self._body_left = max(self._body_left, BODY_SECONDS_MAX)
        else:
            self._body_left = 0.0

    def _look_at_body(
        self, request: web.BaseRequest, seconds: float, paused: bool
    ) -> SlowTransfer | None:
        before, self._received = self._received, request.content.total_bytes
        self._body_left -= seconds
        if paused:
            # The server is the one that does not read, so the caller is not to blame.
            self._receiving.reset()
        elif not self._receiving.spend(seconds, self._received - before):
            return SlowTransfer.SENDING
        return SlowTransfer.SENDING if self._body_left <= 0 else None
