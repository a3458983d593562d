"""The live session: every change once and in order, whatever happens to the connection."""

from __future__ import annotations

import asyncio
import gc
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from instasell_client import (
    AuctionNotFound,
    BidTooLow,
    ConnectionFailed,
    ConnectionState,
    Invalid,
    LiveSession,
    NotAnInstaSellServer,
    OutcomeUnknown,
    ProtocolError,
    Timeout,
    Unauthenticated,
    Unavailable,
)
from instasell_client.live import (
    AuctionChange,
    AuctionEvent,
    AuctionFeed,
    AuctionJoined,
    BidsPlaced,
    BoardFeed,
    BoardJoined,
    RetryPolicy,
    apply_change,
)
from instasell_client.live.feeds import OVER_KEPT_MAX
from instasell_client.models.auctions import LiveSort
from instasell_client.models.live import AuctionChanged, BoardView
from tests.client import samples
from tests.client.live_peer import LivePeer, live_serving
from tests.client.samples import AUCTION, OTHER

QUICK = RetryPolicy(answer=5.0, ping_every=60.0, backoff_first=0.01, backoff_max=0.05)


@pytest.fixture
async def market() -> AsyncIterator[LivePeer]:
    """A market of one auction."""
    async with live_serving() as started:
        yield started


def session(market: LivePeer, **options: Any) -> LiveSession:
    """A session that loses no time."""
    return LiveSession(market.base_url, "a-token", **{"retry_policy": QUICK, **options})


def seqs(event: AuctionEvent) -> list[int]:
    """The bids that an event brings."""
    if isinstance(event, AuctionJoined):
        return [bid.seq for bid in event.data.missed]
    return [bid.seq for bid in event.data.bids]


async def until_version(feed: AuctionFeed, version: int) -> list[AuctionEvent]:
    """Everything up to a version."""
    found: list[AuctionEvent] = []
    async for event in feed:
        found.append(event)
        if event.version >= version:
            break
    return found


async def test_snapshot_comes_first_and_then_every_change(market: LivePeer) -> None:
    async with session(market) as live, live.auction(AUCTION) as feed:
        first = await anext(feed)
        assert isinstance(first, AuctionJoined)
        assert not first.resumed
        await market.send(market.commit(), market.commit(3), market.finish())
        placed, more, ended = [await anext(feed) for _ in range(3)]
        assert isinstance(placed, BidsPlaced)
        assert (seqs(placed), seqs(more)) == ([1], [2, 3, 4])
        assert isinstance(ended, AuctionChange)
        assert ended.event == "auction_ended"
        assert ended.data.winner == "bidder-1"
    assert market.upgrades[0]["Authorization"] == "Bearer a-token"


async def test_without_a_token_nothing_is_shown(market: LivePeer) -> None:
    async with LiveSession(market.base_url) as live, live.auction(AUCTION) as feed:
        await anext(feed)
    assert "Authorization" not in market.upgrades[0]


async def test_repeats_are_dropped(market: LivePeer) -> None:
    async with session(market) as live, live.auction(AUCTION) as feed:
        await anext(feed)
        one, two = market.commit(), market.commit()
        await market.send(one, one, two, one, two, market.commit())
        assert [seqs(await anext(feed)) for _ in range(3)] == [[1], [2], [3]]


async def test_gap_is_filled_by_a_join(market: LivePeer) -> None:
    async with session(market) as live, live.auction(AUCTION) as feed:
        await anext(feed)
        await market.send(market.commit())
        market.commit(2)
        await market.send(market.commit())
        found = await until_version(feed, 4)
        assert [seq for event in found for seq in seqs(event)] == [1, 2, 3, 4]
        again = found[-1]
        assert isinstance(again, AuctionJoined)
        assert again.resumed
    await market.next_asked("join_auction")
    assert await market.next_asked("join_auction") == {"auction_id": AUCTION, "after_seq": 1}


