"""Snapshots for those who join, each read once for all who wait for the same.

When an auction is about to end, or a server has come back, thousands join it in one moment. Those
that wait share the next read, never one that is under way: a snapshot has to be younger than the
moment from which events are kept for its reader. Shared bytes also bound what a crowd costs: when
2,000 join at once a socket takes 16.5 KiB, and took 25.3 when each had a snapshot of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import structlog
from pydantic import TypeAdapter
from pydantic_core import to_json

from instasell_client.models.auctions import AuctionState, AuctionStatus, AuctionView
from instasell_client.models.errors import InstaSellError
from instasell_client.models.live import BOARD, JoinedAuction, YourBid
from instasell_server.db.shared_read import SharedRead
from instasell_server.domains.auctions.history import AuctionHistory
from instasell_server.ports.principal import Principal

READS_AT_ONCE = 4
BOARD_PAUSE_SECONDS = 0.25
"""Reads of the board begin so far apart: it is the dearest read, and the board ticks no faster."""

STATES_AT_A_TIME = 100
"""Between so many states the event loop gets its turn. Beside five sockets that join the board in a
loop the p99 of honest bids was 2 to 3.2 times the quiet one with 500 states at a time, 1.2 times
with 100 and 1.3 times with 50, so fewer would only cost more queries."""

_log = structlog.get_logger("instasell.live")
_OPEN = (AuctionStatus.PENDING, AuctionStatus.LIVE)
_STATES = TypeAdapter(list[AuctionState])
_YOUR_BIDS = TypeAdapter(list[YourBid])


@dataclass(frozen=True, slots=True)
class JoinSnapshot:
    """Hold the answer to a join: the data of the ack, and where the events continue.

    `data` is in parts, of which large ones are the same bytes for all who get them. `versions`
    and `seq` are those of the snapshot; for the board there is no `seq`.
    """

    data: Sequence[bytes]
    versions: Mapping[str, int]
    seq: int = 0


JoinAnswer = JoinSnapshot | InstaSellError


ReadView = Callable[[Principal | None, str], Awaitable[AuctionView]]


class AuctionPage(NamedTuple):
    """The wish for the page of an auction beside its snapshot, and who reads it."""

    reader: Principal | None


class _Wanted(NamedTuple):
    auction_id: str
    user_id: str | None
    after_seq: int | None
    view: AuctionPage | None


class JoinReader:
    """Reads snapshots, a few at once."""

    def __init__(self, history: AuctionHistory, read_view: ReadView, currency: str) -> None:
        self._history = history
        self._read_view = read_view
        self._currency = to_json(currency)
        self._waiting: dict[_Wanted, list[asyncio.Future[JoinAnswer]]] = {}
        self._readers: set[asyncio.Task[None]] = set()
        self._board = SharedRead(self._read_board, pause_seconds=BOARD_PAUSE_SECONDS)

    def submit(
        self,
        auction_id: str,
        user_id: str | None = None,
        after_seq: int | None = None,
        view: AuctionPage | None = None,
    ) -> asyncio.Future[JoinAnswer]:
        """Ask for a snapshot of an auction, or of `BOARD`; a refusal is a value, never raised."""
        if auction_id == BOARD:
            return self._board.submit(user_id)
        answer: asyncio.Future[JoinAnswer] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(_Wanted(auction_id, user_id, after_seq, view), []).append(answer)
        if len(self._readers) < READS_AT_ONCE:
            reading = asyncio.create_task(self._read_on(), name="joins")
            self._readers.add(reading)
            reading.add_done_callback(self._readers.discard)
        return answer

    async def stop(self) -> None:
        """Stop reading; no subscriber is left to get the snapshot."""
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)
        await self._board.stop()

    async def _read_on(self) -> None:
        while self._waiting:
            wanted = next(iter(self._waiting))
            asking = self._waiting.pop(wanted)
            answer = await self._read(wanted)
            for each in asking:
                if not each.done():
                    each.set_result(answer)

    async def _read(self, wanted: _Wanted) -> JoinAnswer:
        try:
            return await self._read_auction(wanted)
        except InstaSellError as error:
            return error
        except Exception:
            _log.exception("join_failed", auction_id=wanted.auction_id)
            return InstaSellError()

    async def _read_auction(self, wanted: _Wanted) -> JoinSnapshot:
        auction_id = wanted.auction_id
        found = await self._history.snapshot(auction_id, wanted.user_id, wanted.after_seq)
        state = found.state
        view = None
        if wanted.view is not None:
            view = await self._read_view(wanted.view.reader, auction_id)
        joined = JoinedAuction.model_construct(
            auction_id=auction_id,
            version=state.version,
            seq=state.seq,
            state=state,
            you=found.you,
            missed=found.missed,
            truncated=found.truncated,
            view=view,
            server_time=found.now,
        )
        return JoinSnapshot(
            [joined.model_dump_json().encode()], {auction_id: state.version}, state.seq
        )

    async def _read_board(self, user_ids: Sequence[str | None]) -> Mapping[str | None, JoinAnswer]:
        """Read the board for everybody who waits; each account's own bids are behind it."""
        ids = await self._history.open_ids()
        versions: dict[str, int] = {}
        chunks: list[bytes] = []
        for start in range(0, len(ids), STATES_AT_A_TIME):
            found = await self._history.list_states(ids[start : start + STATES_AT_A_TIME])
            # The end of one that ends meanwhile comes by its event, if at all.
            states = [each for each in found if each.status in _OPEN]
            versions |= {each.auction_id: each.version for each in states}
            if states:
                chunks.append(_STATES.dump_json(states)[1:-1])
        # After the states, so that no position is older than the state beside it.
        accounts = [user_id for user_id in user_ids if user_id is not None]
        your_bids = await self._history.open_bids(accounts) if accounts else {}
        auctions = b'{"auctions":[' + b",".join(chunks) + b'],"your_bids":'
        end = b',"currency":' + self._currency
        end += b',"server_time":' + to_json(await self._history.now()) + b"}"
        return {
            user_id: JoinSnapshot(
                (auctions, _YOUR_BIDS.dump_json(your_bids.get(user_id or "", [])) + end), versions
            )
            for user_id in user_ids
        }
