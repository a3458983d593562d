"""The cost of one account, one session or one socket does not grow with those that are open.

Work is counted, not timed: a subscriber notes that it was looked at, a room that it was asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from instasell_server.realtime.hub import Hub
from instasell_server.realtime.rooms import AuctionRoom
from instasell_server.realtime.small_sets import FEW, with_item, without_item
from instasell_server.realtime.subscriber import Subscriber
from instasell_server.routes import LIVE
from tests.support.servers import RunningServer

OTHERS = 10_000
ROOMS = 2_000

looked_at: set[int] = set()


class Sink(asyncio.Transport):
    """A transport of which every byte is taken at once."""

    def __init__(self) -> None:
        super().__init__()
        self.frames = 0

    def write(self, data: object) -> None:
        """Count a write."""
        self.frames += 1

    def get_write_buffer_size(self) -> int:
        """Return that nothing waits."""
        return 0

    def is_closing(self) -> bool:
        """Return that it is open."""
        return False


class Noting(Subscriber):
    """A subscriber that notes when anything of it is read."""

    __slots__ = ("ended",)

    def __init__(self) -> None:
        self.ended = 0
        super().__init__(Sink(), self._end)

    def _end(self, is_over: bool) -> None:
        self.ended += 1

    def __getattribute__(self, name: str) -> Any:
        looked_at.add(id(self))
        return super().__getattribute__(name)


def identifier(number: int) -> str:
    """The id of a user, session or auction."""
    return str(UUID(int=number))


@pytest.fixture
def hub(server: RunningServer) -> Iterator[Hub]:
    """A hub with 10,000 subscribers in 2,000 rooms."""
    found: Hub = server.app[LIVE].hub
    crowd = [Noting() for _ in range(OTHERS)]
    for number, each in enumerate(crowd):
        found.add(each)
        found.sign_in(each, identifier(number), identifier(number + OTHERS), may_read=True)
        found.start_joining(each, identifier(number % ROOMS))
    yield found
    for each in crowd:
        found.remove(each)
    assert not found._rooms
    assert not found._watchers
    looked_at.clear()


def enter(hub: Hub, user: str, session: str) -> Noting:
    """One more subscriber, signed in; what was looked at until then is forgotten."""
    subscriber = Noting()
    hub.add(subscriber)
    hub.sign_in(subscriber, user, session, may_read=True)
    looked_at.clear()
    return subscriber


async def test_a_notice_touches_the_sockets_of_its_user(hub: Hub) -> None:
    me = [enter(hub, identifier(7), identifier(90_000 + number)) for number in range(3)]
    await hub.notify_user(identifier(7), b"{}")
    # The crowd has one socket of this user, too.
    assert len(looked_at) == 4
    assert {id(each) for each in me} <= looked_at
    for each in me:
        hub.remove(each)


async def test_the_end_of_a_session_touches_the_sockets_of_that_session(hub: Hub) -> None:
    me = [enter(hub, identifier(70_000), identifier(90_000)) for _ in range(FEW + 2)]
    await hub.close_sessions([identifier(90_000), identifier(99_999)])
    assert looked_at == {id(each) for each in me}
    assert [each.ended for each in me] == [1] * len(me)
    looked_at.clear()
    await hub.reopen_sessions([identifier(90_000)])
    assert looked_at == {id(each) for each in me}
    for each in me:
        hub.remove(each)
    looked_at.clear()
    await hub.close_sessions([identifier(90_000)])
    assert not looked_at


async def test_a_socket_that_signs_in_again_is_found_by_its_new_session_alone(hub: Hub) -> None:
    me = enter(hub, identifier(70_000), identifier(90_000))
    hub.sign_in(me, identifier(70_001), identifier(90_001), may_read=False)
    looked_at.clear()
    await hub.close_sessions([identifier(90_000)])
    for user in (70_000, 70_001):
        # The second account's token may bid and not read.
        await hub.notify_user(identifier(user), b"{}")
    assert not looked_at
    await hub.close_sessions([identifier(90_001)])
    assert me.ended == 1
    hub.remove(me)


async def test_a_socket_that_goes_touches_its_rooms_alone(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    me = enter(hub, identifier(70_000), identifier(90_000))
    mine = [identifier(number) for number in (5, 6, ROOMS + 1)]
    for auction_id in mine:
        hub.start_joining(me, auction_id)
    asked: list[str] = []
    contains = AuctionRoom.__contains__

    def note(room: AuctionRoom, subscriber: Subscriber) -> bool:
        asked.append(room.auction_id)
        return contains(room, subscriber)

    monkeypatch.setattr(AuctionRoom, "__contains__", note)
    looked_at.clear()
    hub.remove(me)
    assert sorted(asked) == mine
    assert looked_at == {id(me)}
    assert not me.rooms
    assert identifier(ROOMS + 1) not in hub._rooms


def test_a_small_set_is_a_set_however_many_it_holds() -> None:
    items: Any = ()
    for count in range(1, FEW * 3):
        items = with_item(with_item(items, str(count)), str(count))
        assert sorted(items, key=int) == [str(each) for each in range(1, count + 1)]
    for count in range(1, FEW * 3):
        items = without_item(without_item(items, str(count)), str(count))
        assert len(items) == FEW * 3 - 1 - count
    assert not items
