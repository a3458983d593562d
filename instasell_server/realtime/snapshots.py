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

from instasell_client.models.auctions import AuctionView
from instasell_client.models.errors import InstaSellError
from instasell_client.models.live import BoardView, JoinedAuction, YourBid
from instasell_server.db.shared_read import SharedRead
from instasell_server.domains.auctions.board_reader import AccountAuctions, BoardPage, ShownAuction
from instasell_server.domains.auctions.history import AuctionHistory
from instasell_server.ports.principal import Principal
from instasell_server.realtime.board import DEFAULT_VIEW, Board

READS_AT_ONCE = 4
BOARD_PAUSE_SECONDS = 0.25
"""Reads of the board begin so far apart: it is the dearest read, and the board ticks no faster."""

_log = structlog.get_logger("instasell.live")
_YOUR_BIDS = TypeAdapter(list[YourBid])
_NOTHING = AccountAuctions((), ())


@dataclass(frozen=True, slots=True)
class JoinSnapshot:
    """Hold the answer to a join: the data of the ack, and where the events continue.

    `data` is in parts, of which large ones are the same bytes for all who get them. `versions`
    and `seq` are those of the snapshot; for the board there is no `seq`. `own` are the auctions of
    the board that are there for the account's sake.
    """

    data: Sequence[bytes]
    versions: Mapping[str, int]
    seq: int = 0
    own: Sequence[ShownAuction] = ()


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


class _BoardWish(NamedTuple):
    view: BoardView
    user_id: str | None


class JoinReader:
    """Reads snapshots, a few at once."""

    def __init__(
        self, board: Board, history: AuctionHistory, read_view: ReadView, currency: str
    ) -> None:
        self._board = board
        self._history = history
        self._read_view = read_view
        self._currency = to_json(currency)
        self._waiting: dict[_Wanted, list[asyncio.Future[JoinAnswer]]] = {}
        self._readers: set[asyncio.Task[None]] = set()
        # Those who want the usual board do not wait for views that take long.
        self._usual_board = SharedRead(self._read_boards, pause_seconds=BOARD_PAUSE_SECONDS)
        self._other_boards = SharedRead(self._read_boards, pause_seconds=BOARD_PAUSE_SECONDS)

    def submit(
        self,
        auction_id: str,
        user_id: str | None = None,
        after_seq: int | None = None,
        view: AuctionPage | None = None,
    ) -> asyncio.Future[JoinAnswer]:
        """Ask for a snapshot of an auction; a refusal is a value, never raised."""
        answer: asyncio.Future[JoinAnswer] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(_Wanted(auction_id, user_id, after_seq, view), []).append(answer)
        if len(self._readers) < READS_AT_ONCE:
            reading = asyncio.create_task(self._read_on(), name="joins")
            self._readers.add(reading)
            reading.add_done_callback(self._readers.discard)
        return answer

    def submit_board(self, view: BoardView, user_id: str | None) -> asyncio.Future[JoinAnswer]:
        """Ask for a snapshot of a board; a refusal is a value, never raised."""
        boards = self._usual_board if view == DEFAULT_VIEW else self._other_boards
        return boards.submit(_BoardWish(view, user_id))

    async def stop(self) -> None:
        """Stop reading; no subscriber is left to get the snapshot."""
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)
        await self._usual_board.stop()
        await self._other_boards.stop()

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

    async def _read_boards(self, wishes: Sequence[_BoardWish]) -> Mapping[_BoardWish, JoinAnswer]:
        """Read boards for everybody who waits: each view once, and what concerns each account."""
        pages: dict[BoardView, BoardPage | InstaSellError] = {}
        for view in dict.fromkeys(wish.view for wish in wishes):
            try:
                pages[view] = await self._board.read(view)
            except InstaSellError as error:
                # A view that takes too long is refused alone.
                pages[view] = error
        users = list({wish.user_id for wish in wishes if wish.user_id is not None})
        # After the states, so that no position is older than the state beside it.
        own = await self._board.read_own(users) if users else {}
        now = to_json(await self._board.now())
        shown = {
            view: _ShownPage(page) for view, page in pages.items() if isinstance(page, BoardPage)
        }
        answers: dict[_BoardWish, JoinAnswer] = {}
        for wish in wishes:
            page = pages[wish.view]
            if isinstance(page, InstaSellError):
                answers[wish] = page
            else:
                mine = own.get(wish.user_id or "", _NOTHING)
                answers[wish] = self._board_answer(page, shown[wish.view], mine, now)
        return answers

    def _board_answer(
        self, page: BoardPage, shown: _ShownPage, own: AccountAuctions, now: bytes
    ) -> JoinSnapshot:
        beside = [each for each in own.auctions if each.auction_id not in shown.versions]
        states = b"".join(
            (b"," if number or page.auctions else b"") + each.state
            for number, each in enumerate(beside)
        )
        end = (
            states + b'],"window_size":' + to_json(len(page.auctions)) + b',"total":'
            + to_json(page.total) + b',"total_is_estimate":' + to_json(page.total_is_estimate)
            + b',"your_bids":' + _YOUR_BIDS.dump_json(list(own.your_bids)) + b',"currency":'
            + self._currency + b',"server_time":' + now + b"}"
        )  # fmt: skip
        versions = shown.versions
        if beside:
            versions = {**versions, **{each.auction_id: each.version for each in beside}}
        return JoinSnapshot((shown.data, end), versions, own=own.auctions)


class _ShownPage:
    """Hold a page as all who watch its view get it."""

    __slots__ = ("data", "versions")

    def __init__(self, page: BoardPage) -> None:
        self.data = b'{"auctions":[' + b",".join(each.state for each in page.auctions)
        self.versions = {each.auction_id: each.version for each in page.auctions}
