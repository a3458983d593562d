"""Orders on a real server: what is listed, and the steps of both sides."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from rich.cells import cell_len

from instasell_client.models.accounts import Role
from instasell_client.models.disputes import DisputeKind, DisputeView
from instasell_tui.orders import text as orders_text
from instasell_tui.orders.order_screen import OrderScreen
from instasell_tui.orders.screen import OrdersScreen
from instasell_tui.wallet.screen import WalletScreen
from instasell_tui.widgets.row_table import RowTable
from tests.client import samples
from tests.support.market import Market
from tests.tui.board.test_board_screen import HOSTILE
from tests.tui.pilot import LARGE, SMALL, Opener, Screen
from tests.tui.trade import Trade

pytestmark = pytest.mark.usefixtures("unmeasured")


@pytest.fixture
async def trade(market: Market, fund: Callable[[str, int], None]) -> Trade:
    """A seller and a buyer."""
    return await Trade.open(market, fund)


async def order_open(shown: Screen, order_id: str) -> None:
    """Go through the list to one order."""
    await shown.press("o")
    await shown.until(lambda: isinstance(shown.app.screen, OrdersScreen))
    table = shown.app.screen.query_one(RowTable)
    await shown.until(lambda: order_id in [row.key for row in table.rows])
    while table.cursor_key != order_id:
        await shown.press("down")
    await shown.press("enter")
    await shown.until(lambda: isinstance(shown.app.screen, OrderScreen))
    await shown.reads("ordered")


async def test_orders_that_are_due_come_first_on_each_side(trade: Trade, screen: Opener) -> None:
    paid = await trade.paid("Paid clock")
    shipped = await trade.shipped("Shipped camera")
    unpaid = await trade.order("Unpaid lamp")
    async with screen(trade.buyer.token) as shown:
        await shown.press("o")
        await shown.reads("3 orders", "2 due", "1 All 3", "2 Buying 3", "3 Selling 0")
        table = shown.app.screen.query_one(RowTable)
        assert [row.key for row in table.rows] == [unpaid, shipped, paid]
        await shown.reads("▶ Unpaid lamp", "to pay", "▶ Shipped camera", "to confirm")
        await shown.press("3")
        await shown.reads("Nobody has ordered from you yet")
        await shown.pilot.click("TabStrip Label:first-child")
        await shown.reads("3 orders")
        await shown.press("escape")
        await shown.reads("Board")
    async with screen(trade.seller.token) as shown:
        await shown.press("o")
        await shown.reads("3 Selling 3", "▶ Paid clock", "to ship", "not paid yet", "on its way")


async def test_older_orders_come_as_one_scrolls(
    trade: Trade, screen: Opener, sql: Callable[..., list[tuple[Any, ...]]]
) -> None:
    await trade.buyer.orders.cancel(await trade.order("Many"))
    sql(
        "INSERT INTO orders SELECT (jsonb_populate_record(o, jsonb_build_object("
        "'id', gen_random_uuid(), 'created_at', o.created_at - n * interval '1 hour'))).*"
        " FROM orders o, generate_series(1, 149) n"
    )
    async with screen(trade.buyer.token) as shown:
        await shown.press("o")
        await shown.reads("100 orders", "1 All 100+")
        await shown.press("end")
        await shown.reads("150 orders")
        assert "150+" not in shown.text


async def test_a_tab_reads_on_until_it_has_something(
    trade: Trade, screen: Opener, sql: Callable[..., list[tuple[Any, ...]]]
) -> None:
    await trade.buyer.orders.cancel(await trade.order("Sold long ago"))
    sql(
        "INSERT INTO orders SELECT (jsonb_populate_record(o, jsonb_build_object("
        "'id', gen_random_uuid(), 'created_at', o.created_at + n * interval '1 second',"
        " 'buyer_id', o.seller_id, 'seller_id', o.buyer_id))).*"
        " FROM orders o, generate_series(1, 249) n"
    )
    async with screen(trade.seller.token) as shown:
        await shown.press("o")
        await shown.reads("2 Buying 100+")
        await shown.press("3")
        await shown.reads("Sold long ago", "3 Selling 1", "2 Buying 249")


async def test_paid_from_the_wallet_after_a_confirmation(trade: Trade, screen: Opener) -> None:
    order_id = await trade.order()
    await trade.give(2000)
    async with screen(trade.buyer.token) as shown:
        await order_open(shown, order_id)
        await shown.press("p")
        await shown.reads("Pay this from your wallet?", "12.50", "20.00", "7.50")
        await shown.press("escape")
        await shown.reads("Nothing was sent")
        assert (await trade.buyer.orders.get(order_id)).order.paid_at is None
        await shown.press("p")
        await shown.confirm()
        await shown.reads("Paid 12.50 from the wallet", "the seller is to ship", "paid by wallet")
        assert (await trade.buyer.wallet.get()).balance == 750


async def test_a_wallet_with_too_little_says_what_is_missing(trade: Trade, screen: Opener) -> None:
    order_id = await trade.order()
    await trade.give(1000)
    async with screen(trade.buyer.token) as shown:
        await order_open(shown, order_id)
        await shown.press("p")
        await shown.reads("Missing")
        await shown.confirm()
        await shown.reads("Not paid: 2.50 is missing in the wallet", "▶ to pay")
        await shown.press("W")
        await shown.until(lambda: isinstance(shown.app.screen, WalletScreen))


async def test_a_market_without_a_payment_provider_says_so(trade: Trade, screen: Opener) -> None:
    order_id = await trade.order()
    async with screen(trade.buyer.token) as shown:
        await order_open(shown, order_id)
        await shown.press("c")
        await shown.confirm()
        await shown.reads("payment", "▶ to pay")
        await shown.until(lambda: "c Pay card" in shown.text)


async def test_shipped_confirmed_and_the_seller_has_the_money(trade: Trade, screen: Opener) -> None:
    order_id = await trade.paid()
    async with screen(trade.seller.token) as shown:
        await order_open(shown, order_id)
        await shown.reads("▶ to ship", "Quay 1")
        await shown.press("s")
        await shown.type("Post")
        await shown.press("enter")
        await shown.type("RR 123")
        await shown.press("enter")
        await shown.reads("Shipped: the buyer is to confirm", "RR 123", "· on its way")
    async with screen(trade.buyer.token) as shown:
        await order_open(shown, order_id)
        await shown.press("d")
        await shown.reads("Has the item arrived?", "The seller gets", "12.50")
        await shown.confirm()
        await shown.reads("✓ Delivered", "Confirmed: the seller has the money")
    assert (await trade.seller.wallet.get()).balance == 1250


async def test_a_refusal_keeps_what_was_typed(trade: Trade, screen: Opener) -> None:
    order_id = await trade.paid()
    async with screen(trade.seller.token) as shown:
        await order_open(shown, order_id)
        await shown.press("s")
        await shown.type("Post")
        await shown.press("enter", "enter")
        await shown.reads("Type this")
        await shown.type("RR 9")
        await trade.seller.orders.cancel(order_id, "[b]broken[/b] in the store")
        await shown.press("enter")
        await shown.reads("Refused: it is cancelled", "Post", "RR 9")
        await shown.press("escape")
        await shown.reads("■ Cancelled: 12.50 went back", "[b]broken[/b] in the store")
        assert "s Ship" not in shown.text


async def test_refunds_in_part_and_no_more_than_is_held(trade: Trade, screen: Opener) -> None:
    order_id = await trade.paid()
    async with screen(trade.seller.token) as shown:
        await order_open(shown, order_id)
        await shown.press("f")
        await shown.reads("Refund up to 12.50")
        await shown.press("ctrl+u")
        await shown.type("12.51")
        await shown.press("enter")
        await shown.reads("at most 12.50")
        await shown.press("ctrl+u")
        await shown.type("3")
        await shown.press("enter")
        await shown.reads("Refund this much?", "the buyer's wallet", "3.00", "9.50")
        await shown.confirm()
        await shown.reads("Refunded 3.00", "▶ to ship")
    assert (await trade.buyer.wallet.get()).balance == 300


async def test_cancelled_with_a_reason(trade: Trade, screen: Opener) -> None:
    order_id = await trade.order()
    async with screen(trade.buyer.token) as shown:
        await order_open(shown, order_id)
        await shown.press("x")
        await shown.type("not needed")
        await shown.press("enter")
        await shown.reads("Goes back to the buyer", "0.00")
        await shown.confirm()
        await shown.reads("The order is cancelled", "■ cancelled", "not needed")


async def test_an_address_is_typed_and_checked(trade: Trade, screen: Opener) -> None:
    order_id = await trade.order()
    async with screen(trade.buyer.token) as shown:
        await order_open(shown, order_id)
        await shown.press("a")
        await shown.reads("Where should the item be sent?", "24103")
        await shown.press("ctrl+u")
        await shown.type("Bea [red]")
        await shown.press("up", "up", "up", "ctrl+u")
        await shown.type("X1")
        await shown.press("enter")
        await shown.reads("Two letters, as DE or US", "Bea [red]")
        await shown.press("ctrl+u")
        await shown.type("at")
        await shown.press("enter")
        await shown.reads("The address is kept", "Bea [red]", "AT")
    address = (await trade.buyer.orders.get(order_id)).order.address
    assert address is not None
    assert (address.name, address.country) == ("Bea [red]", "AT")


async def test_what_happens_elsewhere_is_seen(trade: Trade, screen: Opener) -> None:
    order_id = await trade.paid()
    async with screen(trade.buyer.token) as shown:
        await order_open(shown, order_id)
        # The market tells of it, without a key.
        await trade.seller.orders.ship(order_id, carrier="Post", tracking="RR 7")
        await shown.reads("RR 7", "d Delivered")
        await shown.press("r")
        await trade.seller.orders.cancel(order_id)
        await shown.reads("■ Cancelled: 12.50 went back")
        await shown.press("escape")
        await shown.reads("cancelled", "nothing due")


async def test_the_history_comes_with_the_status(
    trade: Trade, screen: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Only what the market tells brings it, and not the next look after a while.
    monkeypatch.setattr("instasell_tui.orders.order_screen.REFRESH_SECONDS", 3600.0)
    order_id = await trade.paid()
    async with screen(trade.buyer.token) as shown:
        await order_open(shown, order_id)
        await trade.seller.orders.ship(order_id, carrier="Post", tracking="RR 7")
        await shown.until(lambda: any("shipped" in line for line in history(shown)))


def history(shown: Screen) -> list[str]:
    """The lines of the order's history."""
    lines = shown.lines
    head = next((at for at, line in enumerate(lines) if "History" in line), len(lines))
    return lines[head:]


