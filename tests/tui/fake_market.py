"""A market outside of time: the application with made-up answers in place of a server."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable
from enum import Enum, auto
from functools import partial
from io import BytesIO
from typing import Any, Self, TypeVar

import httpx
from PIL import Image

from instasell_client import AuctionJoined, BoardJoined, ConnectionFailed, ConnectionState
from instasell_client.http.codec import decode_reply
from instasell_client.http.token_owner import with_user_id
from instasell_client.models.live import JoinedAuction, JoinedBoard
from instasell_client.operation import Operation
from tests.tui import fixtures as shelf
from tests.tui.pilot import Screen, opened
from tests.tui.samples import NOW

T = TypeVar("T")
_ID = "([0-9a-f-]{36})"


class ServerBehaviour(Enum):
    """Name how the market behaves when it is asked."""

    ANSWERS = auto()
    HAS_NOTHING = auto()
    IS_SLOW = auto()
    FAILS = auto()


class FakeMarket:
    """Takes the place of the client's transport and of its live session."""

    def __init__(
        self, role: str = "buyer", mood: ServerBehaviour = ServerBehaviour.ANSWERS
    ) -> None:
        self.role = role
        self.mood = mood

    async def run(self, operation: Operation[T]) -> T:
        """Answer a call, as far as the mood allows it."""
        if operation.owned:
            operation = with_user_id(operation, shelf.BUYER)
        known = operation.path in ("/auth/me", "/auth/logout", "/auth/sessions")
        if self.mood is ServerBehaviour.IS_SLOW and not known:
            await asyncio.Event().wait()
        if self.mood is ServerBehaviour.FAILS and not known:
            raise ConnectionFailed("http://127.0.0.1:1 cannot be reached: connection refused")
        request = httpx.Request(operation.method, "http://127.0.0.1:1" + operation.path)
        found = self._answer(operation)
        if found is None:
            problem = {"title": "It does not exist", "status": 404, "code": "not_found"}
            headers = {"content-type": "application/problem+json"}
            return decode_reply(
                operation, httpx.Response(404, json=problem, headers=headers, request=request)
            )
        if isinstance(found, bytes):
            return decode_reply(operation, httpx.Response(200, content=found, request=request))
        return decode_reply(operation, httpx.Response(200, json=found, request=request))

    def _answer(self, operation: Operation[Any]) -> Any:
        path = operation.path
        if self.mood is ServerBehaviour.HAS_NOTHING and path not in ("/auth/me", "/categories"):
            return _nothing(path)
        for pattern, answer in _ANSWERS:
            if found := re.fullmatch(pattern, path):
                return answer(*(_number(each) for each in found.groups()))
        if path == "/auth/me":
            # Who buys may sell too, and so sees every screen but an admin's.
            return {**shelf.user(self.role), "role": "admin" if self.role == "admin" else "seller"}
        if path == "/auctions/selling":
            return shelf.selling(operation.query.get("part"))
        if path == "/admin/disputes":
            items = [shelf.dispute(number) for number in (1, 2, 3)]
            wished = operation.query.get("status")
            return _page([each for each in items if wished in (None, each["status"])])
        if path.startswith(shelf.PICTURES):
            return picture()
        return None

    # The live session ---------------------------------------------------------------------------

    def live(
        self, *, on_state: Callable[[ConnectionState], None], wait_for_server: bool
    ) -> FakeMarket:
        """The session, which is connected at once, or never."""
        assert wait_for_server
        if self.mood in (ServerBehaviour.ANSWERS, ServerBehaviour.HAS_NOTHING):
            on_state(ConnectionState.LIVE)
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *told: object) -> None:
        pass

    def board(self) -> Room:
        """The board, without a change after it."""
        auctions = shelf.STATES if self.mood is ServerBehaviour.ANSWERS else []
        snapshot = JoinedBoard(auctions=list(auctions), server_time=NOW)
        return Room(BoardJoined(snapshot) if self._speaks else None)

    def auction(self, at: str, *, after_seq: int, view: bool) -> Room:
        """One auction, with all its bids."""
        number = int(at[-12:])
        page = shelf.auction(number)
        joined = {
            **{name: page["state"][name] for name in ("auction_id", "version", "seq")},
            **{name: page[name] for name in ("state", "you", "server_time")},
            "missed": shelf.bids(number),
            "view": page if view else None,
        }
        answers = self.mood is ServerBehaviour.ANSWERS
        return Room(AuctionJoined(JoinedAuction.model_validate(joined)) if answers else None)

    def events(self) -> Room:
        """Return the events of the account: none."""
        return Room(None)

    @property
    def _speaks(self) -> bool:
        return self.mood in (ServerBehaviour.ANSWERS, ServerBehaviour.HAS_NOTHING)


