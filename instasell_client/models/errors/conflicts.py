"""Define the errors that depend on the state of the market."""

from __future__ import annotations

from instasell_client.models.errors.base import InstaSellError


class Conflict(InstaSellError):
    """Refuse a sound request that the state of the market does not allow."""

    title = "The present state does not allow that; load it again"
    status = 409


class AuctionNotOpen(Conflict):
    """Refuse, because the auction has not started, is over, or was cancelled."""

    title = "The auction is not open"

    @property
    def auction_status(self) -> str | None:
        """Return the present status of the auction: one of `AuctionStatus`."""
        return self._text("auction_status")


class BidTooLow(Conflict):
    """Refuse a bid below the minimum."""

    title = "The bid is too low"

    @property
    def minimum(self) -> int | None:
        """Return the least bid that is accepted now, in minor units."""
        return self._number("minimum")


class AlreadyLeading(Conflict):
    """Refuse a maximum that does not raise the leader's present one."""

    title = "You already lead with a maximum at least this high"

    @property
    def minimum(self) -> int | None:
        """Return the least maximum that would raise it, in minor units."""
        return self._number("minimum")


class BuyNowUnavailable(Conflict):
    """Refuse to buy where there is no buy-now price, bidding has ended it, or it is another one."""

    title = "Buy now is not available"

    @property
    def buy_now(self) -> int | None:
        """Return the price where it differs from what was sent, in minor units."""
        return self._number("buy_now")


class ListingInUse(Conflict):
    """Refuse to change a listing that an open auction needs."""

    title = "The listing has an open auction; wait until it has ended"


class ListingHasAuction(Conflict):
    """Refuse a second open auction for a listing."""

    title = "The listing already has an open auction"

    @property
    def auction_id(self) -> str | None:
        """Return the id of the auction that is open."""
        return self._text("auction_id")


class AuctionHasBids(Conflict):
    """Refuse what is possible only before the first bid."""

    title = "The auction already has bids"


class AuctionStillOpen(Conflict):
    """Refuse what is possible only after the auction."""

    title = "The auction is not over yet; wait for its end"

    @property
    def auction_status(self) -> str | None:
        """Return the status of the auction: one of `AuctionStatus`."""
        return self._text("auction_status")


class AuctionHasOrder(Conflict):
    """Refuse, because an order of the auction is open or was paid."""

    title = "The auction already has an order"

    @property
    def order_id(self) -> str | None:
        """Return the id of that order."""
        return self._text("order_id")


class NoRunnerUp(Conflict):
    """Refuse to offer an auction to the next bidder where no bidder is left."""

    title = "There is no other bidder to offer the auction to"


class EmailTaken(Conflict):
    """Refuse an e-mail address that another account has."""

    title = "An account with this e-mail address exists; use another address"


class SkuTaken(Conflict):
    """Refuse a `seller_sku` that another listing of the seller has."""

    title = "Another of your listings has this seller_sku; choose another"


class CategoryInUse(Conflict):
    """Refuse to delete a category with listings or categories in it."""

    title = "The category is in use; move what is in it first"


class CategoryExists(Conflict):
    """Refuse a second category of the same name below the same parent."""

    title = "A category of this name exists; choose another name"


class OutOfStock(Conflict):
    """Refuse, because fewer are left than were asked for."""

    title = "Fewer are in stock than you asked for; order fewer"


class StillRunning(Conflict):
    """Refuse a repeated request while the first one with its key is not answered."""

    title = "The first request with this key is still running; try again soon"
    retryable = True


class OrderNotReady(Conflict):
    """Refuse a step that the order's status does not allow."""

    title = "The status of the order does not allow that"

    @property
    def order_status(self) -> str | None:
        """Return the present status of the order: one of `OrderStatus`."""
        return self._text("order_status")


class InsufficientFunds(Conflict):
    """Refuse, because the wallet has less money than that."""

    title = "Your wallet has too little money"

    @property
    def missing(self) -> int | None:
        """Return the amount that is missing, in minor units."""
        return self._number("missing")


class FundsHeld(Conflict):
    """Refuse a withdrawal of money that can be spent, but not withdrawn yet."""

    title = "This money cannot be withdrawn yet"

    @property
    def withdrawable(self) -> int | None:
        """Return what can be withdrawn now, in minor units."""
        return self._number("withdrawable")

    @property
    def free_at(self) -> str | None:
        """Return when the whole amount can be withdrawn, in ISO 8601; None if it is owed."""
        return self._text("free_at")


class PayoutsStopped(Conflict):
    """Refuse a withdrawal after a chargeback, until an admin has looked at the account."""

    title = "Payouts from your account are stopped; ask an admin of the market"


class InsufficientGas(Conflict):
    """Refuse, because the wallet has less gas than that."""

    title = "Your wallet has too little gas"

    @property
    def missing(self) -> int | None:
        """Return the gas that is missing."""
        return self._number("missing")


class DisputeClosed(Conflict):
    """Refuse to change a dispute that is resolved."""

    title = "The dispute is closed and can no longer be changed"


class UploadMissing(Conflict):
    """Refuse to confirm a file whose bytes have not arrived."""

    title = "The file has not been uploaded yet; upload it first"


class TooManyFiles(Conflict):
    """Refuse one file more than the limit."""

    title = "There are too many files; remove one first"

    @property
    def limit(self) -> int | None:
        """Return the highest number allowed."""
        return self._number("limit")


class ChargebackOpen(Conflict):
    """Refuse what the payer's bank decides, because it has taken the money back."""

    title = "The payer's bank decides this; wait for its decision"


class LastAdmin(Conflict):
    """Refuse to suspend or demote the last active admin."""

    title = "The market needs at least one active admin; appoint another first"


class NoPayoutAccount(Conflict):
    """Refuse a withdrawal without an account at the payment provider, or before it is ready."""

    title = "You have no payout account that is ready; complete it first"


class NothingToBook(Conflict):
    """Refuse to book an alert that is booked already, or whose kind has nothing to book."""

    title = "There is nothing to book for this alert"