async def test_lost_connection_is_resumed_by_seq(market: LivePeer) -> None:
    states: list[ConnectionState] = []
    async with session(market, on_state=states.append) as live, live.auction(AUCTION) as feed:
        await anext(feed)
        await market.send(market.commit())
        assert seqs(await anext(feed)) == [1]
        market.cut()
        market.commit(2)
        resumed = await anext(feed)
        assert isinstance(resumed, AuctionJoined)
        assert (resumed.resumed, seqs(resumed)) == (True, [2, 3])
        await market.send(market.commit())
        assert seqs(await anext(feed)) == [4]
    live_, lost, closed = ConnectionState.LIVE, ConnectionState.RECONNECTING, ConnectionState.CLOSED
    assert states == [live_, lost, live_, closed]


async def test_resuming_where_nothing_happened_is_silent(market: LivePeer) -> None:
    async with session(market) as live, live.auction(AUCTION) as feed:
        await anext(feed)
        await market.next_asked("join_auction")
        market.cut()
        await market.next_asked("join_auction")
        await market.send(market.commit())
        assert isinstance(await anext(feed), BidsPlaced)


async def test_feed_may_begin_in_the_middle(market: LivePeer) -> None:
    market.commit(5)
    async with session(market) as live, live.auction(AUCTION, after_seq=3) as feed:
        assert seqs(await anext(feed)) == [4, 5]


@pytest.mark.parametrize("seed", range(20))
async def test_no_bid_is_lost_or_repeated_in_a_storm(market: LivePeer, seed: int) -> None:
    chance = random.Random(seed)
    async with session(market) as live, live.auction(AUCTION) as feed:
        reading = asyncio.create_task(until_version(feed, 201))
        await market.next_asked("join_auction")
        held: list[samples.Json] = []
        while market.version < 200:
            held.append(market.commit(chance.randint(1, 3)))
            if chance.random() < 0.3:
                chance.shuffle(held)
            sent = [frame for frame in held if chance.random() < 0.8]
            held = [frame for frame in held if chance.random() < 0.1]
            await market.send(*sent)
            if chance.random() < 0.05:
                market.cut()
            await asyncio.sleep(0)
        ended = market.finish()
        while not reading.done():
            await market.send(ended)
            await asyncio.wait([reading], timeout=0.02)
        found = await reading
    assert [seq for event in found for seq in seqs(event)] == list(range(1, market.seq + 1))
    versions = [event.version for event in found]
    assert versions == sorted(set(versions))
    assert any(isinstance(event, AuctionJoined) and event.resumed for event in found)


async def test_what_comes_during_a_join_is_not_lost(market: LivePeer) -> None:
    async with session(market) as live:
        before: list[samples.Json] = []

        def join(data: samples.Json) -> samples.Json | None:
            answer = market.joined(data)
            before.extend([market.commit(), market.commit()])
            return answer

        market.on_join = join
        async with live.auction(AUCTION) as feed:
            assert (await anext(feed)).version == 1
            await market.send(*before)
            assert [seqs(await anext(feed)) for _ in range(2)] == [[1], [2]]


async def test_one_socket_serves_many_feeds(market: LivePeer) -> None:
    async with session(market) as live:
        first, second, other = live.auction(AUCTION), live.auction(AUCTION), live.auction(OTHER)
        for feed in (first, second, other):
            assert isinstance(await anext(feed), AuctionJoined)
        await market.send(market.commit())
        assert seqs(await anext(first)) == seqs(await anext(second)) == [1]
        await first.aclose()
        await market.send(market.commit())
        assert seqs(await anext(second)) == [2]
        await second.aclose()
        assert await market.next_asked("leave_auction") == {"auction_id": AUCTION}
        assert len(market.sockets) == 1


async def test_abandoned_feed_is_left(market: LivePeer) -> None:
    async with session(market) as live:
        async for _ in live.auction(AUCTION):
            break
        gc.collect()
        await market.send(market.commit())
        assert await market.next_asked("leave_auction") == {"auction_id": AUCTION}


async def test_auction_that_does_not_exist(market: LivePeer) -> None:
    market.on_join = lambda data: samples.problem("auction_not_found", 404)
    async with session(market) as live:
        with pytest.raises(AuctionNotFound):
            await anext(live.auction(AUCTION))
        with pytest.raises(Invalid):
            live.auction("no-id")


async def test_busy_market_is_asked_again(market: LivePeer) -> None:
    answers = iter([samples.problem("unavailable", 503)])
    market.on_join = lambda data: next(answers, None) or market.joined(data)
    async with session(market) as live, live.auction(AUCTION) as feed:
        assert isinstance(await anext(feed), AuctionJoined)


