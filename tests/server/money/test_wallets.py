"""Wallets: whose they are, what they say, and gas."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest
import redis

from instasell_client.models.wallets import EntryType
from instasell_server.domains.ledger.postings import LedgerAccount, Posting, Unbalanced, transfer
from tests.server.accounts_support import ask
from tests.server.money.conftest import Bazaar
from tests.support.waiting import LIMIT_SECONDS

Fund = Callable[[str, int], None]


async def test_the_wallet_of_another_is_as_none_at_all(bazaar: Bazaar) -> None:
    nobody = "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"
    calls = [
        ("GET", "", None), ("GET", "/transactions", None), ("POST", "/topup", {"amount": 5}),
    ]  # fmt: skip
    for method, path, body in calls:
        theirs = await bazaar.buyer.ask(method, f"/wallet/{bazaar.seller.id}{path}", body)
        none = await bazaar.buyer.ask(method, f"/wallet/{nobody}{path}", body)
        assert (theirs.status, theirs.code) == (none.status, none.code) == (404, "user_not_found")
        theirs.body.pop("request_id")
        none.body.pop("request_id")
        assert theirs.body == none.body


@pytest.mark.parametrize(
    "amount",
    [
        "-1", "0", "0.001", "1.0", "NaN", "Infinity", "1e400", "true", "null", '"5"', '"５"',
        '"1_000"', str(2**63), str(10**12 + 1),
    ],
)  # fmt: skip
async def test_what_is_no_amount_is_refused(bazaar: Bazaar, amount: str) -> None:
    body = b'{"amount": %s}' % amount.encode()
    answer = await ask(
        bazaar.http, "POST", f"/wallet/{bazaar.buyer.id}/topup", body,
        token=bazaar.buyer.token, headers={"Content-Type": "application/json"},
    )  # fmt: skip
    assert answer.status in (400, 422), answer.body
    assert bazaar.sql("SELECT count(*) FROM payments") == [(0,)]


async def test_rows_have_a_running_balance_and_page_by_key(bazaar: Bazaar, fund: Fund) -> None:
    for amount in (100, 200, 300):
        fund(bazaar.buyer.id, amount)
    path = f"/wallet/{bazaar.buyer.id}/transactions"
    first = (await bazaar.buyer.ask("GET", f"{path}?account=balance&limit=2")).body
    assert [each["balance_after"] for each in first["items"]] == [600, 300]
    rest = (
        await bazaar.buyer.ask("GET", f"{path}?account=balance&limit=2&cursor={first['next']}")
    ).body
    assert [each["balance_after"] for each in rest["items"]] == [100]
    assert rest["next"] is None
    everything = (await bazaar.buyer.ask("GET", path)).body["items"]
    assert [each["account"] for each in everything] == ["balance"] * 3 + ["gas"]
    wrong = await bazaar.buyer.ask("GET", f"{path}?cursor=x")
    assert (wrong.status, wrong.fields) == (422, ["cursor"])


async def test_reading_is_fresh_and_leaves_a_copy(bazaar: Bazaar, redis_url: str) -> None:
    path = f"/wallet/{bazaar.buyer.id}"
    wallet = (await bazaar.buyer.ask("GET", path)).body
    assert (wallet["balance"], wallet["gas_balance"], wallet["currency"]) == (0, 100_000, "USD")
    with redis.Redis.from_url(redis_url) as client:
        [key] = client.keys(f"*user:{bazaar.buyer.id}:wallet")
        assert 0 < client.ttl(key) <= 300
    order_id = await bazaar.order()
    await bazaar.pay_by_card(order_id)
    assert (await bazaar.buyer.ask("GET", path)).body["version"] > wallet["version"]


async def test_a_change_is_sent_to_the_owners_sockets(bazaar: Bazaar) -> None:
    order_id = await bazaar.order()
    async with bazaar.http.ws_connect(
        "/ws", headers={"Authorization": f"Bearer {bazaar.seller.token}"}
    ) as socket:
        await socket.send_json({"event": "ping", "id": 1})
        assert (await socket.receive_json())["event"] == "ack"
        await bazaar.pay_by_card(order_id)
        await bazaar.ship(order_id)
        await bazaar.buyer.ask("POST", f"/orders/{order_id}/confirm-delivery")
        # The seller is notified of the payment and of the release besides.
        async with asyncio.timeout(LIMIT_SECONDS):
            while (told := json.loads((await socket.receive()).data))["event"] == "notification":
                continue
    assert told["event"] == "wallet_changed"
    assert (told["data"]["user_id"], told["data"]["balance"]) == (bazaar.seller.id, 1250)


async def _auction(bazaar: Bazaar) -> tuple[int, dict[str, object]]:
    [(listing_id,)] = bazaar.sql(
        "WITH c AS (INSERT INTO categories (id, name, path, lineage)"
        " SELECT id, id::text, id::text, ARRAY[id] FROM gen_random_uuid() AS id RETURNING id)"
        " INSERT INTO listings (seller_id, title, category_id, type, condition, stock)"
        " SELECT %s, 'A watch', id, 'auction', 'new', 1 FROM c RETURNING id",
        bazaar.seller.id,
    )
    wish = {"listing_id": listing_id, "min_bid": 100, "duration_seconds": 3600}
    answer = await bazaar.seller.ask("POST", "/auctions", wish)
    return answer.status, answer.body


def _gas(bazaar: Bazaar) -> int:
    [(gas,)] = bazaar.sql("SELECT gas_balance FROM wallets WHERE user_id = %s", bazaar.seller.id)
    return int(gas)


async def test_an_auction_costs_gas_that_comes_back_only_without_bids(bazaar: Bazaar) -> None:
    auctions = [(await _auction(bazaar))[1]["state"]["auction_id"] for _ in range(2)]  # type: ignore[index]
    assert _gas(bazaar) == 100_000 - 100
    await bazaar.buyer.ask("POST", f"/auctions/{auctions[0]}/bid", {"amount": 100})
    assert (await bazaar.seller.ask("POST", f"/auctions/{auctions[0]}/cancel")).status == 409
    assert (await bazaar.seller.ask("POST", f"/auctions/{auctions[1]}/cancel")).status == 200
    assert _gas(bazaar) == 100_000 - 50
    assert (await bazaar.seller.ask("POST", f"/auctions/{auctions[1]}/cancel")).status == 409
    assert _gas(bazaar) == 100_000 - 50


async def test_fifty_auctions_at_once_never_take_gas_below_zero(bazaar: Bazaar) -> None:
    spent = 100_000 - 149
    bazaar.sql(
        "WITH w AS (UPDATE wallets SET gas_balance = 149 WHERE user_id = %(user)s),"
        " t AS (SELECT gen_random_uuid() AS id) INSERT INTO transactions"
        " (transfer_id, account, user_id, amount, type, posting_key, balance_after)"
        " SELECT id, 'gas', %(user)s::uuid, -%(spent)s, 'gas', 'spent#1', 149 FROM t"
        " UNION ALL SELECT id, 'gas_sales', NULL, %(spent)s, 'gas', 'spent#2', NULL FROM t",
        {"user": bazaar.seller.id, "spent": spent},
    )
    answers = await asyncio.gather(*(_auction(bazaar) for _ in range(50)))
    assert sorted(status for status, _ in answers) == [201] * 2 + [409] * 48
    refused = [body for status, body in answers if status == 409]
    assert {body["code"] for body in refused} == {"insufficient_gas"}
    assert {body["missing"] for body in refused} <= {1, 51}
    assert _gas(bazaar) == 49
    # Nothing is left of an auction that could not be paid for.
    assert bazaar.sql("SELECT count(*) FROM auctions") == [(2,)]


async def test_gas_features_an_own_auction_for_a_day_each_time(bazaar: Bazaar) -> None:
    _, body = await _auction(bazaar)
    auction_id = body["state"]["auction_id"]  # type: ignore[index]
    path = f"/wallet/{bazaar.seller.id}/use-gas"
    wish = {"purpose": "feature", "auction_id": auction_id}
    first = await bazaar.seller.ask("POST", path, wish)
    assert first.status == 200, first.body
    second = await bazaar.seller.ask("POST", path, wish)
    assert second.body["featured_until"] > first.body["featured_until"]
    assert second.body["wallet"]["gas_balance"] == 100_000 - 50 - 40
    status = (await bazaar.buyer.ask("GET", f"/auctions/{auction_id}/status")).body
    assert status["state"]["featured_until"] == second.body["featured_until"]
    other = {**wish, "auction_id": "0d5c2f8e-6a5b-4b52-9d5e-6d8f0b2a7c11"}
    assert (await bazaar.seller.ask("POST", path, other)).status == 404


def test_a_transfer_that_does_not_balance_cannot_be_made() -> None:
    lopsided = (
        Posting(LedgerAccount.STRIPE, -5, EntryType.TOPUP),
        Posting(LedgerAccount.BALANCE, 4, EntryType.TOPUP, "a-user"),
    )
    for postings in (lopsided, ()):
        with pytest.raises(Unbalanced):
            transfer("key", "reference", postings)


async def test_the_database_refuses_what_does_not_balance_or_is_changed(bazaar: Bazaar) -> None:
    with pytest.raises(Exception, match="do not sum to zero"):
        bazaar.sql(
            "INSERT INTO transactions (transfer_id, account, amount, type, posting_key)"
            " VALUES (gen_random_uuid(), 'stripe', -5, 'topup', 'lopsided')"
        )
    with pytest.raises(Exception, match="never changed"):
        bazaar.sql("UPDATE transactions SET amount = 1")
