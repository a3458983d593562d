"""Answers of a made-up market, by path: what the screens show on their pictures."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.tui.samples import CATEGORY, NOW, SELLER, auction_id, state

BUYER = "00000000-0000-4000-8000-00000000bbbb"
TITLES = (
    "Rangefinder camera, 35 mm, black enamel, 1954",
    "Mantel clock, eight days, strikes the hour",
    "[/b] Ford [blue] \u53e4\u3044\u6642\u8a08 \U0001f468\u200d\U0001f469 and more text",
    "Concertina, 48 keys, steel reeds",
    "Touring bicycle, steel frame 58 cm, 24 gears",
    "Espresso machine, lever, all brass, needs a gasket",
    "Kalimba made of walnut",
)
BIDDERS = ("bidder-1", "bidder-2", "bidder-3")
ME = "bidder-2"
PICTURES = "/storage/media"


def at(**ago: float) -> str:
    """An instant before NOW, as the wire has it."""
    return (NOW - timedelta(**ago)).isoformat()


def ident(number: int) -> str:
    """The id of a numbered thing that is no auction."""
    return f"00000000-0000-4000-9000-{number:012}"


# Auctions --------------------------------------------------------------------------------------

_BOARD: tuple[tuple[int, int, str | None, float, dict[str, Any]], ...] = (
    # price, bids, leader, seconds left, and what else there is to say
    (21_250, 14, "bidder-1", 247, {"has_reserve": True, "buy_now": 96_000}),
    (5_500, 1, ME, 42, {}),
    (100, 0, None, 7.4, {}),
    (10**12 // 2, 1204, "bidder-12", 7_300, {"has_reserve": True, "reserve_met": True}),
    (20_000, 3, "bidder-3", 90_000, {"shipping_amount": 4_500}),
    (15_000, 0, None, 200_000, {"start_at": NOW + timedelta(minutes=20)}),
    (1_200, 8, "bidder-1", 500, {}),
)
STATES = [
    state(
        number,
        title=TITLES[number - 1],
        current_bid=price if bids else None,
        min_bid=price if not bids else max(price // 2, 100),
        minimum_bid=price + (500 if bids else 0),
        bid_count=bids,
        bidder_count=min(bids, 3),
        leader=leader,
        seq=bids,
        version=bids + 1,
        end_at=NOW + timedelta(seconds=left),
        **{"shipping_amount": 650, **more},
    )
    for number, (price, bids, leader, left, more) in enumerate(_BOARD, 1)
]
_PRICES = (12_000, 12_500, 13_000, 13_500, 14_000, 15_500, 16_000, 16_500, 19_000, 19_500, 20_000)
_PRICES = (*_PRICES, 20_500, 21_000, 21_250)


def bids(number: int) -> list[dict[str, Any]]:
    """Return what was bid in a numbered auction."""
    made, found = STATES[number - 1], []
    for seq in range(1, min(made.bid_count, 14) + 1):
        price = _PRICES[seq - 1] * (made.current_bid or 0) // 21_250
        bidder = made.leader if seq == made.bid_count else BIDDERS[(seq * 7) % 3]
        kind = "raise" if seq in (5, 9) else "bid"
        found.append(
            {
                "seq": seq,
                "kind": kind,
                "bidder": bidder,
                "amount": price,
                "price": price,
                "leader": bidder,
                "created_at": at(minutes=55 - seq**1.45),
            }
        )
    return found


def auction(number: int) -> dict[str, Any]:
    """The page of an auction."""
    mine = {1: {"bidder": ME, "max_amount": 20_500, "watching": True}}
    mine[2] = {"bidder": ME, "leading": True, "max_amount": 8_000, "watching": True}
    return {
        "state": STATES[number - 1].model_dump(mode="json"),
        "description": (
            "From the estate of a village photographer, cleaned and looked over.\n\n"
            "Works at every speed. The leather is worn at the edges, the glass is clear; a small"
            " dent at the back does no harm. Comes with strap, case and the first owner's notebook."
        ),
        "condition": "refurbished",
        "category_path": "Cameras > Film",
        "seller_name": "Mill Lane Finds",
        "currency": "USD",
        "increments": "ebay",
        "seller": {
            "member_since": at(days=900),
            "sales_completed": 214,
            "disputes_lost": 1,
            "chargebacks": 0,
            "shipping_seconds_average": 90_000,
        },
        "watchers": 17,
        "you": mine.get(number, {"watching": number == 5}),
        "server_time": NOW.isoformat(),
    }


def images(number: int) -> dict[str, Any]:
    """The pictures of a numbered auction's listing."""
    version = {"width": 160, "height": 120, "content_type": "image/webp", "size_bytes": 900}
    image = {
        "id": ident(900 + number),
        "position": 1,
        "versions": [{**version, "url": f"{PICTURES}/{number}.webp"}],
        "created_at": at(days=3),
    }
    return {"items": [image] if number == 1 else []}


