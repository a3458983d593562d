"""Write to subscribers, and remember those that read slowly until they have caught up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial

from instasell_server.realtime.event_frames import your_bid_frame
from instasell_server.realtime.rooms import OwnBidEvent
from instasell_server.realtime.subscriber import BUFFER_BYTES_MAX, Subscriber
from instasell_server.realtime.websocket_frames import text_frame


class SlowReaders:
    """Hold the subscribers that events are kept back from; a tick looks at them alone."""

    def __init__(self) -> None:
        self._slow: set[Subscriber] = set()
        # Those whose answers have not been taken at once; the next tick sees who has read on.
        self._filled: set[Subscriber] = set()

    def discard(self, subscriber: Subscriber) -> None:
        """Forget a subscriber that is gone."""
        self._slow.discard(subscriber)
        self._filled.discard(subscriber)

    def answer(self, subscriber: Subscriber, *frames: bytes) -> None:
        """Write what is never spared: whole frames, or one in parts."""
        subscriber.write(*frames)
        if subscriber.waiting_bytes > BUFFER_BYTES_MAX:
            self._filled.add(subscriber)

    async def stream(
        self, subscriber: Subscriber, parts: Sequence[bytes], drain: Callable[[], Awaitable[None]]
    ) -> None:
        """Write a long answer as its reader takes it; events wait meanwhile."""
        self._slow.add(subscriber)
        await subscriber.stream(parts, drain)

    def spare(self, subscriber: Subscriber, auction_ids: Iterable[str]) -> None:
        """Keep back what a slow reader could not take; it gets the newest states later."""
        subscriber.mark_stale(auction_ids)
        self._slow.add(subscriber)

    def offer_own_bid(self, subscriber: Subscriber, own_bid: OwnBidEvent) -> None:
        """Send a bidder the position in an auction, or keep the newest for a slow reader."""
        frame = text_frame(your_bid_frame(*own_bid))
        if not subscriber.offer(frame):
            subscriber.keep_own_bid(own_bid.auction_id, frame)
            self._slow.add(subscriber)

    def offer_own_bids(
        self, subscriber: Subscriber, own_bids: Sequence[OwnBidEvent], versions: Mapping[str, int]
    ) -> None:
        """Send those positions that a snapshot of these versions lacks."""
        for each in own_bids:
            if each.version > versions.get(each.auction_id, 0):
                self.offer_own_bid(subscriber, each)

    def serve(self, newest_frame: Callable[[Subscriber, str], bytes | None]) -> None:
        """Give the newest states to readers that have read on; close those that have not."""
        for subscriber in self._filled:
            if subscriber.waiting_bytes > BUFFER_BYTES_MAX:
                subscriber.mark_slow()
                self._slow.add(subscriber)
        self._filled.clear()
        for subscriber in list(self._slow):
            if subscriber.closing or subscriber.stalled():
                self._slow.discard(subscriber)
                subscriber.abort()
            elif subscriber.caught_up() and subscriber.catch_up(partial(newest_frame, subscriber)):
                self._slow.discard(subscriber)
