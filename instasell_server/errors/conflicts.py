"""Refuse what does not fit the current state."""

from __future__ import annotations

from instasell_server.errors.base import Conflict


class AuctionNotOpen(Conflict):
    """Refuse an auction that has not started, is over or cancelled: see `auction_status`."""

    title = "The auction is not open"


class BidTooLow(Conflict):
    """Under the minimum; `minimum` is what would be taken now, in minor units."""

    title = "The bid is too low"


class AlreadyLeading(Conflict):
    """The leader's own maximum is not raised by this; `minimum` would raise it."""

    title = "You lead already with a maximum that is as high"


class BuyNowUnavailable(Conflict):
    """No buy-now price, or bidding has taken it away; `buy_now` is the price where it differs."""

    title = "Buy now is not available"


class ListingInUse(Conflict):
    """An order or an auction with bids holds the listing."""

    title = "The listing is in use"


class ListingHasAuction(Conflict):
    """One open auction for a listing at most; `auction_id` names it."""

    title = "The listing has an open auction"


class AuctionHasBids(Conflict):
    """Only an auction without bids may be changed like this."""

    title = "The auction has bids"


class AuctionStillOpen(Conflict):
    """Refuse an auction that is not over; `auction_status` names its state."""

    title = "The auction is not over"


class AuctionHasOrder(Conflict):
    """Refuse an auction with an order in force or paid; `order_id` names it."""

    title = "The auction has an order"


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
    """The order does not stand where this could be done; `order_status` tells where it does."""

    title = "The order is not at that point"


class InsufficientFunds(Conflict):
    """The wallet has less; `missing` tells how much, in minor units."""

    title = "The wallet has too little"


class FundsHeld(Conflict):
    """The wallet has it, to be spent; `withdrawable` can leave now, all of it from `free_at` on."""

    title = "The money cannot be withdrawn yet"


class PayoutsStopped(Conflict):
    """A bank has taken a payment back, and an admin has to look at the account first."""

    title = "Nothing is paid out to this account"


class InsufficientGas(Conflict):
    """The wallet has less gas; `missing` tells how much."""

    title = "The wallet has too little gas"


class DisputeClosed(Conflict):
    """The dispute is resolved, and nothing changes it any more."""

    title = "The dispute is closed"


class UploadMissing(Conflict):
    """A file is confirmed whose bytes have not come."""

    title = "The file has not been uploaded"


class TooManyFiles(Conflict):
    """As many files as there may be; `limit` tells how many that is."""

    title = "There are too many files"


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
    """Refuse an alert that is booked already, or whose kind has nothing to book."""

    title = "There is nothing to book"