class Room:
    """A feed that brings one thing, or nothing, and then is silent."""

    def __init__(self, first: object) -> None:
        self._waiting = [] if first is None else [first]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *told: object) -> None:
        pass

    async def aclose(self) -> None:
        """Leave."""

    async def batch(self) -> list[Any]:
        """Return what has come; wait for ever when that is nothing."""
        if not self._waiting:
            await asyncio.Event().wait()
        waiting, self._waiting = self._waiting, []
        return waiting

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        return (await self.batch())[0]


@contextlib.asynccontextmanager
async def open_fake_market(market: FakeMarket, **options: Any) -> AsyncIterator[Screen]:
    """The application at this market; its clock is always NOW."""

    def prepared(app: Any) -> None:
        app.feed.client._transport.run = market.run
        app.feed.client.live = market.live
        app.feed.pace = partial(asyncio.sleep, 0)
        app.auction.late_seconds = 0.0

    options.setdefault("clock", lambda: NOW)
    loaded = market.mood in (ServerBehaviour.ANSWERS, ServerBehaviour.HAS_NOTHING)
    async with opened(
        "http://127.0.0.1:1", "a-token", loaded=loaded, prepared=prepared, **options
    ) as shown:
        # Who is signed in is asked once the board is there, or has not come for a while.
        await shown.until(lambda: shown.app.feed.user is not None)
        shown.unanswered = market.mood is ServerBehaviour.IS_SLOW
        yield shown


def picture() -> bytes:
    """A picture whose colours tell its corners apart."""
    gradient = Image.linear_gradient("L")
    image = gradient.resize((160, 120))
    turned = gradient.transpose(Image.Transpose.ROTATE_90).resize((160, 120))
    coloured = Image.merge("RGB", (image, turned, image))
    file = BytesIO()
    coloured.save(file, "WEBP", lossless=True)
    return file.getvalue()


def _number(ident: str) -> int:
    digits = ident[-2:]
    return int(digits) if digits.isdigit() else 0


def _nothing(path: str) -> Any:
    if re.fullmatch(f"/wallet/{_ID}", path):
        return {**shelf.wallet(), "balance": 0, "gas_balance": 0}
    if path == "/notifications/preferences":
        # There is always something to choose.
        return shelf.preferences()
    if path == "/auctions/bidding":
        return {**shelf.bidding(), "items": []}
    if path == "/admin/analytics":
        return {**shelf.analytics(), "items": []}
    if path == "/auctions/selling":
        return {**shelf.selling("relisted"), "items": []}
    more = {"server_time": NOW.isoformat()} if path.startswith("/auctions/") else {}
    if path == "/notifications":
        more = {"unread_count": 0}
    if re.search(_ID + "$", path):
        return None
    return {"items": [], **more}


def _page(items: list[Any]) -> dict[str, Any]:
    return {"items": items, "next": None}


def _live(numbers: range) -> dict[str, Any]:
    items = [shelf.STATES[number - 1].model_dump(mode="json") for number in numbers]
    return {"items": items, "server_time": NOW.isoformat()}


_ANSWERS: tuple[tuple[str, Callable[..., Any]], ...] = (
    ("/auctions/live", lambda: _live(range(1, 8))),
    ("/auctions/watched", lambda: _live(range(1, 3))),
    ("/auctions/bidding", shelf.bidding),
    (f"/auctions/{_ID}", shelf.auction),
    (f"/auctions/{_ID}/bids", lambda number: _page(shelf.bids(number))),
    (f"/listings/{_ID}/images", shelf.images),
    ("/categories", shelf.categories),
    ("/orders", lambda: _page([shelf.order(number)["order"] for number in range(1, 7)])),
    (f"/orders/{_ID}", shelf.order),
    (f"/wallet/{_ID}", lambda _: shelf.wallet()),
    (f"/wallet/{_ID}/transactions", lambda _: _page(shelf.entries())),
    (f"/wallet/{_ID}/withdrawals", lambda _: _page([])),
    ("/disputes", lambda: _page([shelf.dispute(1)])),
    (f"/disputes/{_ID}", shelf.dispute_view),
    ("/listings", lambda: _page(shelf.listings())),
    ("/conversations", lambda: _page([shelf.conversation(1), shelf.conversation(2)])),
    (f"/conversations/{_ID}", shelf.conversation),
    (f"/conversations/{_ID}/read", shelf.conversation),
    (f"/conversations/{_ID}/messages", lambda _: _page(shelf.said())),
    ("/notifications", shelf.notices),
    ("/notifications/preferences", shelf.preferences),
    ("/admin/users", lambda: _page([shelf.user(r, n) for n, r in enumerate(_ROLES, 1)])),
    ("/admin/alerts", lambda: _page(shelf.alerts())),
    ("/admin/audit-log", lambda: _page(shelf.audit())),
    ("/admin/analytics", shelf.analytics),
    (f"/admin/orders/{_ID}", lambda n: {**shelf.order(n), "ledger": [], "messages": []}),
)
_ROLES = ("buyer", "seller", "admin")
