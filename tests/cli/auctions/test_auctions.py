"""Auctions from the shell: create, watch, bid, and what refusals look like."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import signal
import sys
from collections.abc import Callable

import pytest

from tests.cli.conftest import Shell
from tests.support.market import Market

MISSING = "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"
Shells = Callable[..., Shell]


async def test_an_auction_from_the_shell(market: Market, shell_of: Shells) -> None:
    owner = await market.seller()
    seller, bidder = shell_of(owner), shell_of(await market.bidder())
    listing_id = await market.listing(owner)
    made = await seller.run(
        *("auctions", "create", listing_id, "--min-bid", "10", "--duration", "1h"),
        *("--buy-now", "$1,000.00", "-o", "json"),
    )
    auction = json.loads(made.out)
    assert (auction["min_bid"], auction["buy_now"], auction["status"]) == (1000, 100000, "live")
    auction_id = auction["auction_id"]
    changed = await seller.run("auctions", "update", auction_id, "--min-bid", "12.00", "-o", "json")
    assert json.loads(changed.out)["min_bid"] == 1200
    won = await bidder.run(
        "auctions", "bid", auction_id, "12.50", "--max", "20", "--yes", "-o", "json"
    )
    receipt = json.loads(won.out)
    assert (won.code, receipt["outcome"], receipt["current_bid"]) == (0, "leading", 1250)
    assert "you lead at 12.50" in won.err
    shown = await bidder.run("auctions", "show", auction_id, "-o", "json")
    assert json.loads(shown.out)["you"]["max_amount"] == 2000
    bids = await seller.run("auctions", "bids", auction_id, "-o", "csv", "--fields", "seq,amount")
    assert bids.out == "seq,amount\n1,12.50\n"
    listed = await bidder.run("auctions", "live", "watch", "-o", "jsonl", "--fields", "auction_id")
    assert json.loads(listed.out) == {"auction_id": auction_id}
    assert (await bidder.run("auctions", "follow", auction_id)).code == 0
    followed = await bidder.run("auctions", "live", "--followed")
    assert auction_id in followed.out
    assert "12.50" in followed.out
    refused = await seller.run("auctions", "cancel", auction_id, "--yes")
    assert (refused.code, refused.out) in ((4, ""), (6, ""))


async def test_buy_now_ends_it(market: Market, shell_of: Shells) -> None:
    auction_id = await market.auction(await market.seller(), buy_now=5000)
    bidder = shell_of(await market.bidder())
    wrong = await bidder.run("auctions", "buy-now", auction_id, "--amount", "49", "--yes")
    assert (wrong.code, wrong.out) == (6, "")
    done = await bidder.run("auctions", "buy-now", auction_id, "--yes", "-o", "json")
    assert (done.code, json.loads(done.out)["kind"]) == (0, "buy_now")
    again = await bidder.run("auctions", "buy-now", auction_id, "--yes")
    assert again.code == 6


async def test_refusals_have_exit_codes_and_say_what_helps(
    market: Market, shell_of: Shells, shell: Shell
) -> None:
    owner = await market.seller()
    auction_id = await market.auction(owner)
    leader, bidder, seller = await market.bidder(), await market.bidder(), shell_of(owner)
    await leader.auctions.bid(auction_id, amount=500, max_amount=900)
    over = await market.auction(owner, title="Cancelled")
    await owner.auctions.cancel(over)
    mine, other = shell_of(bidder), shell_of(leader)
    cases = (
        (mine, ("bid", auction_id, "5.00", "--yes"), 6, "the minimum is 5.50"),
        (other, ("bid", auction_id, "6.00", "--yes"), 6, "the minimum is 9.01"),
        (mine, ("bid", over, "5.00", "--yes"), 6, "the auction is over"),
        (seller, ("bid", auction_id, "9.00", "--yes"), 4, ""),
        (shell, ("bid", auction_id, "9.00", "--yes"), 4, "auth login"),
        (mine, ("bid", MISSING, "9.00", "--yes"), 5, ""),
        (mine, ("bid", auction_id), 2, "--max"),
        (mine, ("bid", auction_id, "9,50", "--yes"), 2, "AMOUNT"),
        (mine, ("bid", auction_id, "9.00", "--max", "8.00", "--yes"), 2, "max_amount"),
        (mine, ("watch", MISSING), 5, ""),
        (mine, ("watch", auction_id, "-o", "json"), 2, "--jsonl"),
        (seller, ("create", MISSING, "--min-bid", "1", "--duration", "soon"), 2, "--duration"),
        (seller, ("create", MISSING, "--min-bid", "1"), 2, "--duration"),
        (seller, ("create", MISSING, "--min-bid", "1", "--duration", "1h"), 5, ""),
    )
    ended = await asyncio.gather(*(each.run("auctions", *words) for each, words, _, _ in cases))
    for (_, words, code, said), done in zip(cases, ended, strict=True):
        assert (done.code, done.out) == (code, ""), (words, done.err)
        assert said in done.err, words
        assert "Traceback" not in done.err


async def test_a_bid_that_is_outbid_at_once_says_so(market: Market, shell_of: Shells) -> None:
    auction_id = await market.auction(await market.seller())
    await (await market.bidder()).auctions.bid(auction_id, amount=500, max_amount=5000)
    done = await shell_of(await market.bidder()).run("auctions", "bid", auction_id, "6.00", "--yes")
    assert done.code == 0
    assert "outcome\toutbid\n" in done.out
    assert "the minimum is 7.00 now" in done.err


async def test_a_key_makes_a_bid_count_once(market: Market, shell_of: Shells) -> None:
    auction_id = await market.auction(await market.seller())
    bidder = shell_of(await market.bidder())
    arguments = ("auctions", "bid", auction_id, "6.00", "--key", "mine-1", "--yes", "-o", "json")
    first, again = await bidder.run(*arguments), await bidder.run(*arguments)
    assert json.loads(first.out)["seq"] == json.loads(again.out)["seq"] == 1


async def test_watching_two_auctions_to_their_ends(market: Market, shell_of: Shells) -> None:
    owner, bidder = await market.seller(), await market.bidder()
    first = await market.auction(owner, title="First [b]", buy_now=5000)
    second = await market.auction(owner, title="Second")
    process = await shell_of(bidder).start("auctions", "watch", first, second, "--jsonl")
    assert process.stdout is not None
    joined = [json.loads(await process.stdout.readline()) for _ in range(2)]
    assert {each["event"] for each in joined} == {"joined"}
    await bidder.auctions.buy_now(first, 5000)
    await owner.auctions.cancel(second, "broken")
    rest = (await process.communicate())[0].decode().splitlines()
    events = {each["data"]["auction_id"]: each for each in map(json.loads, rest)}
    assert process.returncode == 0
    assert events[first]["event"] == "auction_ended"
    assert events[first]["data"]["price"] == 5000
    assert events[second]["event"] == "auction_cancelled"
    assert events[second]["data"]["reason"] == "broken"


async def test_watching_as_text_until_the_first_bid(market: Market, shell_of: Shells) -> None:
    auction_id = await market.auction(await market.seller(), title="A [red]watch[/red]")
    process = await shell_of(await market.bidder()).start(
        "auctions", "watch", auction_id, "--until", "bid"
    )
    assert process.stdout is not None
    assert b"A [red]watch[/red]: live, no bids" in await process.stdout.readline()
    await (await market.bidder()).auctions.bid(auction_id, amount=500)
    out, _ = await process.communicate()
    assert b"bidder-1 bids 5.00, bidder-1 leads at 5.00" in out
    assert process.returncode == 0


async def test_what_cannot_come_any_more_is_a_failure(market: Market, shell_of: Shells) -> None:
    owner = await market.seller()
    auction_id = await market.auction(owner)
    await owner.auctions.cancel(auction_id)
    done = await shell_of(owner).run("auctions", "watch", auction_id, "--until", "bid")
    assert done.code == 1
    assert "cancelled" in done.out


async def test_ctrl_c_ends_with_130(market: Market, shell_of: Shells) -> None:
    auction_id = await market.auction(await market.seller())
    process = await shell_of(await market.bidder()).start("auctions", "watch", auction_id)
    assert process.stdout is not None
    await process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, err = await process.communicate()
    assert process.returncode == 130
    assert b"Traceback" not in out + err


class OnTerminal:
    """A command on a pseudo-terminal, as a person runs it."""

    def __init__(self, shell: Shell, *arguments: str) -> None:
        self._shell = shell
        self._arguments = arguments

    async def run(self, answer: str, after: str) -> tuple[int, str]:
        """Types `answer` when `after` has appeared; the exit code and all that was shown."""
        ours, theirs = pty.openpty()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "instasell_cli", *self._arguments),
            env={**self._shell.environment, "TERM": "xterm-256color"},
            cwd=self._shell.home,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        shown = await asyncio.to_thread(self._talk, ours, answer, after)
        os.close(ours)
        return await process.wait(), shown

    def _talk(self, ours: int, answer: str, after: str) -> str:
        shown, answered = "", False
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:
                # Linux answers EIO when the other side of a terminal is closed.
                return shown
            if not part:
                return shown
            shown += part.decode(errors="replace")
            if not answered and after in shown:
                os.write(ours, answer.encode())
                answered = True


@pytest.mark.parametrize(("answer", "count"), [("n\n", 0), ("\n", 0), ("y\n", 1)])
async def test_a_bid_is_confirmed_on_a_terminal(
    market: Market, shell_of: Shells, answer: str, count: int
) -> None:
    owner = await market.seller()
    auction_id = await market.auction(owner, title="A \N{SNOWMAN} [b]")
    shell = shell_of(await market.bidder())
    code, shown = await OnTerminal(shell, "auctions", "bid", auction_id, "6.00").run(
        answer, "[y/N]"
    )
    assert 'Bid 6.00 USD on "A \N{SNOWMAN} [b]"?' in shown
    assert code == (0 if count else 1)
    assert (await owner.auctions.status(auction_id)).state.bid_count == count


async def test_yes_spares_the_question(market: Market, shell_of: Shells) -> None:
    owner = await market.seller()
    auction_id = await market.auction(owner)
    shell = shell_of(await market.bidder())
    terminal = OnTerminal(shell, "auctions", "bid", auction_id, "6.00", "--yes")
    code, shown = await terminal.run("", "never asked")
    assert (code, "[y/N]" in shown) == (0, False)
    assert (await owner.auctions.status(auction_id)).state.bid_count == 1


async def test_a_terminal_gets_a_table_and_no_color_is_honoured(
    market: Market, shell_of: Shells
) -> None:
    auction_id = await market.auction(await market.seller(), title="A [b]watch[/b]")
    shell = shell_of(await market.bidder())
    code, shown = await OnTerminal(shell, "auctions", "live").run("", "never asked")
    assert code == 0
    assert auction_id in shown
    assert "A [b]watch[/b]" in shown
    assert "\t" not in shown
    assert "\x1b[" in shown
    shell.extra["NO_COLOR"] = "1"
    _, plain = await OnTerminal(shell, "auctions", "live").run("", "never asked")
    assert "\x1b[3" not in plain
    assert "\x1b[9" not in plain


async def test_sellers_list_their_auctions(market: Market, shell_of: Shells) -> None:
    owner = await market.seller()
    first = await market.auction(owner, title="A watch", min_bid=1000, reserve=5000)
    second = await market.auction(owner, title="A lamp", min_bid=1000)
    await owner.auctions.cancel(second)
    shell = shell_of(owner)
    listed = await shell.run(
        "auctions", "selling", "-o", "csv", "--fields", "auction_id,part,title,reserve,watchers"
    )
    assert listed.out == (
        "auction_id,part,title,reserve,watchers\n"
        f"{second},cancelled,A lamp,,0\n{first},running,A watch,50.00,0\n"
    )
    one = await shell.run(
        "auctions", "selling", "--part", "running", "-o", "jsonl", "--fields", "title,order_id"
    )
    assert json.loads(one.out) == {"title": "A watch", "order_id": None}
    refused = await shell_of(await market.bidder()).run("auctions", "selling")
    assert (refused.code, refused.out) == (4, "")


async def test_a_bidder_lists_where_one_bids(market: Market, shell_of: Shells) -> None:
    owner, bidder = await market.seller(), await market.bidder()
    led = await market.auction(owner, title="A watch", min_bid=1000)
    lost = await market.auction(owner, title="A lamp", min_bid=1000)
    await bidder.auctions.bid(led, max_amount=2550)
    await bidder.auctions.bid(lost, amount=1000)
    await (await market.bidder()).auctions.bid(lost, amount=1500)
    shell = shell_of(bidder)
    listed = await shell.run(
        "auctions", "bidding", "-o", "csv", "--fields", "auction_id,part,current_bid,max_amount"
    )
    assert listed.out == (
        "auction_id,part,current_bid,max_amount\n"
        f"{lost},outbid,15.00,10.00\n{led},leading,10.00,25.50\n"
    )
    one = await shell.run("auctions", "bidding", "--part", "leading", "-o", "jsonl")
    assert json.loads(one.out)["bidder"] == "bidder-1"
    nobody = await shell_of(owner).run("auctions", "bidding", "-o", "jsonl")
    assert (nobody.code, nobody.out) == (0, "")