_NAMES = {
    "Cameras": ("Film", "Lenses", "Light meters"),
    "Home": ("Clocks", "Kitchen"),
    "Music": ("Instruments", "Records"),
    "Bicycles": (),
}


def categories() -> dict[str, Any]:
    """The tree of categories."""
    items = []
    for number, (name, below) in enumerate(_NAMES.items(), 1):
        top = CATEGORY if name == "Cameras" else ident(800 + number)
        children = [
            {
                "id": ident(800 + number * 10 + place),
                "name": child,
                "parent_id": top,
                "path": f"{name} > {child}",
                "listing_count": 3,
            }
            for place, child in enumerate(below)
        ]
        node = {"id": top, "name": name, "parent_id": None, "path": name, "listing_count": 12}
        items.append({**node, "children": children})
    return {"items": items}


# Orders and money ------------------------------------------------------------------------------

_ORDERS: tuple[tuple[str, str, int, dict[str, Any]], ...] = (
    ("pending", TITLES[0], 21_250, {"auction_id": auction_id(1)}),
    ("processing", TITLES[1], 5_500, {"paid_at": at(hours=30)}),
    ("shipped", TITLES[3], 22_000, {"paid_at": at(days=2), "shipped_at": at(days=1)}),
    ("disputed", TITLES[5], 15_000, {"paid_at": at(days=9), "shipped_at": at(days=8)}),
    ("delivered", TITLES[2], 10**11, {"paid_at": at(days=12), "delivered_at": at(days=5)}),
    ("cancelled", "Cancelled lamp", 1_000, {}),
)


def _order(number: int) -> dict[str, Any]:
    status, title, price, more = _ORDERS[number - 1]
    sent = {"carrier": "Post", "tracking": "RR 4711"} if status in ("shipped", "disputed") else {}
    held = price + 650 if status in ("processing", "shipped", "disputed") else 0
    values: dict[str, Any] = {
        "id": ident(number),
        "status": status,
        "buyer_id": BUYER,
        "buyer_name": "Ada Lind",
        "seller_id": SELLER,
        "seller_name": "Mill Lane Finds",
        "listing_id": ident(500 + number),
        "title": title,
        "auction_id": None,
        "quantity": 1,
        "unit_amount": price,
        "shipping_amount": 650,
        "total_amount": price + 650,
        "held_amount": held,
        "refunded_amount": 0,
        "currency": "USD",
        "payment_method": "wallet" if "paid_at" in more else None,
        "payment_due_at": (NOW + timedelta(hours=40)).isoformat(),
        "escrow_release_at": (NOW + timedelta(days=6)).isoformat() if sent else None,
        "address": {
            "name": "Ada Lind",
            "line1": "Quay 1",
            "city": "Kiel",
            "postal_code": "24103",
            "country": "DE",
        },
        "version": 3,
        "created_at": at(days=2 * number),
        "updated_at": at(hours=3 * number),
    }
    none = ("paid_at", "shipped_at", "carrier", "tracking", "delivered_at")
    return {**values, **dict.fromkeys(none), **sent, **more}


