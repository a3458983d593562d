"""The whole machine: anything with the money of a market, in any order, and it knows the sums.

After each step the audit has nothing to find, and every wallet, order and stock is what
`expected.Books` says. What the books say should be refused has to be refused.
"""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from instasell_client.models.auctions import BuyNow, CancelAuction, CreateAuction, PlaceBid
from instasell_client.models.wallets import UseGas
from tests.server.money.banks import Banks
from tests.server.money.expected import DAY, Auction, Listing
from tests.server.money.money_harness import ADMIN
from tests.server.money.trade import (
    AUCTION_GAS,
    FEATURE_GAS,
    SELLER,
    buyers,
    people,
    pick,
)

spans = st.sampled_from([60] * 3 + [3 * 3600] * 4 + [DAY] * 2 + [2 * DAY, 7 * DAY, 15 * DAY])


class Machine(Banks):
    """One run: all of `Banks`, auctions and time."""

    has_auctions = precondition(lambda self: any(lot.auctions for lot in self.lots))

    def _auction(self, number: int) -> tuple[Listing, Auction]:
        # Mostly one that is open, since little can be done with the others.
        held = [lot for lot in self.lots if lot.auctions]
        is_open = [lot for lot in held if lot.auctions[-1].is_open]
        if is_open and number % 8:
            held = is_open
        lot = held[number % len(held)]
        return lot, lot.auctions[-1]

    # Auctions ---------------------------------------------------------------------------------

    @rule(
        number=pick, buy_now=st.sampled_from([None, 4_000]), hours=st.sampled_from([2, 72]),
        eager=st.none() | buyers,
    )  # fmt: skip
    def put_up(self, number: int, buy_now: int | None, hours: int, eager: str | None) -> None:
        """The seller lists an auction, for gas; a bidder may have waited for it."""
        lot = self.lots[number % 2]
        wish = CreateAuction(
            listing_id=lot.id, duration_seconds=hours * 3600, min_bid=100, buy_now=buy_now,
            increments="none", extension_window_seconds=0, extension_seconds=0,
        )  # fmt: skip
        is_up = any(auction.is_open for auction in lot.auctions)
        made = self.attempt(
            self.arena.services.auctions.create(self._who(SELLER), wish, None),
            allowed=lot.stock > 0 and not is_up and self.books.gas[SELLER] >= AUCTION_GAS,
        )
        if made is not None:
            self.books.gas[SELLER] -= AUCTION_GAS
            ends_at = self.arena.now + hours * 3600
            lot.auctions.append(Auction(made.state.auction_id, 100, buy_now, ends_at))
            if eager is not None:
                self._bid(lot.auctions[-1], eager, 150)

    @has_auctions
    @rule(number=pick, who=people, most=st.sampled_from([99, 100, 101, 150, 500, 2_000]))
    def bid(self, number: int, who: str, most: int) -> None:
        """A bidder places an automatic bid with a hidden maximum."""
        self._bid(self._auction(number)[1], who, most)

    def _bid(self, auction: Auction, who: str, most: int) -> None:
        may = auction.is_open and who != SELLER and not (who == "cy" and self.suspended)
        wish = PlaceBid(max_amount=most)
        self.attempt(
            self.arena.services.auctions.bid(self._who(who), auction.id, wish, None),
            allowed=may and auction.takes(who, most),
        )

    @has_auctions
    @rule(number=pick, who=buyers)
    def buy_now(self, number: int, who: str) -> None:
        """A buyer buys it at once."""
        lot, auction = self._auction(number)
        free = auction.is_open and auction.buy_now is not None and not auction.bids
        receipt = self.attempt(
            self.arena.services.auctions.buy_now(
                self._who(who), auction.id, BuyNow(amount=auction.buy_now or 1), None
            ),
            allowed=free and not (who == "cy" and self.suspended),
        )
        if receipt is not None:
            assert auction.buy_now is not None
            assert receipt.order_id is not None
            auction.is_open = False
            lot.stock -= 1
            self._note(receipt.order_id, who, lot, 1, auction.buy_now)

    @has_auctions
    @rule(number=pick)
    def feature_or_cancel(self, number: int) -> None:
        """The seller pays for attention, or thinks better of it."""
        _, auction = self._auction(number)
        seller = self._who(SELLER)
        if number % 2:
            done: object = self.attempt(
                self.arena.services.wallets.use_gas(
                    seller, seller.user_id, UseGas(purpose="feature", auction_id=auction.id), None
                ),
                allowed=auction.is_open and self.books.gas[SELLER] >= FEATURE_GAS,
            )
            self.books.gas[SELLER] -= FEATURE_GAS if done else 0
            return
        done = self.attempt(
            self.arena.services.auctions.cancel(seller, auction.id, CancelAuction(), None),
            allowed=auction.is_open and not auction.bids,
        )
        if done is not None:
            auction.is_open = False
            self.books.gas[SELLER] += AUCTION_GAS

    @rule()
    def suspend_or_not(self) -> None:
        """An admin bars one bidder, or lets them in again."""
        admin, barred = self._who(ADMIN), self._who("cy")
        desk = self.arena.services.admin
        change = desk.unsuspend if self.suspended else desk.suspend
        self.arena.run(change(admin, barred.user_id, "seen", None))
        self.arena.run(self.arena.services.outbox.work())
        self.arena.sql("UPDATE sessions SET revoked_at = NULL")
        self.suspended = not self.suspended

    # Time -------------------------------------------------------------------------------------

    @rule(seconds=spans)
    def let_time_pass(self, seconds: int) -> None:
        """Auctions end, and what is due with orders happens."""
        until = self.arena.now + seconds
        running = [(a.ends_at, lot, a) for lot in self.lots for a in lot.auctions if a.is_open]
        for ends_at, lot, auction in sorted(running, key=lambda each: each[0]):
            if ends_at <= until:
                self.arena.advance(max(0, int(ends_at) - self.arena.now))
                self.arena.run(self.arena.services.closer.work())
                self._end(lot, auction)
        self.arena.advance(until - self.arena.now)
        while self.arena.run(self.arena.services.fulfilment.carry_out_due()):
            pass
        self.books.holds.now = self.arena.now
        self.books.let_time_pass(self.arena.now, SELLER)

    def _end(self, lot: Listing, auction: Auction) -> None:
        auction.is_open = False
        winner, price = auction.leader, auction.price
        if winner == "cy" and self.suspended:
            others = {who: most for who, most in auction.maxima.items() if who != winner}
            winner = max(others, key=lambda who: others[who], default=None)
            price = min(others[winner], price) if winner is not None else 0
        if winner is None:
            return
        rows = self.arena.sql(
            "SELECT o.id, email FROM orders o JOIN users u ON u.id = buyer_id"
            " WHERE auction_id = %s AND o.status = 'pending'",
            auction.id,
        )
        [(order_id, email)] = rows
        tied = len(set(auction.maxima.values())) < len(auction.maxima)
        who = email.partition("@")[0]
        assert who == winner or (tied and winner != auction.leader), (who, winner)
        lot.stock -= 1
        self._note(str(order_id), who, lot, 1, price)
