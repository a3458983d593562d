"""Ids found by their beginnings, by SKUs and by titles, within what the caller may see."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from instasell_client import AsyncInstaSell, Forbidden, Unauthenticated
from instasell_client.models.accounts import Role
from instasell_server.domains.lookups.rules import has_part, id_range
from tests.support.market import Market, open_market
from tests.support.servers import RunningServer

Sql = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
async def market(server: RunningServer, sql: Sql) -> AsyncIterator[Market]:
    async with open_market(server.base_url, sql) as opened:
        yield opened


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0D5C2F", True),
        ("0d5c2f8e-6a5b", True),
        ("0d5c2f8e6a5b4b529d5e6d8f0b2a7c11", True),
        ("0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11", True),
        ("0d5c2", False),
        ("0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11a", False),
        ("watch", False),
        ("decade", True),
        ("\u0660\u0661\u0662\u0663\u0664\u0665", False),
        ("", False),
    ],
)
def test_what_may_begin_an_id(text: str, found: bool) -> None:
    low, high = id_range(text)
    assert (low is not None) == found
    if low is not None and high is not None:
        assert low <= high
        assert len(low) == len(high) == 32
        assert low.startswith(text.lower().replace("-", ""))


@pytest.mark.parametrize(
    ("text", "found"), [("lam", True), ("v2!", True), ("!!!", False), ("- -", False), ("ab", False)]
)
def test_what_titles_are_searched_for(text: str, found: bool) -> None:
    assert has_part(text) is found


@pytest.mark.parametrize(
    ("table", "name", "index"),
    [
        ("listings", "title", "listings_same_title"),
        ("users", "display_name", "users_same_name"),
    ],
)
def test_a_name_that_is_a_common_word_has_an_index(
    sql: Sql, table: str, name: str, index: str
) -> None:
    # The index of trigrams reads every row whose name holds the word, and only by a bitmap.
    sql("SET enable_seqscan = off")
    sql("SET enable_bitmapscan = off")
    plan = sql(f"EXPLAIN SELECT id FROM {table} WHERE plain_text({name}) = 'the'")
    assert index in str(plan)


async def ids(person: AsyncInstaSell, kind: Any, text: str, *, own: bool = True) -> list[str]:
    ask = person.lookups.find_own if own else person.lookups.find
    return [match.id for match in (await ask(kind, text)).items]


async def test_everybody_finds_what_is_public(market: Market, sql: Sql) -> None:
    seller = await market.seller()
    watch = await market.auction(seller, title="A steel watch")
    over = await market.auction(seller, title="A steel hammer")
    await seller.auctions.cancel(over)
    [(listing,)] = sql("SELECT listing_id FROM auctions WHERE id = %s", watch)
    anybody = await market.anybody()
    assert await ids(anybody, "auction", watch[:6], own=False) == [watch]
    assert await ids(anybody, "auction", "steel", own=False) == [watch]
    assert await ids(anybody, "auction", over[:8], own=False) == [over]
    assert await ids(anybody, "auction", "st", own=False) == []
    assert await ids(anybody, "listing", "STEEL WATCH", own=False) == [listing]
    [match] = (await anybody.lookups.find("listing", "a steel watch")).items
    assert (match.matched_by, match.status) == ("name", "active")
    me = await seller.auth.me()
    assert await ids(anybody, "seller", me.display_name, own=False) == [me.id]
    assert await ids(anybody, "seller", me.email, own=False) == []
    sql("UPDATE users SET status = 'suspended'")
    for text in (listing[:8], "steel watch", "a steel watch"):
        assert await ids(anybody, "listing", text, own=False) == []
        assert await ids(seller, "listing", text) == [listing]
    assert await ids(anybody, "seller", me.display_name, own=False) == []
    sql("UPDATE users SET status = 'active'")
    sql("UPDATE listings SET status = 'removed', stock = 0")
    assert await ids(anybody, "listing", listing[:8], own=False) == []
    with pytest.raises(Unauthenticated):
        await anybody.lookups.find_own("listing", "steel")


async def test_what_is_private_is_found_by_its_sides_and_by_admins(
    market: Market, sql: Sql
) -> None:
    seller, buyer, stranger = await market.seller(), await market.bidder(), await market.seller()
    admin = await market.person(Role.ADMIN)
    [(listing,)] = sql(
        "INSERT INTO listings (seller_id, title, category_id, type, condition, stock, price,"
        " seller_sku) VALUES (%s, 'A red lamp', %s, 'direct', 'new', 5, 900, 'LAMP-1')"
        " RETURNING id",
        (await seller.auth.me()).id,
        market.category(),
    )
    order = (await buyer.orders.buy(str(listing))).order.id
    asked = (await buyer.messages.ask(str(listing), "Is it red?")).message.conversation_id
    for person in (buyer, seller):
        for text in (order[:6], "red lamp", "a red lamp", "lam"):
            assert await ids(person, "order", text) == [order], text
        assert await ids(person, "conversation", asked[:8]) == [asked]
        assert await ids(person, "conversation", "lamp") == [asked]
    assert await ids(seller, "order", "LAMP-1") == [order]
    assert await ids(seller, "listing", "LAMP-1") == [listing]
    # A SKU is the seller's own word for it.
    assert await ids(buyer, "order", "LAMP-1") == []
    for text in (order[:8], "lamp"):
        assert await ids(stranger, "order", text) == []
    assert await ids(stranger, "conversation", asked) == []
    assert await ids(stranger, "listing", "LAMP-1") == []
    assert await ids(admin, "order", order[:8]) == [order]
    assert await ids(admin, "conversation", asked) == []
    me = await buyer.auth.me()
    assert await ids(admin, "account", me.email) == [me.id]
    assert await ids(admin, "account", me.id[:8]) == [me.id]
    with pytest.raises(Forbidden):
        await seller.lookups.find_own("account", me.email)


async def test_at_most_ten_are_shown_and_the_newest_auction_of_a_listing(
    market: Market, sql: Sql
) -> None:
    seller = await market.seller()
    first = await market.auction(seller, title="100% wool_coat")
    await seller.auctions.cancel(first)
    again = (await seller.auctions.relist(first, duration_seconds=3600)).state.auction_id
    assert await ids(seller, "auction", "wool_coat") == [again]
    assert await ids(seller, "auction", first) == [first]
    assert await ids(seller, "auction", "woolxcoat") == []
    for number in range(11):
        await market.listing(seller, f"A bowl {number}")
    found = await seller.lookups.find("listing", "bowl")
    assert (len(found.items), found.more) == (10, True)


async def test_lists_of_all_auctions_and_orders_page_by_key(market: Market, sql: Sql) -> None:
    seller, other = await market.seller(), await market.seller()
    admin, buyer = await market.person(Role.ADMIN), await market.bidder()
    made = [await market.auction(each) for each in (seller, seller, other)]
    await seller.auctions.cancel(made[0])
    me = (await seller.auth.me()).id
    anybody = await market.anybody()
    listed = [each.auction_id async for each in anybody.auctions.list(page_size=1)]
    assert listed == made[::-1]
    for status, wanted in (("cancelled", [made[0]]), ("live", made[:0:-1]), ("ended", [])):
        assert [e.auction_id async for e in anybody.auctions.list(status=status)] == wanted
    assert [e.auction_id async for e in anybody.auctions.list(seller=me)] == made[1::-1]
    sql(
        "INSERT INTO orders (buyer_id, seller_id, listing_id, quantity, unit_amount,"
        " shipping_amount, total_amount, payment_due_at, status)"
        " SELECT %s, a.seller_id, a.listing_id, 1, 100, 0, 100, now(),"
        " CASE a.status WHEN 'live' THEN 'pending' ELSE 'cancelled' END"
        " FROM auctions a ORDER BY a.created_at",
        (await buyer.auth.me()).id,
    )
    orders = [each async for each in admin.admin.orders(page_size=1)]
    assert len({order.id for order in orders}) == 3
    assert [order.created_at for order in orders] == sorted(
        (order.created_at for order in orders), reverse=True
    )
    assert len([each async for each in admin.admin.orders(seller=me)]) == 2
    assert len([each async for each in admin.admin.orders(status="pending", seller=me)]) == 1
    with pytest.raises(Forbidden):
        await seller.admin.orders_page()