def order(number: int) -> dict[str, Any]:
    """An order with what happened to it."""
    steps = ["pending", "processing", "shipped"][: 3 if number > 2 else number]
    events = [
        {
            "from_status": steps[place - 1] if place else None,
            "to_status": step,
            "actor": "seller" if step == "shipped" else "buyer",
            "reason": ("bought", "paid from the wallet", "shipped with Post RR 4711")[place],
            "created_at": at(days=3 - place, hours=2),
        }
        for place, step in enumerate(steps)
    ]
    return {"order": _order(number), "events": events}


def wallet() -> dict[str, Any]:
    """Return what there is."""
    return {
        "user_id": BUYER,
        "balance": 12_345_678,
        "gas_balance": 4_200,
        "currency": "USD",
        "version": 12,
        "updated_at": at(hours=1),
    }


def entries() -> list[dict[str, Any]]:
    """The rows of the wallet, the newest first."""
    rows = (
        ("gas", "gas", -100, 4_200, None),
        ("balance", "refund", 15_650, 12_345_678, 6),
        ("balance", "hold", -22_650, 12_330_028, 3),
        ("balance", "charge", -6_150, 12_352_678, 2),
        ("gas", "topup", 4_300, 4_300, None),
        ("balance", "topup", 12_358_828, 12_358_828, None),
    )
    return [
        {
            "id": ident(100 + place),
            "account": account,
            "type": kind,
            "amount": amount,
            "balance_after": after,
            "order_id": None if about is None else ident(about),
            "reference": None,
            "created_at": at(hours=5 * place + 1),
        }
        for place, (account, kind, amount, after, about) in enumerate(rows)
    ]


def dispute(number: int) -> dict[str, Any]:
    """Return what a buyer complains of."""
    texts = (
        "The glass is scratched from edge to edge.",
        "It strikes thirteen.\nThe description says that it strikes the hour.",
        "[red]Nothing came[/red]",
    )
    decided = number == 3
    return {
        "id": ident(300 + number),
        "order_id": ident(4),
        "status": "resolved" if decided else "open",
        "kind": "chargeback" if number == 2 else "complaint",
        "reason": ("damaged", "not_as_described", "not_received")[number - 1],
        "text": texts[number - 1],
        "buyer_id": BUYER,
        "buyer_name": "Ada Lind",
        "seller_id": SELLER,
        "seller_name": "Mill Lane Finds",
        "title": TITLES[(5, 1, 2)[number - 1]],
        "order_status": "disputed",
        "total_amount": 15_650,
        "held_amount": 15_650,
        "currency": "USD",
        "refund_amount": 2_000 if decided else None,
        "resolution": "the glass is scratched" if decided else None,
        "resolved_by": "admin" if decided else None,
        "created_at": at(days=number),
        "updated_at": at(hours=number * 5),
        "resolved_at": at(hours=1) if decided else None,
    }


def dispute_view(number: int) -> dict[str, Any]:
    """A dispute with what was said and shown."""
    said = {"author": "seller", "author_name": "Mill Lane Finds", "created_at": at(hours=2)}
    file = {
        "id": ident(700),
        "author": "buyer",
        "file_name": "scratch.jpg",
        "content_type": "image/jpeg",
        "size_bytes": 182_000,
        "url": "/storage/evidence/700",
        "created_at": at(hours=3),
    }
    messages = [{**said, "text": "It left here whole.\nSee the label."}]
    return {"dispute": dispute(number), "messages": messages, "evidence": [file]}


# Selling, messages, notifications --------------------------------------------------------------


