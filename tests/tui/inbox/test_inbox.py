"""Notices and messages on a real server: counts, what opens, and words that come meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from instasell_client import RateLimited
from instasell_client.models.notifications import Notification, NotificationKind
from instasell_tui.auction.screen import AuctionScreen
from instasell_tui.inbox import text as inbox_text
from instasell_tui.inbox.conversation_screen import ConversationScreen
from instasell_tui.inbox.conversations_screen import ConversationsScreen
from instasell_tui.inbox.notifications_screen import NoticesScreen
from instasell_tui.market import messages
from instasell_tui.orders.order_screen import OrderScreen
from instasell_tui.widgets.row_table import RowTable
from tests.support.market import Market
from tests.tui.pilot import LARGE, SMALL, Opener
from tests.tui.samples import NOW
from tests.tui.trade import Trade

HOSTILE = "[b]Ford[/b] [@click=app.quit]x[/]\nsecond line"


@pytest.fixture
async def trade(market: Market, fund: Callable[[str, int], None]) -> Trade:
    """A seller and a buyer."""
    return await Trade.open(market, fund)


async def test_notices_come_are_opened_and_are_read(trade: Trade, screen: Opener) -> None:
    async with screen(trade.seller.token) as shown:
        await shown.press("N")
        await shown.until(lambda: isinstance(shown.app.screen, NoticesScreen))
        await shown.reads("Nothing has happened yet", "p chooses your notifications")
        assert "Open" not in shown.text
        await trade.paid("Brass lamp")
        await shown.reads(
            "● 1 new (N)", "● ▶ Paid 12.50 by", "Brass lamp", "2 Unread 1", "a All read"
        )
        await shown.press("enter")
        await shown.until(lambda: isinstance(shown.app.screen, OrderScreen))
        await shown.reads("▶ Ship it")
        await shown.press("escape")
        await shown.until(lambda: "● 1 new" not in shown.text and "2 Unread 0" in shown.text)
        await shown.press("2")
        await shown.reads("Nothing new.")
    assert (await trade.seller.notifications.page()).unread_count == 0


async def test_all_are_read_at_once(trade: Trade, screen: Opener) -> None:
    for number in range(3):
        await trade.paid(f"Lamp {number}")
    async with screen(trade.seller.token, size=LARGE) as shown:
        await shown.press("N")
        await shown.reads("● 3 new (N)", "Lamp 2", "Lamp 0")
        await shown.press("a")
        await shown.until(lambda: "new (N)" not in shown.text)
        assert "a All read" not in shown.text
    async with screen(trade.seller.token, read_only=True) as shown:
        await trade.paid("Lamp 4")
        await shown.reads("● 1 new (N)")
        await shown.press("N")
        await shown.reads("Lamp 4")
        assert "a All read" not in shown.text
        await shown.press("enter")
        await shown.until(lambda: isinstance(shown.app.screen, OrderScreen))
    assert (await trade.seller.notifications.page()).unread_count == 1


async def test_a_notice_or_a_mark_stays_that_comes_while_the_list_is_read(
    trade: Trade, screen: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    await trade.paid("Copper lamp")
    async with screen(trade.seller.token) as shown:
        await shown.reads("● 1 new (N)")
        inbox, notifications = shown.app.inbox, shown.app.feed.client.notifications
        read, has_read, goes_on = notifications.page, asyncio.Event(), asyncio.Event()

        async def late(**wish: Any) -> Any:
            page = await read(**wish)
            has_read.set()
            await goes_on.wait()
            return page

        monkeypatch.setattr(notifications, "page", late)
        for step in ("told", "marked"):
            has_read.clear()
            goes_on.clear()
            looking = asyncio.create_task(inbox.look_at_notices())
            await has_read.wait()
            if step == "told":
                await trade.paid("Brass lamp")
                await shown.until(lambda: inbox.unread_notices == 2)
            else:
                await inbox.mark_all_read()
            goes_on.set()
            await looking
            unread = [each.read_at is None for each in inbox.notices]
            assert unread == [step == "told"] * 2
            assert inbox.unread_notices == sum(unread)


async def test_a_question_and_its_answer(market: Market, screen: Opener) -> None:
    seller, buyer = await market.seller(), await market.bidder()
    title = "Mantel clock, eight days, strikes the hour, with its key and the papers of 1893"
    auction_id = await market.auction(seller, title=title)
    async with screen(buyer.token) as shown:
        shown.app.open_auction(auction_id)
        await shown.until(lambda: isinstance(shown.app.screen, AuctionScreen))
        await shown.reads("a Ask")
        await shown.press("a")
        await shown.reads("Ask the seller", "Mantel clock")
        await shown.type("Does it strike?")
        await shown.press("enter")
        await shown.reads("Sent: the answer comes under Messages")
        [conversation] = [each async for each in seller.messages.conversations()]
        await seller.messages.send(conversation.id, HOSTILE)
        await shown.reads("writes (M)", "✉ 1 (M)")
        await shown.press("escape", "M")
        await shown.until(lambda: isinstance(shown.app.screen, ConversationsScreen))
        await shown.reads("question: Mantel", "[b]Ford[/b]")
        await shown.press("enter")
        await shown.until(lambda: isinstance(shown.app.screen, ConversationScreen))
        # One line is cut with a sign for it, and filled to its end.
        assert shown.lines[1].endswith("…")
        assert len(shown.lines[1]) == SMALL[0] - 1
        await shown.reads("Does it strike?", "[b]Ford[/b] [@click=app.quit]x[/]", "second line")
        await shown.until(lambda: "✉" not in shown.text)
        await shown.type("Thanks")
        await shown.press("enter")
        await shown.reads("Thanks")
        # What comes while one looks is seen, and so is read.
        await seller.messages.send(conversation.id, "You are welcome")
        await shown.reads("You are welcome")
        await shown.until(lambda: "✉" not in shown.text)
    said = [each.text async for each in buyer.messages.list(conversation.id)]
    assert said == ["You are welcome", "Thanks", HOSTILE, "Does it strike?"]


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_words_about_an_order(trade: Trade, screen: Opener, size: tuple[int, int]) -> None:
    order_id = await trade.paid()
    async with screen(trade.buyer.token, size=size) as shown:
        shown.app.push_screen(OrderScreen(order_id))
        await shown.reads("m Message")
        await shown.press("m")
        await shown.reads("Write to the other side")
        await shown.type("When will it go?")
        await shown.press("enter")
        await shown.reads("Sent: the answer comes")
        await shown.press("m")
        await shown.until(lambda: isinstance(shown.app.screen, ConversationScreen))
        await shown.reads("order: A lamp", "you", "When will it go?", "f2 Order")
        await shown.press("f2")
        await shown.until(lambda: isinstance(shown.app.screen, OrderScreen))


async def test_a_message_that_is_refused_is_kept(market: Market, screen: Opener) -> None:
    seller, buyer = await market.seller(), await market.bidder()
    made = await buyer.messages.ask(await market.listing(seller), "Is it new?")
    async with screen(buyer.token) as shown:
        shown.app.open_conversation(made.conversation.id)
        await shown.reads("Is it new?")
        await shown.type("Well")
        await buyer.auth.logout()
        await shown.press("enter")
        await shown.until(lambda: "Not sent" in shown.text or "signed out" in shown.text)


async def test_a_screen_that_is_left_while_it_is_signed_out_ends_quietly(
    market: Market, screen: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def restart() -> None:
        """Come back when no screen is there any more."""

    async with screen((await market.bidder()).token) as shown:
        app = shown.app
    monkeypatch.setattr(app.feed, "restart", restart)
    assert not app.screen_stack
    await app.on_signed_out(messages.SignedOut("The session has ended."))


async def test_older_words_come_on_demand(market: Market, screen: Opener) -> None:
    seller, buyer = await market.seller(), await market.bidder()
    made = await buyer.messages.ask(await market.listing(seller), "number 1")
    for number in range(2, 8):
        await seller.messages.send(made.conversation.id, f"number {number}")
    async with screen(buyer.token, size=LARGE) as shown:
        shown.app.open_conversation(made.conversation.id)
        await shown.reads("number 1", "number 7")


def notice(kind: str, **payload: object) -> Notification:
    """A notice with a payload."""
    return Notification(
        id="0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11", kind=kind, payload=dict(payload),
        created_at=NOW, read_at=None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (
            notice("outbid", current_bid=1000, minimum=1050, currency="USD"),
            "▼ Outbid at 10.00; 10.50 leads again",
        ),
        (notice("won", total_amount=1250, currency="JPY"), "▲ Won: pay 1,250"),
        (notice("release", amount=10**11, currency="USD"), "+ 1,000,000,000.00 is yours"),
        (notice("auction_ended", price=None, order_id=None), "■ Your auction ended without a bid"),
        (
            notice("auction_ended", price=500, bid_count=2, order_id=None),
            "■ Ended below the reserve: no sale",
        ),
        (notice("lost", price=500, winner=None), "■ Ended below the reserve: no sale"),
        (notice("lost", price=500, winner="bidder-2"), "■ bidder-2 won at 5.00"),
        (notice("lost", price=500), "■ You did not win it; it ended at 5.00"),
        (
            notice("order_cancelled", reason="it \x1b[31mbroke"),
            "■ The order is cancelled: it \ufffd[31mbroke",
        ),
        (notice("something_new"), "something new"),
        (notice("message", sender_name="Ann", text="a\nb"), "Ann: a b"),
    ],
)  # fmt: skip
def test_what_a_notice_says(told: Notification, sentence: str) -> None:
    assert inbox_text.sentence(told) == sentence


def test_every_kind_has_a_sentence_even_with_nothing_in_it() -> None:
    from instasell_client.models.notifications import NotificationKind

    for kind in NotificationKind:
        assert inbox_text.sentence(notice(kind.value)) != kind.value.replace("_", " ")


async def test_a_preference_is_turned_and_saved_at_once(
    trade: Trade, screen: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def kept() -> dict[str, tuple[bool, bool]]:
        found = (await trade.buyer.notifications.preferences()).items
        return {each.kind: (each.in_app, each.email) for each in found}

    assert (await kept())["outbid"] == (True, False)
    async with screen(trade.buyer.token) as shown:
        await shown.press("N", "p")
        await shown.reads(
            "Your notifications",
            "A bidder outbids you",
            f"{len(NotificationKind)} kinds",
            "a In app on/off",
        )
        # Two kinds in one breath: neither wish is lost.
        await shown.press("e", "down", "enter")
        await shown.reads("You win an auction: not told in the app")
        told = await kept()
        assert (told["outbid"], told["won"]) == ((True, True), (False, True))
        await shown.press("up", "a", "e")
        await shown.reads("A bidder outbids you: not told by e-mail")
        assert (await kept())["outbid"] == (False, False)

        async def refuse(*_: object, **__: object) -> None:
            raise RateLimited("too many requests")

        monkeypatch.setattr(shown.app.feed.client.notifications, "set_preference", refuse)
        await shown.press("a")
        await shown.reads("Refused: too many requests")
        assert "[✓]" not in next(line for line in shown.lines if "outbids you  " in line)
    async with screen(trade.buyer.token, read_only=True, size=LARGE) as shown:
        await shown.press("N", "p")
        await shown.reads("Opened read-only", "A bidder outbids you")
        assert "a In app" not in shown.text
        await shown.press("a", "enter")
        assert "[✓]" not in next(line for line in shown.lines if "A bidder outbids you" in line)
    assert (await kept())["outbid"] == (False, False)


def test_every_kind_has_words_for_when_it_comes() -> None:
    words = {inbox_text.occasion(kind.value) for kind in NotificationKind}
    assert len(words) == len(NotificationKind)
    assert not any("_" in each for each in words)
    assert all(each[0].isupper() for each in words)
    assert inbox_text.occasion("moon_phase") == "moon phase"


async def test_leaving_while_a_list_is_read_breaks_nothing(
    market: Market, screen: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await market.bidder()

    async def load(self: NoticesScreen) -> None:
        # The answer comes when the widgets are gone, and the screen is not.
        while self.query(RowTable):  # noqa: ASYNC110 - nothing tells when widgets are gone
            await asyncio.sleep(0)

    monkeypatch.setattr(NoticesScreen, "load", load)
    async with screen(person.token) as shown:
        await shown.press("N")
        await shown.until(lambda: isinstance(shown.app.screen, NoticesScreen))