async def test_snapshot_that_breaks_the_contract_ends_the_feed(market: LivePeer) -> None:
    market.on_join = lambda data: {"auction_id": AUCTION}
    async with session(market) as live:
        with pytest.raises(ProtocolError):
            await anext(live.auction(AUCTION))


async def test_strange_frames_are_passed_over(market: LivePeer) -> None:
    async with session(market) as live, live.auction(AUCTION) as feed:
        await anext(feed)
        for socket in market.sockets:
            for text in ("{", "[]", '{"event": 1}', '{"event": "bid_placed", "data": {}}'):
                await socket.send(text)
        await market.send({"event": "something_new", "data": {}}, market.commit())
        assert seqs(await anext(feed)) == [1]


# Slow readers ---------------------------------------------------------------------------------


async def test_slow_reader_gets_few_events_and_every_recent_bid(market: LivePeer) -> None:
    async with session(market) as live, live.auction(AUCTION) as feed:
        joined = await anext(feed)
        assert isinstance(joined, AuctionJoined)
        probe = live.auction(AUCTION)
        reading = asyncio.create_task(until_version(probe, 2001))
        await market.next_asked("join_auction")
        await market.next_asked("join_auction")
        for _ in range(2000):
            await market.send(market.commit())
        await reading
        waiting = await feed.batch()
    assert len(waiting) <= 256
    state = joined.data.state
    for event in waiting:
        state = apply_change(state, event)
    assert (state.version, state.seq, state.bid_count) == (2001, 2000, 2000)
    kept = [seq for event in waiting for seq in seqs(event)]
    assert kept == list(range(kept[0], 2001))
    assert len(kept) >= 500
    assert isinstance(waiting[0], BidsPlaced)
    assert waiting[0].data.truncated
    assert waiting[0].data.first_seq == 1


async def test_board_keeps_the_newest_state_of_each_auction(market: LivePeer) -> None:
    market.board[OTHER] = samples.state(OTHER)
    async with session(market) as live, live.board() as board:
        first = await anext(board)
        assert isinstance(first, BoardJoined)
        assert {state.auction_id for state in first.data.auctions} == {AUCTION, OTHER}
        last = {AUCTION: 500, OTHER: 400}
        for version in range(2, 501):
            for auction_id in (AUCTION, OTHER):
                data = samples.board_state(min(version, last[auction_id]), version, auction_id)
                await market.send({"event": "bid_placed", "data": data})
        newest: dict[str, int] = {}
        read = 0
        while newest != last:
            for event in await board.batch():
                assert isinstance(event, BidsPlaced)
                read += 1
                assert event.version > newest.get(event.data.auction_id, 1)
                newest[event.data.auction_id] = event.version
        assert read < 900


async def test_board_forgets_auctions_that_are_long_over() -> None:
    board = BoardFeed(lambda feed: None, lambda room: None)
    board.joined({"auctions": [], "server_time": _NOW})
    assert isinstance(await anext(board), BoardJoined)
    for number in range(3000):
        ended = AuctionChanged(auction_id=_numbered(number), version=9, server_time=_NOW)
        board.receive(AuctionChange("auction_ended", ended))
        board.receive(AuctionChange("auction_ended", ended))
        assert [each.data.auction_id for each in await board.batch()] == [_numbered(number)]
    assert len(board._versions) == OVER_KEPT_MAX


_NOW = datetime(2026, 3, 4, tzinfo=UTC)


