"""Send a bid until it is answered, over as many connections as that takes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pydantic import ValidationError

from instasell_client.errors import (
    InstaSellError,
    OutcomeUnknown,
    ProtocolError,
    StillRunning,
    Timeout,
    Unavailable,
)
from instasell_client.live.retry import RetryPolicy
from instasell_client.live.socket_connection import ConnectionLost, SocketConnection
from instasell_client.models.auctions import BidReceipt
from instasell_client.models.live import ClientEvent, LiveBid
from instasell_client.network import Observer

log = logging.getLogger("instasell_client.live")


@dataclass(slots=True)
class _Attempt:
    """Track a bid. `open`: it was sent, and no answer says whether it was accepted."""

    open: bool = False
    refused: InstaSellError | None = None


class BidSender:
    """Repeat a bid with its key, which makes the market accept it once at most."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[SocketConnection]],
        retry_policy: RetryPolicy,
        observer: Observer,
    ) -> None:
        self._connect = connect
        self._retry_policy = retry_policy
        self._observer = observer

    async def send(self, bid: LiveBid, timeout_seconds: float) -> BidReceipt:
        """Return the receipt, or raise what refused the bid; see `LiveSession.bid`."""
        attempt = _Attempt()
        try:
            async with asyncio.timeout(timeout_seconds):
                return await self._repeat(bid, attempt)
        except TimeoutError:
            if attempt.open:
                raise OutcomeUnknown(idempotency_key=bid.idempotency_key) from None
            if attempt.refused is not None:
                raise attempt.refused from None
            raise Timeout(f"not sent in {timeout_seconds:g} s; try again") from None

    async def _repeat(self, bid: LiveBid, attempt: _Attempt) -> BidReceipt:
        delays = self._retry_policy.delays()
        data = bid.model_dump(exclude_none=True)
        while True:
            connection = await self._connect()
            before, attempt.open = attempt.open, True
            try:
                answer = await connection.ask(ClientEvent.BID, data)
                receipt = BidReceipt.model_validate(answer)
                self._observer.on_change(answer)
                return receipt
            except ConnectionLost as lost:
                log.info("the bid goes out again with its key: %s", lost)
            except (OutcomeUnknown, StillRunning):
                await asyncio.sleep(next(delays))
            except Unavailable as refusal:
                attempt.open, attempt.refused = before, refusal
                await asyncio.sleep(next(delays))
            except ValidationError as error:
                raise ProtocolError("the receipt does not fit the contract") from error
