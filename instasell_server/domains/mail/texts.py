"""Write the text of each kind of mail.

Texts are jinja2 over the mail's facts, which are plain text here; the layout escapes the result
where it becomes HTML. `lines` are the facts that are shown in a table, each shown by its form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from instasell_client.models.auctions import BELOW_RESERVE

Form = Literal["text", "money", "instant"]


@dataclass(frozen=True, slots=True)
class MailText:
    """Hold the text of a kind of mail; `command` is what to run next, with ids from the facts.

    `quote` names the fact that a user wrote, `secret` the one that is a token.
    """

    subject: str
    lead: str
    lines: tuple[tuple[str, str, Form], ...] = ()
    quote: str | None = None
    secret: str | None = None
    advice: str = "Continue in your terminal:"
    command: str = ""


_TITLE: tuple[str, str, Form] = ("Item", "title", "text")
_ENDS: tuple[str, str, Form] = ("Ends", "end_at", "instant")
_LOOK_AUCTION = "instasell auctions show {{ auction_id }}"
_LOOK_ORDER = "instasell orders show {{ order_id }}"

MAIL_TEXTS: dict[str, MailText] = {
    "outbid": MailText(
        "Outbid: {{ title }}",
        "Another bidder has bid more than you. You can still win.",
        (
            _TITLE,
            ("Current bid", "current_bid", "money"),
            ("Bid at least", "minimum", "money"),
            _ENDS,
        ),
        advice="To bid on:",
        command="instasell auctions bid {{ auction_id }} {{ minimum|typed(unit) }}",
    ),
    "won": MailText(
        "You won: {{ title }}",
        "The auction has ended, and yours was the highest bid. Pay in time, or the order is"
        " cancelled.",
        (_TITLE, ("To pay", "total_amount", "money"), ("Pay by", "payment_due_at", "instant")),
        advice="To pay:",
        command="instasell orders pay {{ order_id }}",
    ),
    "lost": MailText(
        "Not won: {{ title }}",
        "{% if winner %}The auction has ended, and another bidder won it.{% else %}"
        + BELOW_RESERVE
        + ".{% endif %} You owe nothing.",
        (_TITLE, ("Last price", "price", "money")),
        advice="To see other live auctions:",
        command="instasell auctions live",
    ),
    "auction_ended": MailText(
        "{% if order_id %}Sold{% else %}Not sold{% endif %}: {{ title }}",
        "{% if order_id %}Your auction has ended and has a winner, who has been asked to pay. We"
        " write to you when it is time to ship.{% elif bid_count %}"
        + BELOW_RESERVE
        + ".{% else %}Your auction has ended without a bid.{% endif %}",
        (_TITLE, ("Price", "price", "money"), ("Bids", "bid_count", "text")),
        advice="To view it:",
        command="{% if order_id %}" + _LOOK_ORDER + "{% else %}" + _LOOK_AUCTION + "{% endif %}",
    ),
    "auction_cancelled": MailText(
        "Auction cancelled: {{ title }}",
        "The auction was cancelled. Its bids no longer count, and you owe nothing.",
        (_TITLE,),
        quote="reason",
        advice="To view it:",
        command=_LOOK_AUCTION,
    ),
    "ending_soon": MailText(
        "Ending soon: {{ title }}",
        "An auction that you follow is about to end.",
        (_TITLE, ("Current bid", "current_bid", "money"), _ENDS),
        advice="To watch it live:",
        command="instasell auctions watch {{ auction_id }}",
    ),
    "paid": MailText(
        "Paid, please ship: {{ title }}",
        "The buyer has paid. The money is held for you until the item has arrived.",
        (_TITLE, ("Amount", "total_amount", "money"), ("Buyer", "buyer_name", "text")),
        advice="When you have shipped it:",
        command="instasell orders ship {{ order_id }}",
    ),
    "shipped": MailText(
        "Shipped: {{ title }}",
        "The seller has shipped your order. Confirm when it has arrived. If you neither confirm nor"
        " open a dispute, the seller is paid at the time below.",
        (
            _TITLE,
            ("Carrier", "carrier", "text"),
            ("Tracking", "tracking", "text"),
            ("Seller is paid", "escrow_release_at", "instant"),
        ),
        advice="When it has arrived:",
        command="instasell orders confirm {{ order_id }}",
    ),
    "delivered": MailText(
        "Delivered: {{ title }}",
        "The order was delivered and is complete.",
        (_TITLE,),
        advice="To view it:",
        command=_LOOK_ORDER,
    ),
    "order_cancelled": MailText(
        "Order cancelled: {{ title }}",
        "The order was cancelled. If it was paid, the buyer gets the money back.",
        (_TITLE,),
        quote="reason",
        advice="To view it:",
        command=_LOOK_ORDER,
    ),
    "dispute_opened": MailText(
        "Dispute: {{ title }}",
        "A dispute was opened about an order of yours. Its money is held until the dispute is"
        " resolved.",
        (_TITLE,),
        quote="reason",
        advice="To view the dispute:",
        command="instasell disputes show {{ dispute_id }}",
    ),
    "dispute_answered": MailText(
        "Reply in your dispute: {{ title }}",
        "The other side has replied in your dispute.",
        (_TITLE,),
        advice="To view the dispute:",
        command="instasell disputes show {{ dispute_id }}",
    ),
    "dispute_resolved": MailText(
        "Dispute resolved: {{ title }}",
        "The dispute is resolved. The refund is in the buyer's wallet, and the rest goes to the"
        " seller.",
        (_TITLE, ("Refunded", "refund_amount", "money")),
        quote="resolution",
        advice="To view the dispute:",
        command="instasell disputes show {{ dispute_id }}",
    ),
    "refund": MailText(
        "Refund: {{ title }}",
        "You have received a refund.",
        (_TITLE, ("Amount", "amount", "money")),
        advice="To see your wallet's history:",
        command="instasell wallet history",
    ),
    "release": MailText(
        "Payment released: {{ title }}",
        "The money for an order was released to your wallet.",
        (_TITLE, ("Amount", "amount", "money")),
        advice="To see your wallet's history:",
        command="instasell wallet history",
    ),
    "message": MailText(
        "Message from {{ sender_name }}",
        "{{ sender_name }} wrote to you:",
        quote="text",
        advice="To read the conversation:",
        command="instasell messages show {{ conversation_id }}",
    ),
    "messages": MailText(
        "{% if count == 1 %}Message{% else %}{{ count }} new messages{% endif %}"
        " from {{ sender_name }}",
        "{% if count == 1 %}{{ sender_name }} wrote to you:{% else %}{{ sender_name }} wrote to you"
        " {{ count }} times since you last looked. The newest message:{% endif %}",
        quote="text",
        advice="To read all of them:",
        command="instasell messages show {{ conversation_id }}",
    ),
    "new_auction": MailText(
        "New auction: {{ title }}",
        "There is a new auction by a seller or in a category that you follow.",
        (
            _TITLE,
            ("Seller", "seller_name", "text"),
            ("Starts", "start_at", "instant"),
            _ENDS,
        ),
        advice="To view it:",
        command=_LOOK_AUCTION,
    ),
    "new_listing": MailText(
        "New listing: {{ title }}",
        "There is a new listing by a seller or in a category that you follow.",
        (_TITLE, ("Seller", "seller_name", "text"), ("Price", "price", "money")),
        advice="To view it:",
        command="instasell listings show {{ listing_id }}",
    ),
    "failed_sign_ins": MailText(
        "Failed sign-ins",
        "There were attempts to sign in to your account with wrong passwords. You can still sign"
        " in. If it was not you, and your password is short or used elsewhere, set a new one.",
        (("Attempts", "attempts", "text"), ("Last attempt from", "address", "text")),
        advice="To set a new password:",
        command="instasell auth forgot",
    ),
    "verify_email": MailText(
        "Confirm your address",
        "Confirm that this e-mail address is yours. Until then you cannot withdraw money.",
        (("Valid until", "expires_at", "instant"),),
        secret="token",
        advice="Run this, and paste the token when asked:",
        command="instasell auth verify",
    ),
    "confirm_signup": MailText(
        "Finish your sign-up",
        "This address was used to sign up. The account is created when you confirm the address and"
        " choose a password. If it was not you, do nothing.",
        (("Valid until", "expires_at", "instant"),),
        secret="token",
        advice="Run this, paste the token when asked, and choose a password:",
        command="instasell auth verify",
    ),
    "signup_attempted": MailText(
        "You already have an account",
        "This address was used to sign up, but it already has an account. Nothing was changed. If"
        " it was you, sign in (instasell auth login). If you do not know your password, set a new"
        " one. If it was not you, do nothing.",
        advice="To set a new password:",
        command="instasell auth forgot",
    ),
    "reset_password": MailText(
        "Reset your password",
        "A new password was requested for your account. If it was not you, do nothing: your"
        " password stays the same.",
        (("Valid until", "expires_at", "instant"),),
        secret="token",
        advice="Run this, and paste the token when asked:",
        command="instasell auth reset",
    ),
    "password_changed": MailText(
        "Your password was changed",
        "The password of your account was changed, and your other sessions have ended. If it was"
        " not you, set a new password at once.",
        advice="If it was not you:",
        command="instasell auth forgot",
    ),
}

UNKNOWN = MailText(
    "News from the market",
    "There is news about your account, a bid or an order.",
    (("Item", "title", "text"),),
    advice="To see your orders:",
    command="instasell orders list",
)
"""For a kind that has no text here yet: a plain mail is better than none."""
