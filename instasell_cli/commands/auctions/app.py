"""`instasell auctions`: create, watch and bid."""

from __future__ import annotations

from instasell_cli.commands.auctions import (
    bid,
    bidder_list,
    browse,
    cancel,
    follow,
    relist,
    schedule,
    sell,
    seller_list,
    wait,
    watch,
)
from instasell_cli.options import group

app = group(
    "Find, follow and bid on auctions, and create your own.",
    "auctions live",
    "auctions watch ID",
    "auctions bid ID 12.50",
    "auctions create LISTING --min-bid 9.99 --duration 3d",
    sections={
        "Find": ("live", "list", "show", "bids"),
        "Bid": ("bid", "buy-now", "bidding"),
        "Follow": ("follow", "unfollow", "watch", "wait"),
        "Sell": (
            *("create", "schedule", "update", "cancel"),
            *("selling", "relist", "offer-runner-up"),
        ),
    },
)

for part in (
    *(browse, bid, bidder_list, follow, watch, wait),
    *(sell, schedule, cancel, seller_list, relist),
):
    part.add_to(app)
