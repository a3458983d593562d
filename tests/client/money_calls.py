"""The calls of orders, disputes and the wallet: what goes out, and what the answer becomes."""

from __future__ import annotations

from instasell_client.models import disputes, orders, wallets
from instasell_client.models.base import Page
from tests.client import samples
from tests.client.call_case import Case
from tests.client.samples import ADDRESS, AUCTION, LISTING, ORDER, OTHER, SELLER

MONEY = {
    "orders.buy": Case(
        lambda c: c.orders.buy(LISTING, quantity=2, address=ADDRESS),
        "POST", "/orders", samples.order_view(), orders.OrderView,
        {"listing_id": LISTING, "quantity": 2, "address": ADDRESS}, keyed=True,
    ),
    "orders.for_auction": Case(
        lambda c: c.orders.for_auction(AUCTION),
        "POST", "/orders", samples.order_view(), orders.OrderView,
        {"auction_id": AUCTION, "quantity": 1}, keyed=True,
    ),
    "orders.page": Case(
        lambda c: c.orders.page(role="seller", status="processing", limit=3),
        "GET", "/orders", {"items": [samples.order()]}, Page[orders.Order],
        query={"role": "seller", "status": "processing", "limit": "3"},
    ),
    "orders.get": Case(
        lambda c: c.orders.get(ORDER),
        "GET", f"/orders/{ORDER}", samples.order_view(address=ADDRESS), orders.OrderView,
    ),
    "orders.set_address": Case(
        lambda c: c.orders.set_address(ORDER, orders.Address(**ADDRESS)),
        "PUT", f"/orders/{ORDER}/address", samples.order_view(), orders.OrderView,
        ADDRESS, keyed=True,
    ),
    "orders.pay": Case(
        lambda c: c.orders.pay(ORDER, "card"),
        "POST", f"/orders/{ORDER}/pay", samples.order_view(), orders.OrderView,
        {"method": "card"}, keyed=True,
    ),
    "orders.confirm_payment": Case(
        lambda c: c.orders.confirm_payment(ORDER),
        "POST", f"/orders/{ORDER}/confirm-payment", samples.order_view(), orders.OrderView,
        keyed=True,
    ),
    "orders.ship": Case(
        lambda c: c.orders.ship(ORDER, carrier="DHL", tracking="00340"),
        "POST", f"/orders/{ORDER}/ship", samples.order_view(), orders.OrderView,
        {"carrier": "DHL", "tracking": "00340"}, keyed=True,
    ),
    "orders.confirm_delivery": Case(
        lambda c: c.orders.confirm_delivery(ORDER),
        "POST", f"/orders/{ORDER}/confirm-delivery", samples.order_view(), orders.OrderView,
        keyed=True,
    ),
    "orders.cancel": Case(
        lambda c: c.orders.cancel(ORDER, "it broke"),
        "POST", f"/orders/{ORDER}/cancel", samples.order_view(), orders.OrderView,
        {"reason": "it broke"}, keyed=True,
    ),
    "orders.refund": Case(
        lambda c: c.orders.refund(ORDER, 500, to="wallet"),
        "POST", f"/orders/{ORDER}/refund", samples.order_view(), orders.OrderView,
        {"amount": 500, "to": "wallet"}, keyed=True,
    ),
    "disputes.open": Case(
        lambda c: c.disputes.open(ORDER, "damaged", "It came in two parts."),
        "POST", f"/orders/{ORDER}/dispute", samples.dispute_view(), disputes.DisputeView,
        {"reason": "damaged", "text": "It came in two parts."}, keyed=True,
    ),
    "disputes.page": Case(
        lambda c: c.disputes.page(status="open", order_id=ORDER, cursor="x", limit=3),
        "GET", "/disputes", {"items": [samples.dispute()]}, Page[disputes.Dispute],
        query={"status": "open", "order_id": ORDER, "cursor": "x", "limit": "3"},
    ),
    "disputes.get": Case(
        lambda c: c.disputes.get(OTHER),
        "GET", f"/disputes/{OTHER}", samples.dispute_view(), disputes.DisputeView,
    ),
    "disputes.reply": Case(
        lambda c: c.disputes.reply(OTHER, "It left whole."),
        "POST", f"/disputes/{OTHER}/reply", samples.dispute_view(), disputes.DisputeView,
        {"text": "It left whole."}, keyed=True,
    ),
    "wallet.get": Case(
        lambda c: c.wallet.get(),
        "GET", f"/wallet/{SELLER}", samples.wallet(), wallets.Wallet, owned=True,
    ),
    "wallet.top_up": Case(
        lambda c: c.wallet.top_up(5000, "gas"),
        "POST", f"/wallet/{SELLER}/topup",
        {"payment_id": OTHER, "status": "pending", "amount": 5000, "target": "gas"},
        wallets.TopUpReply, {"amount": 5000, "target": "gas"}, keyed=True, owned=True,
    ),
    "wallet.entries_page": Case(
        lambda c: c.wallet.entries_page(account="balance", limit=2),
        "GET", f"/wallet/{SELLER}/transactions", {"items": [samples.entry()]},
        Page[wallets.WalletEntry], query={"account": "balance", "limit": "2"}, owned=True,
    ),
    "wallet.payout_account": Case(
        lambda c: c.wallet.payout_account(),
        "POST", f"/wallet/{SELLER}/payout-account", {"ready": True}, wallets.PayoutAccount,
        keyed=True, owned=True,
    ),
    "wallet.withdraw": Case(
        lambda c: c.wallet.withdraw(3000),
        "POST", f"/wallet/{SELLER}/withdraw", samples.withdrawal(), wallets.Withdrawal,
        {"amount": 3000}, keyed=True, owned=True,
    ),
    "wallet.withdrawals_page": Case(
        lambda c: c.wallet.withdrawals_page(limit=2),
        "GET", f"/wallet/{SELLER}/withdrawals", {"items": [samples.withdrawal()]},
        Page[wallets.Withdrawal], query={"limit": "2"}, owned=True,
    ),
    "wallet.use_gas": Case(
        lambda c: c.wallet.use_gas(AUCTION),
        "POST", f"/wallet/{SELLER}/use-gas",
        {"auction_id": AUCTION, "featured_until": samples.LATER, "wallet": samples.wallet()},
        wallets.UseGasReply, {"purpose": "feature", "auction_id": AUCTION},
        keyed=True, owned=True,
    ),
}  # fmt: skip