async def test_read_only_shows_all_and_does_nothing(trade: Trade, screen: Opener) -> None:
    order_id = await trade.order()
    await trade.give(5000)
    async with screen(trade.buyer.token, read_only=True) as shown:
        await order_open(shown, order_id)
        await shown.reads("Opened read-only", "▶ to pay")
        assert "Pay wallet" not in shown.text
        await shown.press("p", "c", "a", "x")
        assert isinstance(shown.app.screen, OrderScreen)
        await shown.press("W", "u")
        await shown.until(lambda: isinstance(shown.app.screen, WalletScreen))
        await shown.reads("Opened read-only", "50.00")
    assert (await trade.buyer.orders.get(order_id)).order.status == "pending"


async def test_without_orders_and_without_a_person(trade: Trade, screen: Opener) -> None:
    async with screen(trade.buyer.token) as shown:
        await shown.press("o")
        await shown.reads("You have no orders yet", "0 orders")
        await shown.press("enter")
        assert isinstance(shown.app.screen, OrdersScreen)
        await shown.press("i")
        await shown.confirm()
        await shown.reads("Press i to sign in; then your orders are here")
    async with screen() as shown:
        await shown.press("o")
        await shown.reads("Press i to sign in; then your orders are here")
        await shown.press("W")
        await shown.reads("Press i to sign in; then your wallet is here")


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_hostile_titles_break_no_column(
    trade: Trade,
    screen: Opener,
    size: tuple[int, int],
    sql: Callable[..., list[tuple[Any, ...]]],
) -> None:
    for title in HOSTILE.values():
        order_id = await trade.order()
        listing_id = (await trade.buyer.orders.get(order_id)).order.listing_id
        sql("UPDATE listings SET title = %s WHERE id = %s", title[:200], listing_id)
    async with screen(trade.buyer.token, size=size) as shown:
        await shown.press("o")
        await shown.reads(f"{len(HOSTILE)} orders")
        rows = [line for line in shown.lines if " to pay " in line]
        assert len(rows) == len(HOSTILE)
        assert len({cell_len(row.partition(" to pay ")[0]) for row in rows}) == 1
        assert not any(char in shown.text for char in "\x1b\x07\r\t\u202e\u2066\u200d\ufe0f")
        await shown.reads("[/b] Ford [blue]")
        table = shown.app.screen.query_one(RowTable)
        for row in table.rows:
            shown.app.push_screen(OrderScreen(row.key))
            await shown.reads("ordered")
            await shown.press("x")
            await shown.reads("Cancel this order?")
            await shown.press("escape", "escape")


