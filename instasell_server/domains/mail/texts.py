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
    """A kind of mail; `command` is what the reader types next, with ids from the facts.

    `quote` names the fact that is a user's own words, `secret` the one that is a token.
    """

    subject: str
    lead: str
    lines: tuple[tuple[str, str, Form], ...] = ()
    quote: str | None = None
    secret: str | None = None
    advice: str = "Go on in your terminal:"
    command: str = ""


_TITLE: tuple[str, str, Form] = ("Item", "title", "text")
_ENDS: tuple[str, str, Form] = ("Ends", "end_at", "instant")
_LOOK_AUCTION = "instasell auctions show {{ auction_id }}"
_LOOK_ORDER = "instasell orders show {{ order_id }}"

WORDINGS: dict[str, MailText] = {
    "outbid": MailText(
        "Outbid: {{ title }}",
        "Somebody bids more than you do. You can still win it.",
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
        "The auction is over, and yours was the highest bid. Pay in time, or the order is called"
        " off.",
        (_TITLE, ("To pay", "total_amount", "money"), ("Pay by", "payment_due_at", "instant")),
        advice="To pay:",
        command="instasell orders pay {{ order_id }}",
    ),
    "lost": MailText(
        "Not won: {{ title }}",
        "{% if winner %}The auction is over, and another bidder won it.{% else %}"
        + BELOW_RESERVE
        + ".{% endif %} You owe nothing.",
        (_TITLE, ("Last price", "price", "money")),
        advice="To see what else runs:",
        command="instasell auctions live",
    ),
    "auction_ended": MailText(
        "{% if order_id %}Sold{% else %}Not sold{% endif %}: {{ title }}",
        "{% if order_id %}Your auction is over and has a winner, who has been told to pay. You are"
        " told when to ship.{% elif bid_count %}"
        + BELOW_RESERVE
        + ".{% else %}Your auction is over. Nobody bid.{% endif %}",
        (_TITLE, ("Price", "price", "money"), ("Bids", "bid_count", "text")),
        advice="To look at it:",
        command="{% if order_id %}" + _LOOK_ORDER + "{% else %}" + _LOOK_AUCTION + "{% endif %}",
    ),
    "auction_cancelled": MailText(
        "Called off: {{ title }}",
        "The auction was called off. No bid on it counts any more, and nobody owes anything.",
        (_TITLE,),
        quote="reason",
        advice="To look at it:",
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
        "The buyer has paid. The money is held for you until the goods have come.",
        (_TITLE, ("Amount", "total_amount", "money"), ("Buyer", "buyer_name", "text")),
        advice="Ship it, and say so:",
        command="instasell orders ship {{ order_id }}",
    ),
    "shipped": MailText(
        "On its way: {{ title }}",
        "The seller has shipped. Confirm when it has come. Without a word from you the seller gets"
        " the money when the time is up.",
        (
            _TITLE,
            ("Carrier", "carrier", "text"),
            ("Tracking", "tracking", "text"),
            ("Money goes", "escrow_release_at", "instant"),
        ),
        advice="When it has come:",
        command="instasell orders confirm {{ order_id }}",
    ),
    "delivered": MailText(
        "Delivered: {{ title }}",
        "The order is delivered and done.",
        (_TITLE,),
        advice="To look at it:",
        command=_LOOK_ORDER,
    ),
    "order_cancelled": MailText(
        "Order called off: {{ title }}",
        "The order was called off. What was paid goes back to the buyer.",
        (_TITLE,),
        quote="reason",
        advice="To look at it:",
        command=_LOOK_ORDER,
    ),
    "dispute_opened": MailText(
        "Dispute: {{ title }}",
        "A dispute was opened about an order of yours. The money stays where it is until it is"
        " resolved.",
        (_TITLE,),
        quote="reason",
        advice="To look at the order:",
        command="instasell disputes show {{ dispute_id }}",
    ),
    "dispute_answered": MailText(
        "New in the dispute: {{ title }}",
        "The other side has answered in your dispute.",
        (_TITLE,),
        advice="To look at the order:",
        command="instasell disputes show {{ dispute_id }}",
    ),
    "dispute_resolved": MailText(
        "Dispute resolved: {{ title }}",
        "The dispute is resolved. What is refunded is in the buyer's wallet, the rest is the"
        " seller's.",
        (_TITLE, ("Refunded", "refund_amount", "money")),
        quote="resolution",
        advice="To look at the order:",
        command="instasell disputes show {{ dispute_id }}",
    ),
    "refund": MailText(
        "Refund: {{ title }}",
        "You get money back.",
        (_TITLE, ("Amount", "amount", "money")),
        advice="To see what moved:",
        command="instasell wallet history",
    ),
    "release": MailText(
        "Money for you: {{ title }}",
        "The money of an order was released to your wallet.",
        (_TITLE, ("Amount", "amount", "money")),
        advice="To see what moved:",
        command="instasell wallet history",
    ),
    "message": MailText(
        "Message from {{ sender_name }}",
        "{{ sender_name }} wrote to you:",
        quote="text",
        advice="To see what it is about:",
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
        "There is a new auction that you asked to be told of.",
        (
            _TITLE,
            ("Seller", "seller_name", "text"),
            ("Starts", "start_at", "instant"),
            _ENDS,
        ),
        advice="To look at it:",
        command=_LOOK_AUCTION,
    ),
    "new_listing": MailText(
        "New: {{ title }}",
        "There is something new that you asked to be told of.",
        (_TITLE, ("Seller", "seller_name", "text"), ("Price", "price", "money")),
        advice="To look at it:",
        command="instasell listings show {{ listing_id }}",
    ),
    "failed_sign_ins": MailText(
        "Failed sign-ins",
        "There were attempts to sign in to your account with wrong passwords. Your account stays"
        " open to you. If it was not you, and your password is short or used elsewhere, set a new"
        " one.",
        (("Attempts", "attempts", "text"), ("Last one from", "address", "text")),
        advice="To set a new password:",
        command="instasell auth forgot",
    ),
    "verify_email": MailText(
        "Confirm your address",
        "Confirm that this address is yours. Until then you can do everything but withdraw money.",
        (("Good until", "expires_at", "instant"),),
        secret="token",
        advice="Type this, and paste the token when you are asked:",
        command="instasell auth verify",
    ),
    "confirm_signup": MailText(
        "Finish your sign-up",
        "Somebody, we hope you, signed up with this address. There is no account until you confirm"
        " it and choose a password. If it was not you, do nothing.",
        (("Good until", "expires_at", "instant"),),
        secret="token",
        advice="Type this, paste the token when you are asked, and choose a password:",
        command="instasell auth verify",
    ),
    "signup_attempted": MailText(
        "You have an account already",
        "Somebody, perhaps you, tried to sign up with this address, which has an account. Nothing"
        " was changed. If it was you, sign in (instasell auth login). If you do not know your"
        " password, set a new one. If it was not you, do nothing.",
        advice="To set a new password:",
        command="instasell auth forgot",
    ),
    "reset_password": MailText(
        "A new password",
        "Somebody, we hope you, asked for a new password for your account. If it was not you, do"
        " nothing: the password stays as it is.",
        (("Good until", "expires_at", "instant"),),
        secret="token",
        advice="Type this, and paste the token when you are asked:",
        command="instasell auth reset",
    ),
    "password_changed": MailText(
        "Your password was changed",
        "The password of your account was changed, and other sessions of it have ended. If it was"
        " not you, set a new one at once.",
        advice="If it was not you:",
        command="instasell auth forgot",
    ),
}

UNKNOWN = MailText(
    "News from the market",
    "Something happened that concerns you.",
    (("Item", "title", "text"),),
    advice="To see how things stand:",
    command="instasell orders list",
)
"""For a kind that has no words here yet: a plain mail is better than none."""