def selling(part: str | None) -> dict[str, Any]:
    """Return what a seller sells, of one part."""
    of = {"running": (1, 4, 5), "sold": (2,), "unsold": (6, 7), "cancelled": (), "relisted": ()}
    items = [
        {
            "part": name,
            "state": STATES[number - 1].model_dump(mode="json"),
            "reserve": 30_000 if STATES[number - 1].has_reserve else None,
            "gas_fee": 100,
            "watchers": number * 3,
            "order_id": ident(2) if name == "sold" else None,
            "order_status": "pending" if name == "sold" else None,
            "buyer_name": "Ada Lind" if name == "sold" else None,
            "total_amount": 6_150 if name == "sold" else None,
            "payment_due_at": at(hours=-4) if name == "sold" else None,
        }
        for name, numbers in of.items()
        if part in (None, name)
        for number in numbers
    ]
    return {
        "items": items,
        "server_time": NOW.isoformat(),
        "currency": "USD",
        "auction_gas_fee": 100,
        "feature_gas_fee": 500,
    }


def bidding() -> dict[str, Any]:
    """Return the auctions with a person's bids, those due first."""
    parts = (("to_pay", 4), ("outbid", 1), ("leading", 2), ("lost", 7))
    items = [
        {
            "part": part,
            "state": {
                **STATES[number - 1].model_dump(mode="json"),
                **({"status": "ended", "winner": ME} if part == "to_pay" else {}),
                **({"status": "ended", "winner": "bidder-1"} if part == "lost" else {}),
            },
            "bidder": ME,
            "max_amount": (STATES[number - 1].current_bid or 0) + 500,
            "last_bid_at": at(minutes=number),
            "order_id": ident(1) if part == "to_pay" else None,
            "order_status": "pending" if part == "to_pay" else None,
            "total_amount": 21_900 if part == "to_pay" else None,
            "payment_due_at": at(hours=-40) if part == "to_pay" else None,
        }
        for part, number in parts
    ]
    return {"items": items, "server_time": NOW.isoformat(), "currency": "USD"}


def preferences() -> dict[str, Any]:
    """Return the preferences of a person."""
    kinds = ("outbid", "won", "lost", "ending_soon", "shipped", "message", "new_listing")
    items = [
        {"kind": kind, "in_app": kind != "lost", "email": place % 2 == 0}
        for place, kind in enumerate(kinds)
    ]
    return {"items": items}


def listings() -> list[dict[str, Any]]:
    """Listings of a seller."""
    return [
        {
            "id": ident(500 + number),
            "seller_id": SELLER,
            "seller_name": "Mill Lane Finds",
            "type": "direct" if number % 2 else "auction",
            "title": title,
            "description": "As it is.",
            "category_id": CATEGORY,
            "category_path": "Cameras > Film",
            "condition": "new" if number % 2 else "refurbished",
            "price": 2_500 * number if number % 2 else None,
            "stock": number,
            "shipping_amount": 650,
            "seller_sku": f"ML-{number:03}",
            "status": "active",
            "auction_id": None,
            "version": 1,
            "created_at": at(days=number),
            "updated_at": at(days=number),
        }
        for number, title in enumerate(TITLES[:5], 1)
    ]


def conversation(number: int) -> dict[str, Any]:
    """Two people who speak about something."""
    return {
        "id": ident(200 + number),
        "listing_id": ident(500 + number),
        "order_id": ident(3) if number == 1 else None,
        "title": TITLES[number],
        "you": "buyer",
        "buyer_id": BUYER,
        "buyer_name": "Ada Lind",
        "seller_id": SELLER,
        "seller_name": ("Mill Lane Finds", "Second Wind")[number - 1],
        "message_count": 3,
        "unread_count": 2 - number,
        "last_text": ("It goes out on Monday.", "Does it strike at night?")[number - 1],
        "created_at": at(days=number),
        "updated_at": at(hours=number),
    }


def said() -> list[dict[str, Any]]:
    """Return what the two said, the newest first."""
    texts = ("Is it on its way?", "Not yet: the post was shut.", "It goes out on Monday.")
    return [
        {
            "conversation_id": ident(201),
            "seq": seq,
            "author": "buyer" if seq == 1 else "seller",
            "author_id": BUYER if seq == 1 else SELLER,
            "author_name": "Ada Lind" if seq == 1 else "Mill Lane Finds",
            "text": texts[seq - 1],
            "created_at": at(hours=4 - seq),
        }
        for seq in (3, 2, 1)
    ]