def _shows(shown: Screen, kind: type[object]) -> bool:
    return isinstance(shown.app.screen, kind)


async def test_the_palette_leads_to_both(trade: Trade, screen: Opener) -> None:
    async with screen(trade.buyer.token) as shown:
        for name, kind in (("Orders", OrdersScreen), ("Wallet", WalletScreen)):
            await shown.press("ctrl+p")
            await shown.type(name)
            await shown.reads("what is due" if name == "Orders" else "gas and transactions")
            await shown.press("down", "enter")
            await shown.until(partial(_shows, shown, kind))
        await shown.press("o")
        await shown.until(lambda: isinstance(shown.app.screen, OrdersScreen))
        assert len(shown.app.screen_stack) == 3


async def test_a_dispute_is_opened_answered_and_decided(trade: Trade, screen: Opener) -> None:
    order_id = await trade.shipped()
    async with screen(trade.buyer.token) as shown:
        await order_open(shown, order_id)
        await shown.press("D")
        await shown.reads("What is wrong?", "(•) not received", "( ) damaged")
        await shown.press("space", "space", "tab")
        await shown.type("In two [b]parts[/b]")
        await shown.press("enter")
        await shown.reads("Opened: 12.50 stays held", "! in dispute", "! damaged: 12.50 stays held")
        await shown.reads("you", "In two [b]parts[/b]", "e Answer")
        assert "D Dispute" not in shown.text
    async with screen(trade.seller.token, size=LARGE) as shown:
        await order_open(shown, order_id)
        await shown.reads("the buyer", "In two [b]parts[/b]", "f Refund")
        await shown.press("e")
        await shown.reads("Say something in the dispute")
        await shown.type("It left whole")
        await shown.press("enter")
        await shown.reads("Said; the other side", "you", "It left whole")
        [dispute] = [each async for each in trade.seller.disputes.list()]
        admin = await trade.market.person(Role.ADMIN)
        await admin.admin.resolve_dispute(dispute.id, 500, "half of it")
        await shown.press("r")
        await shown.reads("✓ damaged: 5.00 went back to the buyer (half of it)", "✓ Delivered")
        assert "e Answer" not in shown.text


