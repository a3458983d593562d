"""Find the users that a cause notifies, a bounded number at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

from instasell_client.models.auctions import AuctionState
from instasell_client.models.notifications import NotificationKind as Kind
from instasell_server.db.transaction import Transaction
from instasell_server.domains.auctions.history import AuctionHistory
from instasell_server.domains.notifications import rules, store
from instasell_server.domains.notifications.rules import NotificationDraft
from instasell_server.domains.notifications.store import Cause

AUDIENCE_MAX = 500
"""How many users one transaction notifies of one cause."""

Payload = Mapping[str, Any]


class AudiencePage(NamedTuple):
    """Hold notifications, and the user behind whom the rest of the audience begins, if any."""

    drafts: Sequence[NotificationDraft]
    after: str | None = None


class Audiences:
    """Turn causes into notifications."""

    def __init__(self, history: AuctionHistory) -> None:
        self._history = history
        self._kinds: Mapping[str, Callable[[Transaction, Payload], Awaitable[AudiencePage]]] = {
            "order_event": _order_event,
            "dispute_opened": _dispute_opened,
            "dispute_answered": _dispute_answered,
            "dispute_resolved": _dispute_resolved,
            "refund": _refund,
            "release": _release,
            "message": _message,
            "failed_sign_ins": _failed_sign_ins,
            "new_listing": _new_listing,
            "new_auction": self._new_auction,
            "auction_ended": self._auction_ended,
            "auction_cancelled": self._auction_cancelled,
            "ending_soon": self._ending_soon,
            "outbid": self._outbid,
        }

    async def of(self, tx: Transaction, cause: Cause) -> AudiencePage:
        """Return the notifications of a cause. Raises KeyError for an unknown kind."""
        return await self._kinds[cause.kind](tx, cause.payload)

    async def _state(self, tx: Transaction, payload: Payload) -> AuctionState | None:
        auction_id = payload["auction_id"]
        return (await self._history.states(tx, [auction_id])).get(auction_id)

    async def _outbid(self, tx: Transaction, payload: Payload) -> AudiencePage:
        """Find who led and does not lead now; who leads again by now is not notified."""
        outbid = await store.list_outbid(tx, payload["led"])
        states = await self._history.states(tx, list({each.auction_id for each in outbid}))
        drafts = []
        for auction_id, user_id, seq in outbid:
            state = states[auction_id]
            facts = {
                "auction_id": auction_id,
                "title": state.title,
                "current_bid": state.current_bid,
                "minimum": state.minimum_bid,
                "end_at": state.end_at,
            }
            drafts.append(
                NotificationDraft(user_id, Kind.OUTBID, f"lead:{auction_id}:{seq}", facts)
            )
        return AudiencePage(drafts)

    async def _auction_ended(self, tx: Transaction, payload: Payload) -> AudiencePage:
        state = await self._state(tx, payload)
        if state is None:
            return AudiencePage([])
        auction_id, after = state.auction_id, payload.get("after")
        cause = f"auction:{auction_id}"
        facts = {
            "auction_id": auction_id,
            "title": state.title,
            "price": state.current_bid,
            "winner": state.winner,
        }
        drafts = []
        if after is None:
            end = {
                "reserve_met": state.reserve_met,
                "bid_count": state.bid_count,
                "order_id": await store.find_sale(tx, auction_id),
            }
            drafts.append(
                NotificationDraft(state.seller_id, Kind.AUCTION_ENDED, cause, {**facts, **end})
            )
        bidders = await store.list_bidders(tx, auction_id, after, AUDIENCE_MAX)
        buyers = await store.list_buyers(tx, auction_id) if bidders else set()
        drafts += [
            NotificationDraft(each, Kind.LOST, cause, facts)
            for each in bidders
            if each not in buyers
        ]
        return AudiencePage(drafts, _rest(bidders))

    async def _auction_cancelled(self, tx: Transaction, payload: Payload) -> AudiencePage:
        state = await self._state(tx, payload)
        if state is None:
            return AudiencePage([])
        auction_id, after = state.auction_id, payload.get("after")
        facts = {"auction_id": auction_id, "title": state.title, "reason": payload["reason"]}
        bidders = await store.list_bidders(tx, auction_id, after, AUDIENCE_MAX)
        notified = list(bidders)
        if after is None and not payload["by_seller"]:
            notified.append(state.seller_id)
        cause = f"auction:{auction_id}"
        drafts = [
            NotificationDraft(each, Kind.AUCTION_CANCELLED, cause, facts) for each in notified
        ]
        return AudiencePage(drafts, _rest(bidders))

    async def _ending_soon(self, tx: Transaction, payload: Payload) -> AudiencePage:
        state = await self._state(tx, payload)
        if state is None or state.status not in ("pending", "live"):
            return AudiencePage([])
        auction_id = state.auction_id
        facts = {
            "auction_id": auction_id,
            "title": state.title,
            "current_bid": state.current_bid,
            "end_at": state.end_at,
        }
        followers = await store.list_followers_of_auction(
            tx, auction_id, payload.get("after"), AUDIENCE_MAX
        )
        cause = f"auction:{auction_id}"
        drafts = [NotificationDraft(each, Kind.ENDING_SOON, cause, facts) for each in followers]
        return AudiencePage(drafts, _rest(followers))

    async def _new_auction(self, tx: Transaction, payload: Payload) -> AudiencePage:
        state = await self._state(tx, payload)
        listing = await store.find_listing(tx, state.listing_id) if state else None
        if state is None or listing is None or state.status not in ("pending", "live"):
            return AudiencePage([])
        facts = {
            "auction_id": state.auction_id,
            "title": state.title,
            "seller_name": listing["seller_name"],
            "start_at": state.start_at,
            "end_at": state.end_at,
        }
        followers = await store.list_followers_of_listing(
            tx, state.listing_id, payload.get("after"), AUDIENCE_MAX
        )
        cause = f"auction:{state.auction_id}"
        drafts = [NotificationDraft(each, Kind.NEW_AUCTION, cause, facts) for each in followers]
        return AudiencePage(drafts, _rest(followers))


async def _new_listing(tx: Transaction, payload: Payload) -> AudiencePage:
    listing = await store.find_listing(tx, payload["listing_id"])
    if listing is None or listing["status"] != "active":
        return AudiencePage([])
    facts = {name: listing[name] for name in ("listing_id", "title", "seller_name", "price")}
    followers = await store.list_followers_of_listing(
        tx, listing["listing_id"], payload.get("after"), AUDIENCE_MAX
    )
    cause = f"listing:{listing['listing_id']}"
    drafts = [NotificationDraft(each, Kind.NEW_LISTING, cause, facts) for each in followers]
    return AudiencePage(drafts, _rest(followers))


async def _order_event(tx: Transaction, payload: Payload) -> AudiencePage:
    row = await store.find_order_event(tx, payload["event_id"])
    return AudiencePage(rules.order_notices(row) if row else [])


async def _dispute_opened(tx: Transaction, payload: Payload) -> AudiencePage:
    row = await store.find_dispute(tx, payload["id"])
    return AudiencePage(rules.dispute_opened(row) if row else [])


async def _dispute_answered(tx: Transaction, payload: Payload) -> AudiencePage:
    row = await store.find_dispute_message(tx, payload["id"])
    return AudiencePage(rules.dispute_answered(row) if row else [])


async def _dispute_resolved(tx: Transaction, payload: Payload) -> AudiencePage:
    row = await store.find_dispute(tx, payload["id"])
    return AudiencePage(rules.dispute_resolved(row) if row else [])


async def _refund(tx: Transaction, payload: Payload) -> AudiencePage:
    row = await store.find_order(tx, payload["order_id"])
    return AudiencePage(rules.money_notice(Kind.REFUND, payload, row) if row else [])


async def _release(tx: Transaction, payload: Payload) -> AudiencePage:
    row = await store.find_order(tx, payload["order_id"])
    return AudiencePage(rules.money_notice(Kind.RELEASE, payload, row) if row else [])


async def _message(tx: Transaction, payload: Payload) -> AudiencePage:
    row = await store.find_message(tx, payload["conversation_id"], payload["seq"])
    return AudiencePage(rules.message_notice(row) if row else [])


async def _failed_sign_ins(_: Transaction, payload: Payload) -> AudiencePage:
    return AudiencePage(rules.failed_sign_ins_notice(payload))


def _rest(page: Sequence[str]) -> str | None:
    return page[-1] if len(page) == AUDIENCE_MAX else None
