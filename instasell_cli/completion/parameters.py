"""Map each parameter to the kind of its values, so that they can be offered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from instasell_cli.completion.candidates import Candidate
from instasell_cli.completion.sources import (
    AccountSource,
    CandidateSource,
    CategorySource,
    TypedWords,
    fields,
    formats,
    profiles,
    topics,
)

Offer = Callable[[TypedWords], list[Candidate]]

AUCTIONS = CandidateSource(
    "/auctions/live", "auction_id", searches=True, needs_account=False, kind="auction"
)
OWN_AUCTIONS = CandidateSource(
    *("/auctions/selling", "state.auction_id", ("state.title", "state.status")),
    kind="auction",
    own_only=True,
)
WATCHED = CandidateSource("/auctions/watched", "auction_id", kind="auction")
LISTINGS = CandidateSource("/listings", searches=True, needs_account=False, kind="listing")
OWN_LISTINGS = replace(LISTINGS, needs_account=True, own="seller", own_only=True)
SELLERS = CandidateSource(
    "/listings", "seller_id", ("seller_name",), needs_account=False, kind="seller"
)
CATEGORIES = CandidateSource("/categories", titles=("path",), needs_account=False, pages=False)
CATEGORY_PATHS = CategorySource("/categories", titles=("path",), needs_account=False, pages=False)
IMAGES = CandidateSource(
    "/listings/{listing_id}/images", titles=("position",), pages=False, listed=True
)
ORDERS = CandidateSource("/orders", titles=("title", "status"), kind="order")
DISPUTES = CandidateSource("/disputes", titles=("title", "status"), kind="dispute")
ALL_DISPUTES = replace(DISPUTES, path="/admin/disputes")
CONVERSATIONS = CandidateSource(
    "/conversations", titles=("title", "buyer_name", "seller_name"), kind="conversation"
)
NOTIFICATIONS = CandidateSource("/notifications", titles=("payload.title", "kind"), listed=True)
NOTICES = CandidateSource("/notifications/preferences", "kind", (), pages=False)
PEOPLE = AccountSource(
    "/admin/users",
    titles=("display_name", "email"),
    searches=True,
    kind="account",
    by_address=True,
)
ALERTS = CandidateSource("/admin/alerts", titles=("kind", "subject"), listed=True)
SUBSCRIPTIONS = CandidateSource("/subscriptions", "subject_id", ("name",), listed=True)

TOKENS = CandidateSource("/auth/tokens", titles=("name",), pages=False, listed=True)

BY_PARAMETER: Mapping[str, CandidateSource] = {
    "auction_id": AUCTIONS,
    "listing_id": LISTINGS,
    "listing": LISTINGS,
    "seller": SELLERS,
    "category": CATEGORY_PATHS,
    "order_id": ORDERS,
    "order": ORDERS,
    "dispute_id": DISPUTES,
    "conversation": CONVERSATIONS,
    "user": PEOPLE,
    "alert_id": ALERTS,
}
"""What a parameter of this name takes, in whichever command."""

BY_COMMAND: Mapping[tuple[str, str], CandidateSource] = {
    **{(f"auctions {name}", "auction_id"): OWN_AUCTIONS for name in ("update", "offer-runner-up")},
    ("auctions cancel", "ids"): OWN_AUCTIONS,
    ("auctions relist", "ids"): OWN_AUCTIONS,
    ("auth tokens revoke", "ids"): TOKENS,
    ("admin orders list", "buyer"): PEOPLE,
    ("admin orders list", "seller"): PEOPLE,
    ("auctions create", "listing_id"): OWN_LISTINGS,
    ("auctions watch", "ids"): AUCTIONS,
    ("auctions wait", "ids"): AUCTIONS,
    ("auctions follow", "ids"): AUCTIONS,
    ("auctions unfollow", "ids"): WATCHED,
    ("wallet feature", "auction_id"): OWN_AUCTIONS,
    ("listings update", "listing_id"): OWN_LISTINGS,
    ("listings delete", "ids"): OWN_LISTINGS,
    ("listings images add", "listing_id"): OWN_LISTINGS,
    ("listings images order", "listing_id"): OWN_LISTINGS,
    ("listings images order", "ids"): IMAGES,
    ("listings images remove", "listing_id"): OWN_LISTINGS,
    ("listings images remove", "ids"): IMAGES,
    ("notifications read", "ids"): NOTIFICATIONS,
    ("notifications read", "up_to"): NOTIFICATIONS,
    ("notifications preferences", "kind"): NOTICES,
    ("subscriptions remove", "subject_id"): SUBSCRIPTIONS,
    ("admin audit-log", "admin"): PEOPLE,
    ("admin audit-log", "subject"): PEOPLE,
    ("admin disputes show", "dispute_id"): ALL_DISPUTES,
    ("admin disputes resolve", "dispute_id"): ALL_DISPUTES,
}
"""Where a command means something narrower, or its parameter's name says too little."""


def _followable(typed: TypedWords) -> list[Candidate]:
    kinds = {"auction": AUCTIONS, "category": CATEGORIES, "seller": SELLERS}
    # typer has made a member of an enumeration of it already, or left it as text.
    kind = typed.params.get("kind")
    source = kinds.get(str(getattr(kind, "value", kind)))
    return [] if source is None else source.candidates(typed)


BY_HAND: Mapping[tuple[str, str], Offer] = {
    ("subscriptions add", "subject_id"): _followable,
    ("auth switch", "name"): profiles,
    ("help", "topic"): topics,
}
EVERYWHERE: Mapping[str, Offer] = {
    "shared_fields": fields,
    "shared_output": formats,
    "shared_profile": profiles,
}


def source_of(command: str, parameter: str, params: Mapping[str, object]) -> CandidateSource | None:
    """Return where the ids for a parameter come from, or None for what takes no ids."""
    if (command, parameter) == ("subscriptions add", "subject_id"):
        return {"auction": AUCTIONS, "seller": SELLERS}.get(str(params.get("kind")))
    return BY_COMMAND.get((command, parameter)) or BY_PARAMETER.get(parameter)


def offer_for(command: str, parameter: str) -> Offer | None:
    """Return the source of values for a parameter of a command, or None where there is none."""
    place = command, parameter
    source = BY_COMMAND.get(place) or BY_PARAMETER.get(parameter)
    by_hand = BY_HAND.get(place) or EVERYWHERE.get(parameter)
    return by_hand or (source.candidates if source is not None else None)