async def test_a_refused_complaint_keeps_what_was_typed(trade: Trade, screen: Opener) -> None:
    order_id = await trade.shipped()
    async with screen(trade.buyer.token) as shown:
        await order_open(shown, order_id)
        await shown.press("D", "tab")
        await shown.reads("What is wrong?")
        await shown.type("Never came")
        await trade.buyer.orders.confirm_delivery(order_id)
        await shown.press("enter")
        await shown.reads("Refused: it is delivered", "Never came")


def test_files_stand_among_the_statements() -> None:
    at = datetime(2026, 3, 5, 12, tzinfo=UTC)
    said = {"author": "seller", "author_name": "Ann", "text": "It left whole.", "created_at": at}
    file = {
        "id": samples.OTHER, "author": "buyer", "file_name": "[b]lamp[/b].jpg", "url": "/media/x",
        "content_type": "image/jpeg", "size_bytes": 52100, "created_at": at - timedelta(minutes=1),
    }  # fmt: skip
    dispute = samples.dispute(created_at=at - timedelta(hours=1))
    view = DisputeView.model_validate({"dispute": dispute, "messages": [said], "evidence": [file]})
    shown = orders_text.statements(view, dispute["buyer_id"], UTC, at)
    assert [each[1:] for each in shown] == [
        ("you", "It came in two parts."),
        ("you", "[[b]lamp[/b].jpg] image/jpeg, 52,100 bytes"),
        ("the seller", "It left whole."),
    ]
    bank = view.dispute.model_copy(update={"kind": DisputeKind.CHARGEBACK})
    assert "until the bank has decided" in orders_text.dispute_head(bank)
