"""The machine's model: what a market should hold, worked out apart from the server.

It knows the rules of RULES only as sums and states; nothing here is imported from the server.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.server.money.expected_holds import Holds

CARD_HOLD_DAYS = 20
TOPUP_HOLD_DAYS = 7
DAY = 86_400
OPEN = ("processing", "shipped", "disputed")


@dataclass
class Order:
    """One order, by the names of its people; times in seconds of the machine's clock."""

    id: str
    buyer: str
    listing: Listing
    quantity: int
    total: int
    due_at: float
    status: str = "pending"
    held: int = 0
    refunded: int = 0
    method: str | None = None
    is_sent: bool = False
    moves_at: float = 0.0
    paid_at: float = 0.0
    page: Page | None = None
    paid_by: Page | None = None
    dispute_id: str | None = None
    claims: int = 0
    claimed_status: str = ""


@dataclass
class Listing:
    """One listing."""

    id: str
    price: int
    stock: int
    auctions: list[Auction] = field(default_factory=list)


@dataclass
class Page:
    """A page of the provider: for an order, or to top up an account."""

    url: str
    amount: int
    order: Order | None
    owner: str
    target: str = "balance"
    state: str = "open"  # open, paid (the market does not know yet), over
    was_paid: bool = False
    is_disputed: bool = False


@dataclass
class Claim:
    """A payment that a bank has taken back; `debts` has what is owed and what was recovered."""

    id: str
    page: Page
    order: Order | None
    amount: int
    status: str = "open"
    refunded: int = 0
    escrow: int = 0
    of_orders: list[tuple[Order, int]] = field(default_factory=list)
    holds_order: bool = False
    debts: dict[str, tuple[int, int]] = field(default_factory=dict)
    due: set[str] = field(default_factory=set)


@dataclass
class Auction:
    """One auction with increments of one."""

    id: str
    min_bid: int
    buy_now: int | None
    ends_at: float
    is_open: bool = True
    bids: int = 0
    leader: str | None = None
    most: int = 0
    second: int | None = None
    price: int = 0
    maxima: dict[str, int] = field(default_factory=dict)

    def takes(self, bidder: str, most: int) -> bool:
        """Count a bid if it counts, and return whether it does."""
        if self.leader == bidder:
            if most <= self.most:
                return False
            self.most = most
            if self.second is not None:
                self.price = max(self.price, min(most, self.second + 1))
        elif self.leader is None:
            if most < self.min_bid:
                return False
            self.leader, self.most, self.price = bidder, most, self.min_bid
        else:
            if most < self.price + 1:
                return False
            if most > self.most:
                self.price = min(most, self.most + 1)
                self.leader, self.second, self.most = bidder, self.most, most
            else:
                self.price = min(self.most, most + 1)
                self.second = most
        self.maxima[bidder] = most
        self.bids += 1
        return True


@dataclass
class Books:
    """Everybody's money, and what is under way."""

    balance: Counter[str] = field(default_factory=Counter)
    gas: Counter[str] = field(default_factory=Counter)
    orders: list[Order] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)
    withdrawals: list[tuple[str, int]] = field(default_factory=list)
    refunds: list[tuple[int, Page, Order | None]] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    stopped: set[str] = field(default_factory=set)
    holds: Holds = field(default_factory=Holds)
    held_at_provider: int = 0

    def owed(self, who: str) -> int:
        """Return what a user owes, also what is not due yet."""
        return sum(each.debts.get(who, (0, 0))[0] for each in self.claims)

    def withdrawable(self, who: str) -> int:
        """Return what may leave."""
        if who in self.stopped:
            return 0
        return self.balance[who] - self.holds.held(who) - self.owed(who)

    def pay(self, order: Order, method: str, now: float) -> None:
        """An order is paid."""
        order.status, order.method, order.held = "processing", method, order.total
        order.paid_at, order.moves_at = now, now + 21 * DAY
        if method == "wallet":
            self.balance[order.buyer] -= order.total
            self.holds.spend(order.buyer, order.total, order.id)
            self.close_page(order)

    def close_page(self, order: Order) -> None:
        """Nobody is to pay on an order's page any more."""
        if order.page is not None and order.page.state == "open":
            order.page.state = "over"
        order.page = None if order.page is None or order.page.state == "over" else order.page

    def give_back(self, order: Order, amount: int, *, to_card: bool) -> None:
        """A part of what is held goes back to the buyer."""
        order.held -= amount
        order.refunded += amount
        if to_card and order.paid_by is not None:
            self.refunds.append((amount, order.paid_by, order))
            return
        self.balance[order.buyer] += amount
        if order.paid_by is not None:
            self.hold_refund(order, order.paid_by, amount)
        else:
            self.holds.give_back(order.buyer, amount, order.id)

    def hold_refund(self, order: Order, page: Page, amount: int) -> None:
        """Money that a card paid is in the wallet again."""
        free_at = order.paid_at + CARD_HOLD_DAYS * DAY
        self.holds.add(order.buyer, page, amount, free_at)

    def send_refunds(self) -> None:
        """The provider sends refunds, but of payments that a bank has taken."""
        for amount, page, order in self.refunds:
            if page.is_disputed and order is not None:
                self.balance[order.buyer] += amount
                self.hold_refund(order, page, amount)
        self.refunds.clear()

    def cancel(self, order: Order, *, to_card: bool = True) -> None:
        """An order ends without a sale."""
        if order.held:
            self.give_back(order, order.held, to_card=to_card)
        if order.status == "pending":
            self.close_page(order)
        if not order.is_sent:
            order.listing.stock += order.quantity
        order.status = "cancelled"

    def deliver(self, order: Order, seller: str) -> None:
        """The seller gets what is held."""
        self.balance[seller] += order.held
        order.held, order.status = 0, "delivered"

    def hear_of(self, page: Page, now: float) -> None:
        """The market learns that a page was paid on."""
        page.state = "over"
        order = page.order
        if order is None:
            account = self.gas if page.target == "gas" else self.balance
            account[page.owner] += page.amount
            if page.target == "balance":
                free_at = now + TOPUP_HOLD_DAYS * DAY
                self.holds.add(page.owner, page, page.amount, free_at)
        elif order.status == "pending" and order.page is page:
            order.page, order.paid_by = None, page
            self.pay(order, "card", now)
        else:
            order.page = None if order.page is page else order.page
            self.refunds.append((page.amount, page, None))

    def let_time_pass(self, now: float, seller: str) -> None:
        """Whatever is due happens."""
        for order in self.orders:
            is_late = order.status == "pending" and order.due_at <= now
            if is_late or (order.status == "processing" and order.moves_at <= now):
                self.cancel(order)
            elif order.status == "shipped" and order.moves_at <= now:
                self.deliver(order, seller)
