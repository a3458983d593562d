"""The second part of the machine: banks that take payments back, and what the market does then."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from instasell_client.models.wallets import Withdraw
from tests.server.money.expected import OPEN, Claim, Order, Page
from tests.server.money.money_harness import ADMIN
from tests.server.money.trade import FUNDS, SELLER, Trade, amounts, buyers, people, pick

DEBTS = """
SELECT c.provider_id, split_part(u.email, '@', 1), d.owed_amount, d.recovered_amount
FROM chargeback_debts d JOIN chargebacks c ON c.id = d.chargeback_id
JOIN users u ON u.id = d.debtor_id
"""


class Banks(Trade):
    """All of `Trade`, money that leaves, and chargebacks of any payment at any time."""

    is_sound = False

    def _chargeable(self) -> list[Page]:
        return [page for page in self.books.pages if page.was_paid and not page.is_disputed]

    @precondition(lambda self: self._chargeable())
    @rule(
        number=pick, part=st.sampled_from([None, None, None, 1, 400]),
        won=st.sampled_from([None, None, None, True, False, False]),
    )  # fmt: skip
    def charge_back(self, number: int, part: int | None, won: bool | None) -> None:
        """A bank takes a payment back, or a part of it; some decide at once."""
        self._hear_all()
        pages = self._chargeable()
        refunded = [each for each in pages if each.order is not None and each.order.refunded]
        if refunded and number % 3:
            # What went back once is what could leave twice.
            pages = refunded
        spent = [p for p in pages if any(self._has_of(each, p) for each in self.books.orders)]
        if spent and number % 2:
            pages = spent
        page = pages[-1 - number % min(4, len(pages))]
        amount = min(part or page.amount, page.amount)
        order = page.order
        if order is not None and order.paid_by is not page:
            order = None
        claim = Claim(self.arena.charge_back(page.url, amount), page, order, amount)
        page.is_disputed = True
        self.arena.deliver(twice=bool(number % 2))
        self.arena.seen["charge_back"] += 1
        self.books.claims.append(claim)
        self.books.stopped.add(page.owner)
        self._share(claim)
        self._recover_from(claim, page.owner)
        if won is not None:
            self._decide(claim, won=won)

    def _share(self, claim: Claim) -> None:
        order, books = claim.order, self.books
        if order is None:
            self._share_top_up(claim)
            return
        before = [c for c in books.claims[:-1] if c.order is order and c.status != "won"]
        claim.refunded = min(
            claim.amount, max(0, order.refunded - sum(each.refunded for each in before))
        )
        claim.escrow = min(claim.amount - claim.refunded, order.held)
        rest = claim.amount - claim.refunded - claim.escrow
        buyers_part = claim.refunded
        if order.status == "cancelled":
            claim.refunded += rest
            buyers_part, rest = claim.refunded, 0
        more = min(rest, max(0, books.balance[order.buyer] - buyers_part))
        if buyers_part + more:
            claim.debts[order.buyer] = (buyers_part + more, 0)
            claim.due.add(order.buyer)
        if order.status == "delivered":
            got = order.total - order.refunded - sum(each.escrow for each in before)
            got -= sum(sum(each.debts.get(SELLER, (0, 0))) for each in before)
            sellers_part = min(rest - more, max(0, got))
            if sellers_part:
                claim.debts[SELLER] = (sellers_part, 0)
        order.held -= claim.escrow
        if order.status in OPEN:
            claim.holds_order = True
            self._freeze(order)

    def _share_top_up(self, claim: Claim) -> None:
        """Take what is left first, then what it paid: what was not shipped, the newest first."""
        books, page = self.books, claim.page
        who = page.owner
        rest = max(0, claim.amount - min(books.balance[who], books.holds.left(who, page)))
        spent_on = [order for order in books.orders if self._has_of(order, page)]
        for order in sorted(spent_on, key=lambda each: (each.is_sent, -each.paid_at, each.id)):
            part = min(rest, books.holds.used(who, order.id, page))
            if part:
                rest -= part
                order.held -= part
                self._freeze(order)
                books.holds.move(who, order.id, claim.id + order.id, page, part)
                claim.of_orders.append((order, part))
                self.arena.seen["freeze"] += 1
        owed = claim.amount - sum(part for _, part in claim.of_orders)
        if owed:
            claim.debts[who] = (owed, 0)
            claim.due.add(who)

    def _has_of(self, order: Order, page: Page) -> bool:
        used = self.books.holds.used(page.owner, order.id, page)
        return order.status in OPEN and used > 0

    def _freeze(self, order: Order) -> None:
        if not order.claims:
            order.claimed_status = order.status
        order.claims += 1
        order.status = "disputed"

    def _recover_from(self, claim: Claim, who: str) -> None:
        owed, paid = claim.debts.get(who, (0, 0))
        amount = min(owed, self.books.balance[who])
        if amount and who in claim.due:
            self.books.balance[who] -= amount
            self.books.holds.spend(who, amount, claim.id, claim.page)
            claim.debts[who] = (owed - amount, paid + amount)

    @precondition(lambda self: any(claim.status == "open" for claim in self.books.claims))
    @rule(number=pick, won=st.booleans())
    def decide(self, number: int, won: bool) -> None:
        """The bank says who is right."""
        self._hear_all()
        waiting = [claim for claim in self.books.claims if claim.status == "open"]
        self._decide(waiting[number % len(waiting)], won=won)

    def _decide(self, claim: Claim, *, won: bool) -> None:
        self.arena.judge(claim.id, won=won)
        self.arena.deliver(twice=False)
        claim.status = "won" if won else "lost"
        self.arena.seen[claim.status] += 1
        order = claim.order
        frozen = [each for each, _ in claim.of_orders]
        frozen += [order] if claim.holds_order and order is not None else []
        for each in frozen:
            each.claims -= 1
            if not each.claims:
                each.status = each.claimed_status
        if not won:
            claim.due |= set(claim.debts)
            for each in frozen:
                if not each.held and not each.claims:
                    self.books.cancel(each)
            return
        claim.page.is_disputed = False
        if order is not None:
            order.held += claim.escrow
        for each, part in claim.of_orders:
            each.held += part
            who, purpose = claim.page.owner, claim.id + each.id
            self.books.holds.move(who, purpose, each.id, claim.page, part)
        for who, (_, paid) in claim.debts.items():
            self.books.balance[who] += paid
            self.books.holds.give_back(who, paid, claim.id)
        claim.debts.clear()

    @precondition(lambda self: any(claim.debts for claim in self.books.claims))
    @rule()
    def recover(self) -> None:
        """The market takes what is owed from who has something."""
        books = self.books
        while self.arena.run(self.arena.services.chargebacks.recover()):
            pass
        # Of two claims that came at one instant either may be first; the sum is the same.
        told = {(claim, who): (owed, paid) for claim, who, owed, paid in self.arena.sql(DEBTS)}
        for who in {who for claim in books.claims for who in claim.due}:
            claims = [claim for claim in books.claims if who in claim.debts and who in claim.due]
            taken = 0
            for claim in claims:
                owed, paid = told[claim.id, who]
                before, paid_before = claim.debts[who]
                assert owed + paid == before + paid_before
                assert owed <= before
                claim.debts[who] = (owed, paid)
                taken += before - owed
                self.books.holds.spend(who, before - owed, claim.id, claim.page)
            before = sum(claim.debts[who][0] for claim in claims) + taken
            assert taken == min(books.balance[who], before)
            books.balance[who] -= taken

    @precondition(lambda self: self.books.stopped)
    @rule(who=buyers)
    def allow_payouts(self, who: str) -> None:
        """An admin has looked at an account."""
        admin, person = self._who(ADMIN), self._who(who)
        self.arena.run(self.arena.services.admin.allow_payouts(admin, person.user_id, "seen", None))
        self.books.stopped.discard(who)

    def _hear_all(self) -> None:
        self.arena.deliver(twice=False)
        for page in self.books.pages:
            if page.state == "paid":
                self.books.hear_of(page, self.arena.now)

    # Money that leaves ------------------------------------------------------------------------

    @precondition(lambda self: self.books.refunds)
    @rule()
    def send_refunds(self) -> None:
        """Send what goes back to cards."""
        while self.arena.run(self.arena.services.payments.refunds.send_refunds()):
            pass
        self.books.send_refunds()

    @rule(who=people, amount=amounts)
    def withdraw(self, who: str, amount: int) -> None:
        """A user asks for a withdrawal."""
        done = self.attempt(
            self.arena.services.wallets.withdrawals.withdraw(
                self._who(who), Withdraw(amount=amount), None
            ),
            allowed=self.books.withdrawable(who) >= amount,
        )
        if done is not None:
            self.books.balance[who] -= amount
            self.books.withdrawals.append((who, amount))

    @precondition(lambda self: self.books.withdrawals)
    @rule(lost=st.booleans())
    def send_withdrawals(self, lost: bool) -> None:
        """The provider sends what is to leave, or will not."""
        self.arena.lose_accounts(lost=lost)
        while self.arena.run(self.arena.services.wallets.withdrawals.send_pending()):
            pass
        self.arena.lose_accounts(lost=False)
        for who, amount in self.books.withdrawals:
            self.books.balance[who] += amount if lost or who in self.books.stopped else 0
        self.books.withdrawals.clear()

    # What always holds ------------------------------------------------------------------------

    @invariant()
    def the_books_are_right(self) -> None:
        """Wallets, orders and stock are as expected, and the audit finds nothing."""
        self.is_sound = False
        arena, books = self.arena, self.books
        names = {person.user_id: name for name, person in arena.people.items()}
        found = {
            names[str(user_id)]: (balance, gas)
            for user_id, balance, gas in arena.sql(
                "SELECT user_id, balance, gas_balance FROM wallets"
            )
        }
        assert found == {name: (books.balance[name], books.gas[name]) for name in found}
        held = {
            names[str(user_id)]: (held, owed)
            for user_id, held, owed in arena.sql(
                "SELECT w.user_id, l.held_amount, l.owed_amount FROM wallets w,"
                " wallet_limits(w.user_id, market_now()) l"
            )
        }
        assert held == {name: (books.holds.held(name), books.owed(name)) for name in held}
        orders = {
            str(row[0]): row[1:]
            for row in arena.sql("SELECT id, status, held_amount, refunded_amount FROM orders")
        }
        for order in books.orders:
            expected = (order.status, order.held, order.refunded)
            assert orders.pop(order.id) == expected, (order, expected)
        # What is left are orders of winners who were barred.
        assert {row[0] for row in orders.values()} <= {"cancelled"}
        stock = {str(row[0]): row[1] for row in arena.sql("SELECT id, stock FROM listings")}
        assert stock == {each.id: each.stock for each in (*self.listings, *self.lots)}
        assert arena.findings() == []
        self.is_sound = True

    def teardown(self) -> None:
        """Check that the provider holds what the market says that it holds, once all is sent."""
        if not self.is_sound:
            return
        self.the_books_are_right()
        self.arena.deliver(twice=False)
        while self.arena.run(self.arena.services.payments.refunds.send_refunds()):
            pass
        while self.arena.run(self.arena.services.wallets.withdrawals.send_pending()):
            pass
        [(held,)] = self.arena.sql(
            "SELECT -coalesce(sum(amount), 0)::bigint FROM transactions WHERE account = 'stripe'"
        )
        assert held - 2 * FUNDS == self.arena.held_since_clear()
