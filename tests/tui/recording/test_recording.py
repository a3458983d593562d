"""Recordings: what gets into one, what does not, and that a replay reaches nothing."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from instasell_client import Forbidden, NotFound
from instasell_client.models.auctions import You
from instasell_tui.__main__ import main
from instasell_tui.auction.screen import AuctionScreen
from instasell_tui.recording.file_format import (
    RecordedPosition,
    Recording,
    RecordingError,
    read_recording,
)
from instasell_tui.recording.mode import RecordingMode
from instasell_tui.recording.player import ReplayPlayer
from instasell_tui.recording.recorder import Recorder
from instasell_tui.recording.replay_state import ReplayState
from tests.repository.source_tree import ROOT
from tests.support.market import PASSWORD, Market
from tests.tui.pilot import LARGE, Opener, opened
from tests.tui.trade import ADDRESS, Trade

DEMO = ROOT / "examples" / "board.jsonl"
SPEED = 500.0
OWN_MAXIMUM = 8_765_431

_reached: list[str] = []
_listening: list[None] = []


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    if _listening and event in ("socket.connect", "socket.getaddrinfo", "socket.bind"):
        _reached.append(f"{event} {arguments!r}")


sys.addaudithook(_hear)


@contextlib.contextmanager
def no_network() -> Iterator[None]:
    """Fail when anything in this process connects, listens or looks a name up."""
    _reached.clear()
    _listening.append(None)
    try:
        yield
    finally:
        _listening.clear()
    assert _reached == []


async def test_a_recording_has_the_market_and_no_secret_and_is_played_without_one(
    market: Market,
    screen: Opener,
    fund: Callable[[str, int], None],
    tmp_path: Path,
) -> None:
    trade = await Trade.open(market, fund)
    person, rival, path = trade.buyer, await market.bidder(), tmp_path / "evening.jsonl"
    auction = await market.auction(trade.seller, title="A pocket watch", min_bid=1000)
    other = await market.auction(trade.seller, title="A steel clock", min_bid=2000)
    await trade.paid("A lamp")
    me, recorder = await person.auth.me(), Recorder(path)
    async with screen(person.token, recording=RecordingMode(recorder)) as shown:
        await shown.reads("recording", "A pocket watch")
        shown.app.open_auction(auction)
        await shown.reads("sold by")
        await shown.press("m")
        await shown.type("87654.31")
        await shown.press("enter")
        await shown.confirm()
        await shown.reads("Your bid leads")
        await rival.auctions.bid(auction, max_amount=2000)
        await rival.auctions.bid(other, amount=2000)
        await shown.until(lambda: shown.app.auction.page and len(shown.app.auction.page.bids) > 1)
        listing_id = (await person.auctions.status(auction)).state.listing_id
        asked = await person.messages.ask(listing_id, "canary words of a message")
        await trade.seller.messages.send(asked.conversation.id, "canary words of an answer")
        await shown.press("escape", "o")
        await shown.reads("A lamp")
        await shown.press("W")
        await shown.reads("Wallet")
        await shown.until(lambda: shown.app.board.state.get(other).state.bid_count == 1)  # type: ignore[union-attr]
    assert not recorder.is_open
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    secrets = (str(person.token), me.email, me.id, ADDRESS["line1"], "canary words", PASSWORD)
    for secret in (*secrets, str(OWN_MAXIMUM), "8765431", "RR 123", "A lamp", "balance"):
        assert secret not in text, secret

    with no_network():
        async with opened(
            "http://market.invalid",
            loaded=False,
            recording=RecordingMode(replay=ReplayPlayer(read_recording(path), speed=SPEED)),
        ) as shown:
            await shown.reads("replay · read-only", "A pocket watch", "A steel clock")
            await shown.reads("The replay is over", "replay over (")
            assert {lot.title: lot.price for lot in shown.app.board.state.all()} == {
                "A pocket watch": 2050,
                "A steel clock": 2000,
            }
            shown.app.open_auction(auction)
            await shown.until(lambda: isinstance(shown.app.screen, AuctionScreen))
            await shown.reads("sold by", "▲ You lead", "bidding is off", "bidder-2")
            await shown.press("b", "e", "m", "u", "i", "o", "W", "A", "M", "N", "L")
            await shown.reads("This is a replay")
            assert isinstance(shown.app.screen, AuctionScreen)
            feed = shown.app.feed
            for attempt in (
                feed.client.auctions.bid(auction, amount=9000),
                feed.client.auth.login("a@example.org", PASSWORD),
                shown.app.auction.bid(auction, amount=9000, max_amount=None),
                feed._live.bid(auction, amount=9000),  # type: ignore[union-attr]
                feed.client.wallet.top_up(100, "balance"),
            ):
                with pytest.raises((Forbidden, NotFound)):
                    await attempt


async def test_the_example_shows_a_board_and_an_auction() -> None:
    assert DEMO.stat().st_size < 200_000
    recording = read_recording(DEMO)
    with no_network():
        async with opened(
            "http://market.invalid",
            loaded=False,
            size=LARGE,
            recording=RecordingMode(replay=ReplayPlayer(recording, speed=15)),
        ) as shown:
            await shown.reads("replay 15x", "Rangefinder camera, 35 mm, black enamel, 1954")
            await shown.reads("replay over (")
            lots = shown.app.board.state
            [camera] = [lot for lot in lots.all() if lot.title.startswith("Rangefinder camera")]
            before, first = ReplayState(recording.moments), None
            for moment in recording.moments:
                before.take(moment)
                first = first or before.states.get(camera.auction_id)
            assert first
            assert camera.price > (first.current_bid or 0)
            shown.app.open_auction(camera.auction_id)
            await shown.reads("sold by", "Works at every speed", "bidder-")
            known = before.joined(camera.auction_id, 0, recording.began_at)
            sale = shown.app.auction.page
            assert known
            await shown.until(lambda: sale and list(sale.bids) == known.missed)
            assert len(known.missed) > 10


HEADER = '{"instasell_recording": 1, "began_at": "2026-05-04T10:00:00Z"}\n'
BOARD = (
    '{"ms": 5, "kind": "joined", "data": {"auctions": [], "server_time": "2026-05-04T10:00:00Z"}}\n'
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "line 1: this is no recording"),
        ("\x7fELF\x02\n", "line 1: this is no recording"),
        ('{"title": "a listing"}\n', "line 1: this is no recording"),
        (HEADER.replace(": 1", ": 2") + BOARD, "line 1: a recording of version 2"),
        (HEADER, "shows no board"),
        (HEADER + BOARD + '{"ms": 7, "kind": "bid_pl', "line 3: it is not JSON"),
        (
            HEADER + BOARD + '{"ms": 7, "kind": "bid_placed", "data": {}}',
            "the field auction_id is missing",
        ),
        (HEADER + BOARD + '{"ms": 4, "kind": "lost"}', "line 3: ms goes back to 4"),
        (HEADER + BOARD + '{"ms": -1, "kind": "lost"}', "line 3: the field ms is not as"),
        (HEADER + BOARD + '{"ms": 7, "kind": "wallet_changed", "data": {}}', "line 3: nothing is"),
        (HEADER + BOARD + '{"ms": 7, "kind": "answer", "path": "/wallet"}', "line 3: nothing is"),
    ],
)
def test_a_file_that_is_no_recording_is_refused_by_line(
    tmp_path: Path, text: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "some.jsonl"
    path.write_text(text)
    with pytest.raises(RecordingError) as caught:
        read_recording(path)
    assert told in str(caught.value)
    assert str(path) in str(caught.value)
    assert main(["--replay", str(path)]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--replay", "nowhere.jsonl"], "nowhere.jsonl"),
        (["--record", "a", "--replay", "b"], "exclude each other"),
        (["--record", "a", "--web"], "leave --web out"),
        (["--speed", "2"], "goes with --replay"),
        (["--port", "2"], "go with --web"),
        (["--web", "--host", "0.0.0.0"], "is not this computer"),
        (["--web", "--host", "market.example"], "is not this computer"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (["--speed", "abc"], "--speed: choose 0.1 to 1000"),
        (["--speed", "0"], "--speed: choose 0.1 to 1000"),
        (["--port", "x"], "--port: choose 0 to 65535"),
        (["--port", "9" * 5000], "--port: choose 0 to 65535"),
    ],
)
def test_a_value_that_is_no_number_is_refused_with_the_limits(
    arguments: list[str], remedy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert remedy in capsys.readouterr().err


def test_a_recording_takes_no_file_that_is_there_and_ends_at_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl"
    path.write_text("dear letters")
    with pytest.raises(FileExistsError):
        Recorder(path)
    assert path.read_text() == "dear letters"

    recorder, told = Recorder(tmp_path / "short.jsonl", bytes_max=200), list[str]()
    recorder.on_end = told.append
    for _ in range(9):
        recorder.on_state(live=True)
    assert not recorder.is_open
    assert told == [f"{recorder.path} ends here: it has become as large as a recording may be"]
    size = os.path.getsize(recorder.path)
    recorder.on_state(live=False)
    recorder.close()
    assert os.path.getsize(recorder.path) == size <= 200


def test_what_only_sellers_and_bidders_see_is_left_out(tmp_path: Path) -> None:
    """No line has names of bidders, or orders and maximums of the user."""
    recorder = Recorder(tmp_path / "some.jsonl")
    demo = read_recording(DEMO)
    view = next(
        each.content for each in demo.moments if each.path and each.path.count("/") == 2
        and each.path != "/auctions/live"
    )  # fmt: skip
    body: dict[str, Any] = view.model_dump(mode="json")  # type: ignore[union-attr]
    auction_id = body["state"]["auction_id"]
    bid = {
        "seq": 1, "kind": "bid", "bidder": "bidder-1", "amount": 5, "price": 5,
        "leader": "bidder-1", "created_at": body["server_time"],
        "bidder_id": "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11", "bidder_name": "canary",
    }  # fmt: skip
    body["you"] = {"bidder": "bidder-1", "max_amount": 765431, "canary": 1}
    body["order_id"], body["canary"] = bid["bidder_id"], "canary"
    recorder.on_reply("GET", f"/auctions/{auction_id}", {}, json.dumps(body).encode())
    recorder.on_reply(
        "GET", f"/auctions/{auction_id}/bids", {}, json.dumps({"items": [bid]}).encode()
    )
    recorder.on_reply("GET", "/auth/me", {}, b'{"email": "canary"}')
    recorder.on_reply("POST", "/auctions/live", {}, b'{"canary": 1}')
    recorder.on_reply("GET", "/auctions/live", {}, b'{"canary": 1}')
    joined = {k: body["state"][k] for k in ("auction_id", "version", "seq")}
    joined |= {"state": body["state"], "server_time": body["server_time"]}
    joined |= {"you": body["you"], "missed": [bid]}
    recorder.on_joined(joined)
    recorder.on_notice("notification", {"canary": 1})
    recorder.on_notice("wallet_changed", {"canary": 1})
    recorder.on_change({"auction_id": auction_id, "bidder": "bidder-1", "max_amount": 765431})
    recorder.close()
    text = recorder.path.read_text()
    assert len(text.splitlines()) == 6
    for secret in ("canary", "765431", bid["bidder_id"]):
        assert str(secret) not in text
    assert text.count("bidder-1") > 3


def test_the_past_tells_no_future_and_knows_who_one_was() -> None:
    demo = read_recording(DEMO)
    past = ReplayState(demo.moments)
    for moment in demo.moments:
        past.take(moment)
        for auction_id, state in past.states.items():
            joined = past.joined(auction_id, 0, demo.began_at)
            assert joined is not None
            assert all(bid.seq <= state.seq for bid in joined.missed)
            assert joined.truncated == (len(joined.missed) < state.seq)
    assert past.answer("/auth/me", {}, demo.began_at) is None
    auction_id = next(iter(past.states))
    past._recognise(RecordedPosition(auction_id=auction_id, bidder="bidder-9"))
    past._recognise(RecordedPosition(auction_id=auction_id, watching=True))
    assert past.you(auction_id) == You(bidder="bidder-9", watching=True)


def test_a_replay_does_not_move_before_it_begins() -> None:
    demo: Recording = read_recording(DEMO)
    replay = ReplayPlayer(demo, speed=4)
    assert replay.clock() == replay.clock()
    assert replay.words().startswith("replay 4x  0s of ")
