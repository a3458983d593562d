"""Makes the recording of the examples, by running a market with its own engines.

python scripts/recording.py [examples/board.jsonl]
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import sys
from pathlib import Path

from instasell_client import AsyncInstaSell
from instasell_client.errors import Conflict
from instasell_tui.app import InstaSellApp
from instasell_tui.recording.mode import RecordingMode
from instasell_tui.recording.recorder import Recorder
from scripts.pictures import HERO, bid_on, create_auctions, market, person, take_part, until

SECONDS = 20.0
AUCTIONS = 14
EVERY_SECONDS = 0.4


async def record(url: str, token: str, hero: str, path: Path) -> None:
    """Record the screen of a user who leads and is outbid, without a terminal."""
    recorder = Recorder(path)
    app = InstaSellApp(url, token, recording=RecordingMode(recorder))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.board.state.loaded and bool(app.feed.categories))
        await pilot.pause(SECONDS / 4)
        app.open_auction(hero)
        await pilot.pause(SECONDS / 2)
        await pilot.press("escape")
        await pilot.pause(SECONDS / 4)


async def make(path: Path) -> None:
    """Write the file again."""
    path.unlink(missing_ok=True)
    with market() as (url, data):
        auctions = await create_auctions(url, data)
        some = dict(list(auctions.items())[:AUCTIONS])
        people = [await person(url, name) for name in ("Bruno", "Chiara", "Dimitri")]
        async with await person(url, "Ada Lind") as viewer:
            await bid_on(some, people, 2.0)
            await take_part(viewer, auctions, lead=True)
            bidding = asyncio.create_task(bid_slowly(some, people))
            await record(url, viewer.token or "", auctions[HERO], path)
            bidding.cancel()
            await asyncio.gather(bidding, return_exceptions=True)
        for each in people:
            await each.aclose()
    print(path, path.stat().st_size)


async def bid_slowly(auctions: dict[str, str], people: list[AsyncInstaSell]) -> None:
    """Bid so that an eye can follow, every second time on the auction that is shown."""
    chance = random.Random(7)
    while True:
        auction_id = chance.choice((auctions[HERO], chance.choice(list(auctions.values()))))
        bidder = chance.choice(people)
        state = (await bidder.auctions.status(auction_id)).state
        # Being the leader already is a part of bidding.
        with contextlib.suppress(Conflict):
            await bidder.auctions.bid(auction_id, amount=state.minimum_bid)
        await asyncio.sleep(chance.uniform(0, 2 * EVERY_SECONDS))


def main() -> None:
    """Write to the file of the first argument, that of the examples by default."""
    example = Path(__file__).parents[1] / "examples" / "board.jsonl"
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(make(Path(sys.argv[1]) if len(sys.argv) > 1 else example))


if __name__ == "__main__":
    main()