def _numbered(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


async def test_board_comes_whole_again_after_a_lost_connection(market: LivePeer) -> None:
    async with session(market) as live, live.board() as board:
        await anext(board)
        market.board = {OTHER: samples.state(OTHER)}
        market.cut()
        again = await anext(board)
        assert isinstance(again, BoardJoined)
        assert again.resumed
        assert [state.auction_id for state in again.data.auctions] == [OTHER]


async def test_board_that_overtakes_bids_makes_none_skip(market: LivePeer) -> None:
    async with session(market) as live, live.board() as board, live.auction(AUCTION) as feed:
        await anext(board)
        await anext(feed)
        one, two = market.commit(), market.commit()
        overtaking = {"event": "bid_placed", "data": samples.board_state(3, 2)}
        await market.send(overtaking, one, two)
        assert [seqs(await anext(feed)) for _ in range(2)] == [[1], [2]]
        assert (await anext(board)).data.model_dump()["version"] == 3


async def test_board_that_says_more_than_the_room_makes_the_room_ask(market: LivePeer) -> None:
    async with session(market) as live, live.board() as board, live.auction(AUCTION) as feed:
        await anext(board)
        await anext(feed)
        market.commit(2)
        await market.send({"event": "bid_placed", "data": samples.board_state(2, 2)})
        resumed = await anext(feed)
        assert isinstance(resumed, AuctionJoined)
        assert seqs(resumed) == [1, 2]


async def test_conflated_state_of_a_slow_socket_counts(market: LivePeer) -> None:
    async with session(market) as live, live.auction(AUCTION) as feed:
        await anext(feed)
        await market.send({"event": "bid_placed", "data": samples.board_state(9, 30)})
        event = await anext(feed)
        assert isinstance(event, BidsPlaced)
        assert (event.version, event.data.conflated) == (9, True)
        assert feed.seq == 30


# Bids -----------------------------------------------------------------------------------------


async def test_bid_is_answered(market: LivePeer) -> None:
    async with session(market) as live:
        receipt = await live.bid(AUCTION, amount=1250, max_amount=2000)
        assert receipt.current_bid == 1250
    sent = await market.next_asked("place_bid")
    assert sent.pop("idempotency_key")
    assert sent == {"auction_id": AUCTION, "amount": 1250, "max_amount": 2000}


async def test_bid_goes_out_again_with_its_key_after_a_lost_connection(market: LivePeer) -> None:
    answers: list[samples.Json | None] = [None, samples.receipt(repeated=True)]
    market.on_bid = lambda data: answers.pop(0)
    async with session(market) as live:
        assert (await live.bid(AUCTION, amount=1250)).repeated
    keys = [(await market.next_asked("place_bid"))["idempotency_key"] for _ in range(2)]
    assert keys[0] == keys[1]


@pytest.mark.parametrize("code", ["outcome_unknown", "unavailable", "still_running"])
def test_codes_that_ask_for_a_repeat_exist(code: str) -> None:
    from instasell_client.errors import errors_by_code

    assert errors_by_code()[code].retryable


@pytest.mark.parametrize("code", ["outcome_unknown", "unavailable", "still_running"])
async def test_bid_with_an_open_outcome_goes_out_again(market: LivePeer, code: str) -> None:
    answers = [samples.problem(code, 503), samples.receipt()]
    market.on_bid = lambda data: answers.pop(0)
    async with session(market) as live:
        await live.bid(AUCTION, amount=1250, key="mine")
    keys = [(await market.next_asked("place_bid"))["idempotency_key"] for _ in range(2)]
    assert keys == ["mine", "mine"]


async def test_refused_bid_raises_the_class_of_its_code(market: LivePeer) -> None:
    market.on_bid = lambda data: samples.problem("bid_too_low", 409, minimum=1300)
    async with session(market) as live:
        with pytest.raises(BidTooLow) as caught:
            await live.bid(AUCTION, amount=1250)
        assert caught.value.minimum == 1300
        with pytest.raises(Invalid):
            await live.bid(AUCTION)


async def test_bid_that_is_never_answered_has_an_unknown_outcome(market: LivePeer) -> None:
    async with session(market) as live:
        market.mute = True
        with pytest.raises(OutcomeUnknown) as caught:
            await live.bid(AUCTION, amount=1250, key="mine", timeout_seconds=0.2)
        assert caught.value.idempotency_key == "mine"


async def test_bid_that_was_lost_and_then_refused_stays_unknown(market: LivePeer) -> None:
    answers: list[samples.Json | None] = [None]
    busy = samples.problem("unavailable", 503)
    market.on_bid = lambda data: answers.pop(0) if answers else busy
    async with session(market) as live:
        with pytest.raises(OutcomeUnknown):
            await live.bid(AUCTION, amount=1250, timeout_seconds=0.5)


async def test_bid_that_was_only_refused_is_unavailable(market: LivePeer) -> None:
    market.on_bid = lambda data: samples.problem("unavailable", 503)
    # So patient that the time is over before the bid goes out again.
    async with session(
        market, retry_policy=RetryPolicy(backoff_first=1e6, backoff_max=1e6)
    ) as live:
        with pytest.raises(Unavailable):
            await live.bid(AUCTION, amount=1250, timeout_seconds=1)


async def test_bid_that_was_never_sent_is_a_timeout(market: LivePeer) -> None:
    market.refuse = samples.problem("unavailable", 503)
    async with session(market, wait_for_server=True) as live:
        with pytest.raises(Timeout):
            await live.bid(AUCTION, amount=1250, timeout_seconds=0.2)
        assert live.state is ConnectionState.CONNECTING


# The connection -------------------------------------------------------------------------------


async def test_entering_without_a_server_fails() -> None:
    async with live_serving() as gone:
        url = gone.base_url
    with pytest.raises(ConnectionFailed, match="is it running"):
        async with LiveSession(url):
            raise AssertionError("nobody listens there")


async def test_entering_with_a_token_that_has_ended_fails(market: LivePeer) -> None:
    market.refuse = samples.problem("unauthenticated", 401)
    with pytest.raises(Unauthenticated):
        async with session(market):
            raise AssertionError("the token does not hold")


async def test_entering_another_kind_of_server_fails(market: LivePeer) -> None:
    market.refuse = {"status": 404}
    with pytest.raises(NotAnInstaSellServer):
        async with session(market):
            raise AssertionError("nobody sells there")


async def test_waiting_for_a_server_that_comes(market: LivePeer) -> None:
    market.refuse = samples.problem("unavailable", 503)
    async with session(market, wait_for_server=True) as live:
        feed = live.auction(AUCTION)
        for _ in range(3):
            await market.knocks.get()
        market.refuse = None
        assert isinstance(await anext(feed), AuctionJoined)


async def test_token_that_ends_later_ends_every_feed(market: LivePeer) -> None:
    async with session(market) as live:
        feed, board, notices = live.auction(AUCTION), live.board(), live.events()
        await anext(feed)
        await anext(board)
        market.refuse = samples.problem("unauthenticated", 401)
        market.cut()
        for ended in (feed, board, notices):
            with pytest.raises(Unauthenticated):
                await anext(ended)
        with pytest.raises(Unauthenticated):
            await live.bid(AUCTION, amount=1250)
        with pytest.raises(Unauthenticated):
            await anext(live.auction(AUCTION))
        assert live.state is ConnectionState.CLOSED


async def test_socket_that_goes_silent_is_replaced(market: LivePeer) -> None:
    policy = RetryPolicy(answer=0.2, ping_every=0.01, backoff_first=0.01, backoff_max=0.05)
    async with session(market, retry_policy=policy) as live, live.auction(AUCTION) as feed:
        await anext(feed)
        market.mute = True
        async for state in live.states():
            if state is ConnectionState.RECONNECTING:
                break
        market.mute = False
        market.commit()
        assert isinstance(await anext(feed), AuctionJoined)


async def test_states_end_with_the_session(market: LivePeer) -> None:
    async with session(market) as live:
        following = asyncio.create_task(_all_states(live))
        await asyncio.sleep(0)
    assert (await following)[-1] is ConnectionState.CLOSED


async def _all_states(live: LiveSession) -> list[ConnectionState]:
    return [state async for state in live.states()]


async def test_closing_the_session_ends_the_feeds(market: LivePeer) -> None:
    async with session(market) as live:
        feed = live.auction(AUCTION)
        await anext(feed)
    with pytest.raises(StopAsyncIteration):
        await anext(feed)
    assert await feed.batch() == []
    with pytest.raises(ConnectionFailed):
        await live.bid(AUCTION, amount=1250)


async def test_callback_that_fails_ends_the_session_and_says_so(market: LivePeer) -> None:
    def broken(state: ConnectionState) -> None:
        if state is ConnectionState.RECONNECTING:
            raise RuntimeError("a bug of the caller")

    from instasell_client import InstaSellError

    async with session(market, on_state=broken) as live, live.auction(AUCTION) as feed:
        await anext(feed)
        market.cut()
        with pytest.raises(InstaSellError, match="a bug of the caller"):
            await anext(feed)


async def test_answers_carry_the_server_clock(market: LivePeer) -> None:
    ahead = datetime.now(UTC) + timedelta(hours=1)
    market.clock = ahead.isoformat()
    async with session(market) as live, live.auction(AUCTION) as feed:
        await anext(feed)
        error = live.clock_error_seconds
        assert error is not None
        assert abs(live.server_now() - datetime.now(UTC)) > timedelta(minutes=50)
        assert live.server_now() >= ahead - timedelta(seconds=error)


async def test_own_events_arrive(market: LivePeer) -> None:
    async with session(market) as live:
        notices = live.events()
        async with live.auction(AUCTION) as feed:
            await anext(feed)
        await market.send({"event": "wallet_changed", "data": {"balance": 5}})
        notice = await anext(notices)
        assert (notice.event, notice.data) == ("wallet_changed", {"balance": 5})
        assert (notice.notification, notice.message) == (None, None)


async def test_own_events_are_typed(market: LivePeer) -> None:
    async with session(market) as live:
        notices = live.events()
        async with live.auction(AUCTION) as feed:
            await anext(feed)
        told, said, purse = samples.notification(), samples.new_message(), samples.wallet()
        events = {"notification": told, "new_message": said, "wallet_changed": purse}
        for event, data in events.items():
            await market.send({"event": event, "data": data})
        first, second, third = [await anext(notices) for _ in range(3)]
        assert first.notification is not None
        assert (first.notification.kind, first.wallet) == ("outbid", None)
        assert second.message is not None
        assert second.message.message.text == "Is it new?"
        assert third.wallet is not None
        assert third.wallet.balance == purse["balance"]


async def test_your_position_is_typed_wherever_the_bid_was_made(market: LivePeer) -> None:
    position = {"auction_id": AUCTION, "version": 4, "bidder": "bidder-2", "leading": True}
    async with session(market) as live:
        notices = live.events()
        async with live.board() as board:
            joined = await anext(board)
            assert isinstance(joined, BoardJoined)
            # A market older than the field leaves it out.
            assert joined.data.your_bids == []
        await market.send({"event": "your_bid_changed", "data": {**position, "max_amount": 900}})
        yours = (await anext(notices)).your_bid
        assert yours is not None
        assert (yours.version, yours.leading, yours.max_amount) == (4, True, 900)


async def test_market_that_sends_more_than_was_asked_for_repeats_nothing(market: LivePeer) -> None:
    market.commit(3)
    market.on_join = lambda data: market.joined({**data, "after_seq": 0})
    async with session(market) as live, live.auction(AUCTION, after_seq=2) as feed:
        assert seqs(await anext(feed)) == [3]


async def test_board_with_a_view_tells_what_enters_and_leaves(market: LivePeer) -> None:
    view = BoardView(text="watch", limit=10)
    async with session(market) as live, live.board(view=view) as board, live.auction(OTHER) as feed:
        assert isinstance(await anext(board), BoardJoined)
        await anext(feed)
        state = samples.state(OTHER)
        entered = {"auction_id": OTHER, "version": 7, "seq": 6, "server_time": _NOW.isoformat()}
        left = {"auction_id": OTHER, "version": 7, "server_time": _NOW.isoformat()}
        await market.send(
            {"event": "auction_updated", "data": entered | {"state": state, "entered": True}},
            {"event": "auction_left", "data": left},
        )
        came, went = await anext(board), await anext(board)
        assert isinstance(came, AuctionChange)
        assert isinstance(went, AuctionChange)
        assert (came.event, came.data.entered) == ("auction_updated", True)
        assert (went.event, went.data.auction_id) == ("auction_left", OTHER)
        # They are of the board: the auction's own feed neither counts them nor joins again.
        assert not len(feed._mail)
        assert feed._held is None


async def test_board_changes_its_view_on_the_open_connection(market: LivePeer) -> None:
    async with session(market) as live, live.board() as board:
        await anext(board)
        market.board = {OTHER: samples.state(OTHER)}
        board.change_view(BoardView(sort=LiveSort.PRICE_ASC))
        again = await anext(board)
        assert isinstance(again, BoardJoined)
        assert [state.auction_id for state in again.data.auctions] == [OTHER]
        assert board.request().model_dump(exclude_none=True)["view"]["sort"] == "price"
        board.change_view(BoardView(sort=LiveSort.PRICE_ASC))
        assert board._held is None
