"""The first part of the machine: what a run begins with, and what happens to orders."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from instasell_client.models.disputes import OpenDispute, ReplyToDispute, ResolveDispute
from instasell_client.models.errors import InstaSellError
from instasell_client.models.orders import (
    CancelOrder,
    CreateOrder,
    PayOrder,
    RefundOrder,
    ShipOrder,
)
from instasell_client.models.wallets import TopUp
from tests.server.money.expected import DAY, OPEN, Books, Listing, Order, Page
from tests.server.money.money_harness import ADMIN, Arena
from tests.support.payments import BOOK_TOP_UP

T = TypeVar("T")

SELLER = "sam"
STOCK = 3
FUNDS = 20_000
GAS = 170
AUCTION_GAS, FEATURE_GAS = 50, 20
HOURS_TO_PAY = 48 * 3600

pick = st.integers(0, 99)
buyers = st.sampled_from(["ann", "bob", "cy"])
people = st.sampled_from(["ann", "bob", "cy", "sam"])
amounts = st.sampled_from([1, 7, 100, 500, 999, 30_000])
ways = st.sampled_from(["wallet", "wallet", "card", "later"])


class Trade(RuleBasedStateMachine):
    """Listings are bought, paid for, sent, disputed. `arena` is set by the class that is run."""

    arena: Arena

    @initialize()
    def begin(self) -> None:
        """Two have money, the seller has gas and three listings."""
        arena = self.arena
        arena.clear()
        self.books = Books()
        for name in ("ann", "bob"):
            self._fund(name, FUNDS)
        arena.sql(
            "WITH w AS (UPDATE wallets SET gas_balance = %(gas)s WHERE user_id = %(id)s),"
            " t AS (SELECT gen_random_uuid() AS id) INSERT INTO transactions"
            " (transfer_id, account, user_id, amount, type, posting_key, balance_after)"
            " SELECT id, 'gas_sales', NULL::uuid, -%(gas)s, 'topup', 'gas#1', NULL::bigint FROM t"
            " UNION ALL SELECT id, 'gas', %(id)s::uuid, %(gas)s, 'topup', 'gas#2', %(gas)s FROM t",
            {"gas": GAS, "id": arena.people[SELLER].user_id},
        )
        self.books.gas[SELLER] = GAS
        self.listings = [self._create_listing("direct", price) for price in (1, 999, 5_000)]
        self.lots = [self._create_listing("auction", 0) for _ in range(2)]
        self.suspended = False
        # Every run has something to work on, whichever rules it is dealt: also a top-up that has
        # paid an order and of which something is left.
        self.top_up("ann", 1_500, "balance")
        self._pay_on(self.books.pages[-1])
        self.buy("bob", 2, 1, "card")
        self.hear(False)
        for how in ("wallet", "later"):
            self.buy("ann", 1, 1, how)

    def _fund(self, name: str, amount: int) -> None:
        values = {"user_id": self.arena.people[name].user_id, "amount": amount, "key": name}
        self.arena.sql(BOOK_TOP_UP, values)
        self.books.balance[name] += amount

    def _create_listing(self, kind: str, price: int) -> Listing:
        stock = STOCK if price else 1
        [(listing_id,)] = self.arena.sql(
            "INSERT INTO listings (seller_id, title, category_id, type, condition, price, stock)"
            " VALUES (%s, 'A lamp', %s, %s, 'new', %s, %s) RETURNING id",
            self.arena.people[SELLER].user_id, self.arena.category, kind, price or None, stock,
        )  # fmt: skip
        return Listing(str(listing_id), price, stock)

    def attempt(self, work: Coroutine[Any, Any, T], *, allowed: bool) -> T | None:
        """Do something that the rules allow, or do not: both have to be so."""
        try:
            done = self.arena.run(work)
        except InstaSellError:
            if allowed:
                raise
            return None
        assert allowed, "taken, and should have been refused"
        self.arena.seen[work.__name__] += 1
        return done

    def _who(self, name: str) -> Any:
        return self.arena.people[name]

    def _order(self, number: int, *likely: str) -> Order:
        """One of the newest; four times in five one in a state that allows the step."""
        fitting = [order for order in self.books.orders if order.status in likely]
        orders = fitting if fitting and number % 5 else self.books.orders
        return orders[-1 - number % min(4, len(orders))]

    has_orders = precondition(lambda self: self.books.orders)

    # Buying and paying ------------------------------------------------------------------------

    @rule(who=people, number=pick, quantity=st.sampled_from([1, 1, 2]), how=ways)
    def buy(self, who: str, number: int, quantity: int, how: str) -> None:
        """A buyer buys at a fixed price, and pays at once or later."""
        listing = self.listings[number % 3]
        wish = CreateOrder(listing_id=listing.id, quantity=quantity)
        made = self.attempt(
            self.arena.services.orders.create(self._who(who), wish, None),
            allowed=who != SELLER and listing.stock >= quantity,
        )
        if made is not None:
            listing.stock -= quantity
            self._note(made.order.id, who, listing, quantity, listing.price * quantity)
            self._pay_newest(how)

    def _pay_newest(self, how: str) -> None:
        if how == "wallet":
            self.pay_from_wallet(0, False)
        elif how == "card":
            self.ask_for_a_page(0)
            self._pay_on(self.books.pages[-1])

    def _note(self, order_id: str, who: str, listing: Listing, quantity: int, total: int) -> None:
        due_at = self.arena.now + HOURS_TO_PAY
        self.books.orders.append(Order(order_id, who, listing, quantity, total, due_at))

    @has_orders
    @rule(number=pick, others=st.sampled_from([False] * 6 + [True]))
    def pay_from_wallet(self, number: int, others: bool) -> None:
        """A buyer, or another user, pays an order from the wallet."""
        order = self._order(number, "pending")
        who = SELLER if others else order.buyer
        fits = order.status == "pending" and self.books.balance[order.buyer] >= order.total
        done = self.attempt(
            self.arena.services.fulfilment.pay(
                self._who(who), order.id, PayOrder(method="wallet"), None
            ),
            allowed=fits and not others,
        )
        if done is not None:
            self.books.pay(order, "wallet", self.arena.now)

    @has_orders
    @rule(number=pick)
    def ask_for_a_page(self, number: int) -> None:
        """A buyer wants to pay by card."""
        order = self._order(number, "pending")
        shown = self.attempt(
            self.arena.services.fulfilment.pay(
                self._who(order.buyer), order.id, PayOrder(method="card"), None
            ),
            allowed=order.status == "pending",
        )
        if shown is not None and order.page is None:
            assert shown.checkout_url is not None
            order.page = Page(shown.checkout_url, order.total, order, order.buyer)
            self.books.pages.append(order.page)

    @rule(who=people, amount=amounts, account=st.sampled_from(["balance", "gas"]))
    def top_up(self, who: str, amount: int, account: Any) -> None:
        """A user asks to top up an account."""
        person = self._who(who)
        wish = TopUp(amount=amount, target=account)
        reply = self.arena.run(
            self.arena.services.wallets.top_up(person, person.user_id, wish, None)
        )
        assert reply.checkout_url is not None
        self.books.pages.append(Page(reply.checkout_url, amount, None, who, account))

    @precondition(lambda self: any(page.state != "over" for page in self.books.pages))
    @rule(number=pick)
    def pay_on_a_page(self, number: int) -> None:
        """A user pays on a page; the market does not know yet."""
        pages = [page for page in self.books.pages if page.state == "open"]
        if pages:
            self._pay_on(pages[-1 - number % min(3, len(pages))])

    def _pay_on(self, page: Page) -> None:
        assert self.arena.visit(page.url)
        page.state, page.was_paid = "paid", True

    @precondition(lambda self: any(page.state == "paid" for page in self.books.pages))
    @rule(twice=st.booleans())
    def hear(self, twice: bool) -> None:
        """The provider's messages come."""
        self.arena.deliver(twice=twice)
        for page in self.books.pages:
            if page.state == "paid":
                self.books.hear_of(page, self.arena.now)

    @has_orders
    @rule(number=pick)
    def ask_the_provider(self, number: int) -> None:
        """The market asks about an order by itself."""
        order = self._order(number, "pending")
        self.arena.run(
            self.arena.services.fulfilment.confirm_payment(self._who(order.buyer), order.id)
        )
        page = order.page
        if order.status == "pending" and page is not None and page.state == "paid":
            self.books.hear_of(page, self.arena.now)

    # What becomes of orders -------------------------------------------------------------------

    @has_orders
    @rule(number=pick)
    def ship(self, number: int) -> None:
        """The seller sends the item."""
        order = self._order(number, "processing")
        wish = ShipOrder(carrier="Post", tracking="1")
        done = self.attempt(
            self.arena.services.fulfilment.ship(self._who(SELLER), order.id, wish, None),
            allowed=order.status == "processing",
        )
        if done is not None:
            order.status, order.is_sent = "shipped", True
            order.moves_at = self.arena.now + 7 * DAY

    @has_orders
    @rule(number=pick)
    def confirm(self, number: int) -> None:
        """The buyer has the item."""
        order = self._order(number, "shipped")
        done = self.attempt(
            self.arena.services.fulfilment.confirm_delivery(self._who(order.buyer), order.id, None),
            allowed=order.status == "shipped",
        )
        if done is not None:
            self.books.deliver(order, SELLER)

    @has_orders
    @rule(number=pick, by_seller=st.booleans())
    def cancel(self, number: int, by_seller: bool) -> None:
        """One of the two cancels an order."""
        order = self._order(number, "pending", "processing", "shipped")
        waited = self.arena.now >= order.paid_at + 7 * DAY
        may = (
            order.status in ("processing", "shipped")
            if by_seller
            else order.status == "pending" or (order.status == "processing" and waited)
        )
        who = self._who(SELLER if by_seller else order.buyer)
        done = self.attempt(
            self.arena.services.fulfilment.cancel(who, order.id, CancelOrder(), None), allowed=may
        )
        if done is not None:
            self.books.cancel(order)

    @has_orders
    @rule(number=pick, amount=st.none() | amounts, to=st.sampled_from(["original", "wallet"]))
    def refund(self, number: int, amount: int | None, to: Any) -> None:
        """The seller gives back a part, or all that is held."""
        order = self._order(number, *OPEN)
        back = order.held if amount is None else amount
        done = self.attempt(
            self.arena.services.fulfilment.refund(
                self._who(SELLER), order.id, RefundOrder(amount=amount, to=to), None
            ),
            allowed=order.status in OPEN and not order.claims and back <= order.held,
        )
        if done is None:
            return
        if back == order.held:
            self.books.cancel(order, to_card=to == "original")
        else:
            self.books.give_back(order, back, to_card=to == "original")

    @has_orders
    @rule(number=pick)
    def open_dispute(self, number: int) -> None:
        """The buyer complains."""
        order = self._order(number, "processing", "shipped")
        wish = OpenDispute(reason="damaged", text="It is broken")
        view = self.attempt(
            self.arena.services.disputes.open(self._who(order.buyer), order.id, wish, None),
            allowed=order.status in ("processing", "shipped"),
        )
        if view is not None:
            order.status, order.dispute_id = "disputed", view.dispute.id

    @precondition(lambda self: any(order.dispute_id for order in self.books.orders))
    @rule(number=pick, amount=st.sampled_from([0, 1, 500, 999, 5_000]))
    def resolve(self, number: int, amount: int) -> None:
        """The seller answers, and an admin decides."""
        disputed = [order for order in self.books.orders if order.dispute_id]
        order = disputed[-1 - number % len(disputed)]
        is_open = order.status == "disputed"
        disputes, dispute_id = self.arena.services.disputes, str(order.dispute_id)
        answer = ReplyToDispute(text="It was whole")
        self.attempt(disputes.reply(self._who(SELLER), dispute_id, answer, None), allowed=is_open)
        verdict = ResolveDispute(refund_amount=amount, reason="as seen")
        done = self.attempt(
            disputes.resolve(self._who(ADMIN), dispute_id, verdict, None),
            allowed=is_open and not order.claims and amount <= order.held,
        )
        if done is None:
            return
        if amount == order.held:
            self.books.cancel(order, to_card=False)
        else:
            if amount:
                self.books.give_back(order, amount, to_card=False)
            self.books.deliver(order, SELLER)
