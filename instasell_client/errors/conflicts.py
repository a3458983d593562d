"""Define the refusals that depend on the state of the market."""

from __future__ import annotations

from instasell_client.errors.base import InstaSellError


class Conflict(InstaSellError):
    """The request is sound, but the state of the market is against it."""

    title = "The state of the market does not allow that"
    status = 409


class AuctionNotOpen(Conflict):
    """Refuse, because the auction has not started, is over, or was cancelled."""

    title = "The auction is not open"

    @property
    def auction_status(self) -> str | None:
        """Return the present status of the auction: one of `AuctionStatus`."""
        return self._text("auction_status")


class BidTooLow(Conflict):
    """Under the minimum."""

    title = "The bid is too low"

    @property
    def minimum(self) -> int | None:
        """Return the least bid that is accepted now, in minor units."""
        return self._number("minimum")


class AlreadyLeading(Conflict):
    """Refuse a maximum that does not raise the leader's present one."""

    title = "You lead already with a maximum that is as high"

    @property
    def minimum(self) -> int | None:
        """The least maximum that would raise it, in minor units."""
        return self._number("minimum")


class BuyNowUnavailable(Conflict):
    """No buy-now price, or bidding has taken it away, or it is another one."""

    title = "Buy now is not available"

    @property
    def buy_now(self) -> int | None:
        """The price where it differs from what was sent, in minor units."""
        return self._number("buy_now")


class ListingInUse(Conflict):
    """An order or an auction with bids holds the listing."""

    title = "The listing is in use"


class ListingHasAuction(Conflict):
    """One open auction for a listing at most."""

    title = "The listing has an open auction"

    @property
    def auction_id(self) -> str | None:
        """The auction that is open."""
        return self._text("auction_id")


class AuctionHasBids(Conflict):
    """Only an auction without bids may be changed like this."""

    title = "The auction has bids"


class AuctionStillOpen(Conflict):
    """The auction is not over."""

    title = "The auction is not over"

    @property
    def auction_status(self) -> str | None:
        """Return the status of the auction: one of `AuctionStatus`."""
        return self._text("auction_status")


class AuctionHasOrder(Conflict):
    """Refuse, because an order of the auction is open or was paid."""

    title = "The auction has an order"

    @property
    def order_id(self) -> str | None:
        """That order."""
        return self._text("order_id")


class NoRunnerUp(Conflict):
    """Nobody is left whom the auction could be offered to."""

    title = "There is nobody to offer the auction to"


class EmailTaken(Conflict):
    """An account with this address exists."""

    title = "An account with this e-mail address exists"


class SkuTaken(Conflict):
    """Another listing of the seller has this `seller_sku`."""

    title = "Another of your listings has this seller_sku"


class CategoryInUse(Conflict):
    """A category with listings or categories in it stays."""

    title = "The category is in use"


class CategoryExists(Conflict):
    """A name is unique within its parent."""

    title = "The category exists"


class OutOfStock(Conflict):
    """Fewer are left than were asked for."""

    title = "Out of stock"


class StillRunning(Conflict):
    """The first request with this key has not been answered yet."""

    title = "The first request with this key is still running"
    retryable = True


class OrderNotReady(Conflict):
    """The order does not stand where this could be done."""

    title = "The order is not at that point"

    @property
    def order_status(self) -> str | None:
        """Return the present status of the order: one of `OrderStatus`."""
        return self._text("order_status")


class InsufficientFunds(Conflict):
    """The wallet has less."""

    title = "The wallet has too little"

    @property
    def missing(self) -> int | None:
        """Return the amount that is missing, in minor units."""
        return self._number("missing")


class FundsHeld(Conflict):
    """The wallet has it, and it can be spent; a part of it cannot be withdrawn yet."""

    title = "The money cannot be withdrawn yet"

    @property
    def withdrawable(self) -> int | None:
        """Return what can be withdrawn now, in minor units."""
        return self._number("withdrawable")

    @property
    def free_at(self) -> str | None:
        """From when on the amount can be withdrawn, in ISO 8601; None if it is owed."""
        return self._text("free_at")


class PayoutsStopped(Conflict):
    """A bank has taken a payment back, and an admin has to look at the account first."""

    title = "Nothing is paid out to this account"


class InsufficientGas(Conflict):
    """The wallet has less gas."""

    title = "The wallet has too little gas"

    @property
    def missing(self) -> int | None:
        """Return the gas that is missing."""
        return self._number("missing")


class DisputeClosed(Conflict):
    """The dispute is resolved, and nothing changes it any more."""

    title = "The dispute is closed"


class UploadMissing(Conflict):
    """A file is confirmed whose bytes have not come."""

    title = "The file has not been uploaded"


class TooManyFiles(Conflict):
    """As many files as there may be."""

    title = "There are too many files"

    @property
    def limit(self) -> int | None:
        """Return the highest number allowed."""
        return self._number("limit")


class ChargebackOpen(Conflict):
    """The payer's bank has taken the money back, and only its verdict decides."""

    title = "The payer's bank decides"


class LastAdmin(Conflict):
    """A market is never without an active admin."""

    title = "The market needs one active admin at least"


class NoPayoutAccount(Conflict):
    """There is no account at the payment provider to send money to, or it is not ready."""

    title = "There is no account to send the money to"


class NothingToBook(Conflict):
    """Refuse to book an alert that is booked already, or whose kind has nothing to book."""

    title = "There is nothing to book"