def notices() -> dict[str, Any]:
    """Return the notifications of the person."""
    about = {"currency": "USD", "title": TITLES[0]}
    told: tuple[tuple[str, dict[str, Any]], ...] = (
        ("outbid", {"auction_id": auction_id(1), "current_bid": 21_250, "minimum": 21_750}),
        ("shipped", {"order_id": ident(3), "title": TITLES[3], "carrier": "Post"}),
        ("won", {"order_id": ident(2), "title": TITLES[1], "total_amount": 6_150}),
        ("ending_soon", {"auction_id": auction_id(2), "title": TITLES[1], "current_bid": 5_500}),
        ("dispute_answered", {"order_id": ident(4), "title": TITLES[5]}),
    )
    items = [
        {
            "id": ident(50 + place),
            "kind": kind,
            "payload": {**about, **payload},
            "created_at": at(hours=place * 7),
            "read_at": at(hours=1) if place > 1 else None,
        }
        for place, (kind, payload) in enumerate(told)
    ]
    return {"items": items, "unread_count": 2}


# The admin screen --------------------------------------------------------------------------------


def user(role: str, number: int = 1) -> dict[str, Any]:
    """An account."""
    names = {"buyer": "Ada Lind", "seller": "Mill Lane Finds", "admin": "Wanda Desk"}
    ids = {"buyer": BUYER, "seller": SELLER, "admin": ident(1)}
    return {
        "id": ids[role],
        "email": f"{role}@example.com",
        "display_name": names[role],
        "role": role,
        "status": "suspended" if number == 3 else "active",
        "verification_status": "verified",
        "created_at": at(days=30 * number),
    }


def alerts() -> list[dict[str, Any]]:
    """Return the alerts for admins."""
    rows = (("payment_mismatch", "order 7", None), ("bid_burst", "auction 3", at(hours=3)))
    return [
        {
            "id": ident(600 + number),
            "kind": kind,
            "subject": subject,
            "details": {"expected": 6_150, "received": 6_050, "currency": "USD"},
            "created_at": at(hours=4 * number + 1),
            "closed_at": closed,
        }
        for number, (kind, subject, closed) in enumerate(rows)
    ]


def audit() -> list[dict[str, Any]]:
    """Return what admins did."""
    rows = (("resolve_dispute", "dispute"), ("suspend_user", "user"))
    return [
        {
            "id": 9 - number,
            "admin_id": ident(1),
            "admin_name": "Wanda Desk",
            "action": action,
            "subject_kind": kind,
            "subject_id": ident(303),
            "reason": "the glass is scratched",
            "details": {"refund_amount": 2_000},
            "created_at": at(hours=number * 9 + 1),
        }
        for number, (action, kind) in enumerate(rows)
    ]


def analytics() -> dict[str, Any]:
    """Two weeks of figures."""
    days = []
    for day in range(14):
        n = (day * 5) % 9 + day
        days.append(
            {
                "start_at": (NOW - timedelta(days=14 - day)).isoformat(),
                "end_at": (NOW - timedelta(days=13 - day)).isoformat(),
                "registrations": n,
                "listings": n * 3,
                "auctions_started": n,
                "active_auctions": 20 + n,
                "bids": n * 40,
                "bids_per_auction": 4.5,
                "orders": n,
                "orders_paid": n // 2,
                "gross_amount": n * 10_450,
                "payments_succeeded": n,
                "payments_failed": n % 3,
                "payment_success_rate": 0.9,
                "refunds": n % 2,
                "refunded_amount": n % 2 * 1_000,
                "orders_delivered": n // 3,
                "fulfilment_seconds_median": 90_000.0,
            }
        )
    ends = {"from_at": at(days=14), "to_at": NOW.isoformat()}
    return {**ends, "bucket": "day", "currency": "USD", "items": days}
