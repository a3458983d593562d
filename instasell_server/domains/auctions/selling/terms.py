"""Check the terms and times that a seller sets. Pure: the clock is passed in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from instasell_client.models.auctions import CreateAuction, RelistAuction, UpdateAuction
from instasell_client.models.errors import Invalid
from instasell_server.domains.auctions.formats import ENGLISH
from instasell_server.domains.auctions.formats.increments import parse_increments
from instasell_server.domains.auctions.records import LockedAuction

START_TOLERANCE = timedelta(seconds=60)
"""A start this far in the past is taken as "at once"; clocks and networks are not exact."""

Problems = list[tuple[str, str]]


def opening_values(wish: CreateAuction, now: datetime, max_days: int) -> dict[str, Any]:
    """Return the columns of a new auction. Raises Invalid with every bad field."""
    problems: Problems = []
    start_at = wish.start_at or now
    if start_at < now - START_TOLERANCE:
        problems.append(("start_at", "lies in the past; leave it out to start at once"))
    start_at = max(start_at, now)
    end_at = wish.end_at
    if end_at is None:
        end_at = start_at + timedelta(seconds=wish.duration_seconds or 0)
    problems += _check_end(start_at, end_at, now, max_days)
    problems += _check_amounts(wish.min_bid, wish.reserve, wish.buy_now)
    problems += _check_increments(wish.increments)
    if wish.extension_seconds < wish.extension_window_seconds:
        problems.append(
            ("extension_seconds", "must be at least extension_window_seconds; raise it")
        )
    if problems:
        raise Invalid(problems)
    return {
        "start_at": start_at,
        "end_at": end_at,
        "status": "live" if start_at <= now else "pending",
        "min_bid": wish.min_bid,
        "reserve": wish.reserve,
        "buy_now": wish.buy_now,
        "increments": wish.increments,
        "extension_window_seconds": wish.extension_window_seconds,
        "extension_seconds": wish.extension_seconds,
        "format": ENGLISH,
    }


def relist_values(old: Mapping[str, Any], wish: RelistAuction, now: datetime) -> CreateAuction:
    """Return the request for a new auction, with the old terms where no others are given.

    Raises Invalid for a minimum bid that is taken away; `opening_values` checks the rest.
    """
    given = wish.model_fields_set
    if "min_bid" in given and wish.min_bid is None:
        raise Invalid.one("min_bid", "cannot be taken away; leave the field out to keep it")
    end_at = wish.end_at
    if end_at is None:
        length = old["planned_end_at"] - old["start_at"]
        if wish.duration_seconds is not None:
            length = timedelta(seconds=wish.duration_seconds)
        end_at = max(wish.start_at or now, now) + length
    return CreateAuction.model_construct(
        listing_id=old["listing_id"],
        start_at=wish.start_at,
        end_at=end_at,
        duration_seconds=None,
        min_bid=wish.min_bid or old["min_bid"],
        reserve=wish.reserve if "reserve" in given else old["reserve"],
        buy_now=wish.buy_now if "buy_now" in given else old["buy_now"],
        increments=old["increments"],
        extension_window_seconds=old["extension_window_seconds"],
        extension_seconds=old["extension_seconds"],
    )


def updated_values(
    wish: UpdateAuction, auction: LockedAuction, now: datetime, max_days: int
) -> dict[str, Any]:
    """Return the columns of an edited auction without bids. Raises Invalid with every bad field."""
    terms, standing = auction.terms, auction.standing
    given = wish.model_fields_set
    problems: Problems = []
    for name in ("start_at", "end_at", "min_bid"):
        if name in given and getattr(wish, name) is None:
            problems.append((name, "cannot be taken away; leave the field out to keep it"))
    start_at = wish.start_at or terms.start_at
    end_at = wish.end_at or standing.end_at
    if wish.start_at is not None and wish.start_at != terms.start_at:
        if standing.status == "live":
            problems.append(("start_at", "the auction has started; leave the field out"))
        elif wish.start_at < now - START_TOLERANCE:
            problems.append(("start_at", "lies in the past; choose a later instant"))
    min_bid = wish.min_bid or terms.min_bid
    reserve = wish.reserve if "reserve" in given else terms.reserve
    buy_now = wish.buy_now if "buy_now" in given else terms.buy_now
    problems += _check_end(start_at, end_at, now, max_days)
    problems += _check_amounts(min_bid, reserve, buy_now)
    if problems:
        raise Invalid(problems)
    return {
        "start_at": start_at,
        "end_at": end_at,
        "status": "live" if start_at <= now else "pending",
        "min_bid": min_bid,
        "reserve": reserve,
        "buy_now": buy_now,
    }


def _check_end(start_at: datetime, end_at: datetime, now: datetime, max_days: int) -> Problems:
    if end_at <= now:
        return [("end_at", "lies in the past; choose a later instant")]
    if end_at <= start_at:
        return [("end_at", "must come after start_at")]
    if end_at > now + timedelta(days=max_days):
        return [("end_at", f"must lie within {max_days} days")]
    return []


def _check_amounts(min_bid: int, reserve: int | None, buy_now: int | None) -> Problems:
    problems: Problems = []
    if reserve is not None and reserve < min_bid:
        problems.append(("reserve", f"must be at least min_bid ({min_bid})"))
    least = max(min_bid, reserve or 0)
    if buy_now is not None and buy_now < least:
        problems.append(("buy_now", f"must be at least min_bid and reserve ({least})"))
    return problems


def _check_increments(value: object) -> Problems:
    try:
        parse_increments(value)
    except ValueError as error:
        return [("increments", str(error).removeprefix("increments: "))]
    return []
