"""Orders and wallets through the client, on the real server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from instasell_client import (
    AsyncInstaSell,
    AuctionNotFound,
    Forbidden,
    InstaSell,
    InsufficientFunds,
    InsufficientGas,
    Invalid,
    OrderNotFound,
    OrderNotReady,
    OutOfStock,
    PaymentFailed,
    ScopeMissing,
    SellerCannotBuy,
    Unauthenticated,
    Unavailable,
)
from instasell_client.models.orders import Address, OrderStatus
from tests.client.samples import ADDRESS, OTHER
from tests.support.market import Market, open_market
from tests.support.servers import RunningServer
from tests.support.waiting import until

Sql = Callable[..., list[tuple[Any, ...]]]
Fund = Callable[[str, int], None]
PayPage = Callable[..., Awaitable[None]]


@pytest.fixture
async def market(server: RunningServer, sql: Sql) -> AsyncIterator[Market]:
    """Hold the people and listings of `server`."""
    async with open_market(server.base_url, sql) as opened:
        yield opened


async def create_listing(market: Market, seller: AsyncInstaSell, *, stock: int = 5) -> str:
    """A lamp at 10.00, 2.50 shipping."""
    made = await seller.listings.create(
        type="direct", title="A lamp", category_id=market.category(), condition="new",
        price=1000, stock=stock, shipping_amount=250,
    )  # fmt: skip
    return made.id


async def buyer_with(market: Market, fund: Fund, amount: int) -> AsyncInstaSell:
    """A new buyer with money in the wallet."""
    buyer = await market.bidder()
    fund((await buyer.auth.me()).id, amount)
    return buyer


async def test_from_a_purchase_to_the_sellers_money(market: Market, fund: Fund) -> None:
    seller = await market.seller()
    buyer = await buyer_with(market, fund, 5000)
    bought = await buyer.orders.buy(
        await create_listing(market, seller), quantity=2, address=ADDRESS
    )
    order = bought.order
    assert (order.status, order.total_amount) == (OrderStatus.PENDING, 2250)
    assert order.address == Address(**ADDRESS)
    assert (await seller.orders.get(order.id)).order.address is None
    paid = await buyer.orders.pay(order.id, "wallet")
    assert (paid.order.held_amount, (await buyer.wallet.get()).balance) == (2250, 2750)
    moved = {**ADDRESS, "line1": "6 Mill Lane"}
    await buyer.orders.set_address(order.id, moved)
    seen = (await seller.orders.get(order.id)).order.address
    assert seen is not None
    assert seen.line1 == "6 Mill Lane"
    shipped = await seller.orders.ship(order.id, carrier="DHL", tracking="00340")
    assert (shipped.order.carrier, shipped.order.tracking) == ("DHL", "00340")
    done = await buyer.orders.confirm_delivery(order.id)
    assert [event.to_status for event in done.events] == [
        "pending", "processing", "shipped", "delivered"
    ]  # fmt: skip
    assert (await seller.wallet.get()).balance == 2250
    entries = [entry async for entry in buyer.wallet.entries(account="balance", page_size=1)]
    assert [(entry.type, entry.amount, entry.balance_after) for entry in entries] == [
        ("hold", -2250, 2750), ("topup", 5000, 5000)
    ]  # fmt: skip


async def test_orders_are_listed_for_both_sides(market: Market) -> None:
    seller, buyer = await market.seller(), await market.bidder()
    listing_id = await create_listing(market, seller)
    made = [(await buyer.orders.buy(listing_id)).order.id for _ in range(3)]
    await buyer.orders.cancel(made[0], "not needed")
    newest_first = made[::-1]
    for client, role in ((buyer, "buyer"), (seller, "seller")):
        found = [each.id async for each in client.orders.list(role=role, page_size=1)]
        assert found == newest_first
    assert [each.id async for each in buyer.orders.list(role="seller")] == []
    cancelled = (await buyer.orders.page(status="cancelled")).items
    assert [each.id for each in cancelled] == made[:1]
    assert (await buyer.orders.page(limit=2)).next is not None


async def test_the_order_of_an_auction_is_the_winners(market: Market) -> None:
    auction_id = await market.auction(await market.seller(), buy_now=5000)
    winner, other = await market.bidder(), await market.bidder()
    receipt = await winner.auctions.buy_now(auction_id, 5000)
    taken = await winner.orders.for_auction(auction_id, address=ADDRESS)
    assert taken.order.id == receipt.order_id
    assert (taken.order.auction_id, taken.order.total_amount) == (auction_id, 5000)
    assert taken.order.address == Address(**ADDRESS)
    with pytest.raises(OrderNotFound):
        await other.orders.for_auction(auction_id)


async def test_money_goes_back(market: Market, fund: Fund) -> None:
    seller = await market.seller()
    buyer = await buyer_with(market, fund, 5000)
    order_id = (await buyer.orders.buy(await create_listing(market, seller))).order.id
    await buyer.orders.pay(order_id, "wallet")
    part = await seller.orders.refund(order_id, 250, reason="no shipping after all")
    assert (part.order.held_amount, part.order.refunded_amount) == (1000, 250)
    with pytest.raises(Invalid):
        await seller.orders.refund(order_id, 1001)
    whole = await seller.orders.refund(order_id, to="wallet")
    assert whole.order.status is OrderStatus.CANCELLED
    assert (await buyer.wallet.get()).balance == 5000


async def test_refusals_have_their_classes_and_data(market: Market, fund: Fund) -> None:
    seller = await market.seller()
    buyer = await buyer_with(market, fund, 1000)
    listing_id = await create_listing(market, seller, stock=1)
    with pytest.raises(SellerCannotBuy):
        await seller.orders.buy(listing_id)
    with pytest.raises(OutOfStock):
        await buyer.orders.buy(listing_id, quantity=2)
    order_id = (await buyer.orders.buy(listing_id)).order.id
    with pytest.raises(InsufficientFunds) as short:
        await buyer.orders.pay(order_id, "wallet")
    assert short.value.missing == 250
    with pytest.raises(OrderNotReady) as early:
        await seller.orders.ship(order_id, carrier="DHL", tracking="1")
    assert early.value.order_status == "pending"
    with pytest.raises(Forbidden):
        await seller.orders.pay(order_id, "wallet")
    with pytest.raises(OrderNotFound):
        await (await market.bidder()).orders.get(order_id)
    with pytest.raises(AuctionNotFound):
        await seller.wallet.use_gas(OTHER)
    with pytest.raises(Unauthenticated):
        await (await market.anybody()).wallet.get()


async def test_gas_buys_a_place_before_others(market: Market, sql: Sql) -> None:
    seller = await market.seller()
    auction_id = await market.auction(seller)
    before = (await seller.wallet.get()).gas_balance
    reply = await seller.wallet.use_gas(auction_id, idempotency_key="once")
    assert reply.auction_id == auction_id
    assert reply.wallet.gas_balance == before - 20
    again = await seller.wallet.use_gas(auction_id, idempotency_key="once")
    assert again == reply
    spent = [entry async for entry in seller.wallet.entries(account="gas")]
    assert [(entry.type, entry.amount) for entry in spent[:2]] == [("gas", -20), ("gas", -50)]
    sql("UPDATE wallets SET gas_balance = 3")
    with pytest.raises(InsufficientGas) as short:
        await seller.wallet.use_gas(auction_id)
    assert short.value.missing == 17


async def test_a_wallet_needs_a_token_that_reads(market: Market) -> None:
    buyer = await market.bidder()
    script = await buyer.auth.tokens.create("pays", ["pay"], expires_in_days=1)
    client = await market.anybody(token=script.token)
    with pytest.raises(ScopeMissing) as caught:
        await client.wallet.top_up(500)
    assert caught.value.scope == "read"


async def test_a_market_without_a_provider_says_so(market: Market) -> None:
    buyer = await market.bidder()
    impatient = AsyncInstaSell(market.base_url, buyer.token, max_retries=0)
    with pytest.raises((PaymentFailed, Unavailable)):
        await impatient.wallet.top_up(500)
    await impatient.aclose()


async def test_a_card_pays_an_order_and_a_top_up(
    paying_server: RunningServer, sql: Sql, pay_page: PayPage
) -> None:
    async with open_market(paying_server.base_url, sql) as market:
        seller, buyer = await market.seller(), await market.bidder()
        order_id = (await buyer.orders.buy(await create_listing(market, seller))).order.id
        first = await buyer.orders.pay(order_id, "card")
        again = await buyer.orders.pay(order_id, "card")
        assert first.checkout_url == again.checkout_url
        assert (await buyer.orders.confirm_payment(order_id)).order.paid_at is None
        await pay_page(first.checkout_url)
        confirmed = await buyer.orders.confirm_payment(order_id)
        assert (confirmed.order.status, confirmed.order.payment_method) == ("processing", "card")
        begun = await buyer.wallet.top_up(5000)
        assert (begun.status, begun.amount, begun.target) == ("pending", 5000, "balance")
        begun_id = begun.payment_id
        await pay_page(begun.checkout_url)
        await until(
            lambda: bool(sql("SELECT 1 FROM transactions WHERE reference_id = %s", begun_id))
        )
        newest = (await buyer.wallet.entries_page(account="balance", limit=1)).items[0]
        assert (newest.type, newest.amount, newest.reference) == ("topup", 5000, begun_id)
        assert (await buyer.wallet.get()).balance == 5000


async def test_the_sync_client_does_the_same(
    market: Market, fund: Fund, server: RunningServer
) -> None:
    import asyncio

    seller = await market.seller()
    buyer = await buyer_with(market, fund, 5000)
    listing_id = await create_listing(market, seller)

    def shop() -> list[int]:
        with InstaSell(server.base_url, buyer.token) as client:
            order = client.orders.buy(listing_id).order
            client.orders.pay(order.id, "wallet")
            assert [each.id for each in client.orders.list()] == [order.id]
            return [entry.amount for entry in client.wallet.entries(account="balance")]

    assert await asyncio.to_thread(shop) == [-1250, 5000]
